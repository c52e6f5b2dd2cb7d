"""`POST /user_management/authenticate`: codes and refresh tokens for tokens, with the credentials in the body."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devgw import entropy
from devgw.emulators.workos.answers import JsonAnswer, oauth_error, plain_error
from devgw.emulators.workos.emulator import Emulator, Happened
from devgw.emulators.workos.environment import WorkosEnvironment
from devgw.emulators.workos.sessions import LoginCode, Refresh
from devgw.emulators.workos.tokens import token_answer

CODE, REFRESH = "authorization_code", "refresh_token"


async def authenticate(emulator: Emulator, body: Mapping[str, Any]) -> JsonAnswer:
    """Return the answer to a request whose body, JSON or form, was `body`."""
    answer = await _answer(emulator, body)
    client_id = body.get("client_id")
    known = client_id if isinstance(client_id, str) and client_id in emulator.environments else ""
    emulator.observe(Happened("authenticate", known, answer.reason or "ok"))
    return answer


async def _answer(emulator: Emulator, body: Mapping[str, Any]) -> JsonAnswer:
    for name in ("client_id", "grant_type"):
        if refusal := _missing(body, name):
            return refusal
    environment = emulator.environments.get(body["client_id"])
    if environment is None:
        return oauth_error("invalid_client", "Invalid client ID.", "client-id-unknown")
    if refusal := _check_secret(emulator, environment, body):
        return refusal
    if body["grant_type"] == CODE:
        return _missing(body, "code") or await _redeem(emulator, environment, body)
    if body["grant_type"] == REFRESH:
        return _missing(body, "refresh_token") or await _refresh_in_turn(emulator, environment, body)
    description = f"The emulator knows {CODE} and {REFRESH}, not '{body['grant_type']}'."
    return oauth_error("unsupported_grant_type", description, "grant-type-unknown")


def _missing(body: Mapping[str, Any], name: str) -> JsonAnswer | None:
    value = body.get(name)
    if isinstance(value, str) and value:
        return None
    return oauth_error("invalid_request", f"Missing required parameter: {name}", f"{name.replace('_', '-')}-missing")


def _check_secret(emulator: Emulator, environment: WorkosEnvironment, body: Mapping[str, Any]) -> JsonAnswer | None:
    """Refuse a wrong API key.

    Which of the two codes WorkOS uses is not established; both occur here, so that nobody relies on either.
    """
    secret = body.get("client_secret")
    if secret is None:
        return None if body["grant_type"] == REFRESH or body.get("code_verifier") else _missing(body, "client_secret")
    if isinstance(secret, str) and entropy.same(secret, environment.seed.api_key):
        return None
    if isinstance(secret, str) and emulator.environment_of_key(secret):
        return oauth_error("unauthorized_client", "Unauthorized", "api-key-of-another-environment")
    return oauth_error("invalid_client", "Invalid client secret.", "api-key-unknown")


async def _redeem(emulator: Emulator, environment: WorkosEnvironment, body: Mapping[str, Any]) -> JsonAnswer:
    presented = body["code"]
    if reason := environment.sessions.why_code_is_worthless(presented, body["client_id"]):
        return oauth_error("invalid_grant", f"The code '{presented}' has expired or is invalid.", reason)
    code = environment.sessions.codes[presented]
    if refusal := _check_verifier(code, body.get("code_verifier")):
        return refusal
    persona = environment.persona(code.sign_in.user_id)
    if persona is None:
        return plain_error(404, "User not found.", "user-gone", code="entity_not_found")
    code.spent_at = emulator.clock.now()
    session = environment.sessions.begin(code.sign_in)
    return await token_answer(emulator, environment, session, persona)


def _check_verifier(code: LoginCode, verifier: object) -> JsonAnswer | None:
    if code.code_challenge is None:
        if verifier is None:
            return None
        message = "There is no code challenge for this code."
        return plain_error(400, message, "code-challenge-not-found", code="code_challenge_not_found")
    hashed = hashlib.sha256(verifier.encode()).digest() if isinstance(verifier, str) else b""
    if entropy.same(base64.urlsafe_b64encode(hashed).rstrip(b"=").decode(), code.code_challenge):
        return None
    reason = "code-verifier-missing" if verifier is None else "code-verifier-wrong"
    return oauth_error("invalid_grant", "Invalid code verifier.", reason)


async def _refresh_in_turn(emulator: Emulator, environment: WorkosEnvironment, body: Mapping[str, Any]) -> JsonAnswer:
    async with environment.refreshing:
        return await _refresh(emulator, environment, body)


async def _refresh(emulator: Emulator, environment: WorkosEnvironment, body: Mapping[str, Any]) -> JsonAnswer:
    presented = body["refresh_token"]
    if reason := environment.sessions.why_refresh_is_worthless(presented, body["client_id"]):
        return oauth_error("invalid_grant", "Invalid refresh token.", reason)
    refresh = environment.sessions.refreshes[presented]
    if refresh.answer is not None:
        return replace(refresh.answer, reason="refresh-token-replayed-in-time", headers={})
    if refusal := _change_organization(environment, refresh, body.get("organization_id")):
        return refusal
    persona = environment.persona(refresh.session.sign_in.user_id)
    if persona is None:
        return oauth_error("invalid_grant", "Invalid refresh token.", "user-gone")
    refresh.used_at = emulator.clock.now()
    refresh.answer = await token_answer(emulator, environment, refresh.session, persona)
    return refresh.answer


def _change_organization(
    environment: WorkosEnvironment, refresh: Refresh, organization_id: object
) -> JsonAnswer | None:
    if organization_id is None:
        return None
    if not isinstance(organization_id, str) or not environment.organization(organization_id):
        description = f"Organization not found: '{organization_id}'."
        return oauth_error("organization_not_found", description, "organization-unknown")
    sign_in = refresh.session.sign_in
    persona = environment.persona(sign_in.user_id)
    if persona is None or not environment.membership(persona, organization_id):
        description = "The user is not a member of the organization."
        return oauth_error("organization_membership_not_found", description, "membership-missing")
    refresh.session.sign_in = replace(sign_in, organization_id=organization_id)
    return None
