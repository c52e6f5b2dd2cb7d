"""Access tokens and the token answer, with and without what was made to go wrong."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from devgw.clock import epoch
from devgw.emulators.workos.answers import JsonAnswer, merge_patch
from devgw.emulators.workos.emulator import Emulator
from devgw.emulators.workos.environment import WorkosEnvironment
from devgw.emulators.workos.faults import KeyRotation, TokenFault
from devgw.emulators.workos.sessions import EmulatedSession
from devgw.emulators.workos_seed import Persona


def claims_of(
    environment: WorkosEnvironment, session: EmulatedSession, issuer: str, issued_at: datetime
) -> dict[str, Any]:
    """Return the claims of an access token of `session`, as a stock environment without a JWT template mints them.

    There is no email, no name, no scope; what belongs to an organization is absent, not null, without one.
    """
    sign_in = session.sign_in
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": sign_in.user_id,
        "sid": session.session_id,
        "jti": environment.sessions.mint(),
        "client_id": sign_in.client_id,
        "auth_time": epoch(session.authenticated_at),
        "iat": epoch(issued_at),
        "exp": epoch(issued_at) + environment.seed.access_token_seconds,
    }
    if environment.seed.audience == "client_id":
        claims["aud"] = sign_in.client_id
    if sign_in.impersonator:
        claims["act"] = {"sub": sign_in.impersonator.email}
    return claims | _organization_claims(environment, session)


def _organization_claims(environment: WorkosEnvironment, session: EmulatedSession) -> dict[str, Any]:
    persona = environment.persona(session.sign_in.user_id)
    membership = environment.membership(persona, session.sign_in.organization_id) if persona else None
    if membership is None:
        return {}
    return {
        "org_id": membership.organization,
        "role": membership.role,
        "roles": [membership.role],
        "permissions": list(membership.permissions),
    }


async def token_answer(
    emulator: Emulator, environment: WorkosEnvironment, session: EmulatedSession, persona: Persona
) -> JsonAnswer:
    """Return a successful exchange: a fresh access token and a fresh refresh token.

    There is no token_type, expires_in, id_token or scope: WorkOS sends none. A clock that is wrong on purpose shows in
    the `Date` of the answer too, by which a client can tell whose clock it is.
    """
    for rotation in emulator.faults.take(KeyRotation):
        await environment.keys.rotate(keep_old=rotation.keep_old)
    faults = emulator.faults.take(TokenFault)
    skew = timedelta(seconds=sum(fault.skew_seconds for fault in faults))
    issued_at = emulator.clock.now() + skew
    claims = claims_of(environment, session, environment.issuer(emulator.origin), issued_at)
    claims["auth_time"] += int(skew.total_seconds())
    body = _body(environment, session, persona, await _signed(environment, claims, faults))
    for fault in faults:
        body = merge_patch(body, fault.answer)
    return JsonAnswer(200, body, headers={"Date": format_datetime(issued_at, usegmt=True)})


def _body(
    environment: WorkosEnvironment, session: EmulatedSession, persona: Persona, access_token: str
) -> dict[str, Any]:
    sign_in = session.sign_in
    body: dict[str, Any] = {"user": environment.user_as_json(persona)}
    if sign_in.organization_id:
        body["organization_id"] = sign_in.organization_id
    body["access_token"] = access_token
    body["refresh_token"] = environment.sessions.issue_refresh(session).token
    body["authentication_method"] = sign_in.authentication_method
    if sign_in.impersonator:
        body["impersonator"] = {"email": sign_in.impersonator.email, "reason": sign_in.impersonator.reason}
    return body


async def _signed(environment: WorkosEnvironment, claims: dict[str, Any], faults: Iterable[TokenFault]) -> str:
    signer = key = await environment.keys.current()
    header: dict[str, Any] = {"kid": key.kid}
    for fault in faults:
        claims = merge_patch(claims, fault.claims)
        header |= fault.header
        if fault.signed_by_stranger:
            signer = await environment.keys.stranger()
    return signer.sign(claims, header)
