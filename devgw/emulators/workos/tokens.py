"""Access tokens and the token answer, with and without what was made to go wrong."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from devgw.clock import epoch
from devgw.emulators.workos.answers import merge_patch
from devgw.emulators.workos.emulator import Emulator
from devgw.emulators.workos.environment import Environment
from devgw.emulators.workos.faults import KeyRotation, TokenFault
from devgw.emulators.workos.seed import Persona
from devgw.emulators.workos.sessions import Session


def claims_of(environment: Environment, session: Session, issuer: str, issued_at: datetime) -> dict[str, Any]:
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


def _organization_claims(environment: Environment, session: Session) -> dict[str, Any]:
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
    emulator: Emulator, environment: Environment, session: Session, persona: Persona
) -> dict[str, Any]:
    """Return the body of a successful exchange: a fresh access token and a fresh refresh token.

    There is no token_type, expires_in, id_token or scope: WorkOS sends none.
    """
    for rotation in emulator.faults.take(KeyRotation):
        await environment.keys.rotate(keep_old=rotation.keep_old)
    faults = emulator.faults.take(TokenFault)
    sign_in = session.sign_in
    answer: dict[str, Any] = {"user": environment.user_as_json(persona)}
    if sign_in.organization_id:
        answer["organization_id"] = sign_in.organization_id
    answer["access_token"] = await _access_token(emulator, environment, session, faults)
    answer["refresh_token"] = environment.sessions.issue_refresh(session).token
    answer["authentication_method"] = sign_in.authentication_method
    if sign_in.impersonator:
        answer["impersonator"] = {"email": sign_in.impersonator.email, "reason": sign_in.impersonator.reason}
    for fault in faults:
        answer = merge_patch(answer, fault.answer)
    return answer


async def _access_token(
    emulator: Emulator, environment: Environment, session: Session, faults: Iterable[TokenFault]
) -> str:
    skew = sum(fault.skew_seconds for fault in faults)
    issued_at = emulator.clock.now() + timedelta(seconds=skew)
    claims = claims_of(environment, session, environment.issuer(emulator.origin), issued_at)
    claims["auth_time"] += skew
    signer = key = await environment.keys.current()
    header: dict[str, Any] = {"kid": key.kid}
    for fault in faults:
        claims = merge_patch(claims, fault.claims)
        header |= fault.header
        if fault.signed_by_stranger:
            signer = await environment.keys.stranger()
    return signer.sign(claims, header)
