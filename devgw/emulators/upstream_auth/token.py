"""The token and revocation endpoints."""

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from urllib.parse import urlencode

from quart import Quart, Response, request

from devgw.emulators.upstream_auth.breakage import CUT_HEADER
from devgw.emulators.upstream_auth.clients import authenticate, client_id_of, find_client
from devgw.emulators.upstream_auth.faults import SampleFault, SetFaults
from devgw.emulators.upstream_auth.metadata import Metadata
from devgw.emulators.upstream_auth.records import (
    ACCESS_LIFETIME,
    SampleClient,
    SampleCode,
    SampleGrant,
    SampleRecords,
    SampleRefreshToken,
)
from devgw.emulators.upstream_auth.wire import FORM, OAuthError, html_error, json_answer, read_form
from devgw.entropy import digest, same


class Redeeming:
    """The token endpoint over one set of records."""

    def __init__(self, records: SampleRecords, metadata: Metadata, faults: SetFaults) -> None:
        self._records = records
        self._metadata = metadata
        self._faults = faults

    def add_to(self, app: Quart) -> None:
        """Add the endpoints to `app`."""
        app.add_url_rule("/token", "token", self.answer, methods=["POST"])
        app.add_url_rule("/revoke", "revoke", self.revoke, methods=["POST"])

    async def answer(self) -> Response:
        """Answer a token request, in the shape that the faults give it."""
        if self._faults.strikes(SampleFault.TOKEN_HTML):
            return html_error(502)
        if self._faults.strikes(SampleFault.TOKEN_UNAVAILABLE):
            unavailable = json_answer({"error": "temporarily_unavailable"}, 503)
            unavailable.headers["Retry-After"] = "1"
            return unavailable
        if self._faults.is_set(SampleFault.TOKEN_SLOW):
            pause = self._faults.seconds(SampleFault.TOKEN_SLOW)
            self._faults.strikes(SampleFault.TOKEN_SLOW)
            await asyncio.sleep(pause)
        try:
            return self._shaped(await self._tokens())
        except OAuthError as refusal:
            status = 200 if self._faults.strikes(SampleFault.TOKEN_ERROR_200) else refusal.status
            return self._shaped(refusal.as_json(), status)

    async def revoke(self) -> Response:
        """Revoke a token's grant; an unknown token is no error (RFC 7009 §2.2)."""
        try:
            form = await read_form()
            client = await self._client(form)
        except OAuthError as refusal:
            return json_answer(refusal.as_json(), refusal.status)
        key = digest(form.get("token", ""))
        found = self._records.refresh_tokens.get(key) or self._records.access_tokens.get(key)
        if found and found.grant.client_id == client.id:
            found.grant.is_live = False
        return Response("", 200)

    async def _tokens(self) -> dict[str, object]:
        form = await read_form()
        client = await self._client(form)
        resource = form.get("resource")
        if resource not in (None, self._metadata.resource):
            raise OAuthError("invalid_target", f"resource must be {self._metadata.resource}.")
        match form.get("grant_type"):
            case "authorization_code":
                return self._redeem(client, form)
            case "refresh_token":
                return self._refresh(client, form)
            case other:
                raise OAuthError("unsupported_grant_type", f"grant_type {other!r} is not known here.")

    async def _client(self, form: dict[str, str]) -> SampleClient:
        authorization = request.headers.get("Authorization")
        client_id = client_id_of(form, authorization)
        client = await find_client(self._records, client_id, takes_documents=self._metadata.takes_documents)
        authenticate(client, form, authorization)
        return client

    def _redeem(self, client: SampleClient, form: dict[str, str]) -> dict[str, object]:
        code = self._records.codes.get(digest(form.get("code", "")))
        if code is None or code.grant.client_id != client.id:
            raise OAuthError("invalid_grant", "The code is not known, or another client's.")
        if code.is_spent:
            code.grant.is_live = False
            raise OAuthError("invalid_grant", "The code was used before; its tokens are revoked.")
        self._check_code(code, form)
        code.is_spent = True
        return self._issue(code.grant, code.grant.scope)

    def _check_code(self, code: SampleCode, form: dict[str, str]) -> None:
        if code.expires_at <= self._records.clock.now():
            raise OAuthError("invalid_grant", "The code has expired.")
        if form.get("redirect_uri") != code.asked.redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri is not the one of the authorization request.")
        if not same(_s256(form.get("code_verifier", "")), code.asked.challenge):
            raise OAuthError("invalid_grant", "code_verifier does not match code_challenge.")
        if "resource" not in form:
            raise OAuthError("invalid_target", "resource is missing.")

    def _refresh(self, client: SampleClient, form: dict[str, str]) -> dict[str, object]:
        presented = self._records.refresh_tokens.get(digest(form.get("refresh_token", "")))
        if self._faults.strikes(SampleFault.REFRESH_REVOKED):
            raise OAuthError("invalid_grant", "The connection was revoked.")
        grant = self._check_refresh(presented, client)
        scope = form.get("scope") or grant.scope
        if set(scope.split()) - set(grant.scope.split()):
            raise OAuthError("invalid_scope", "A refresh cannot widen the scope.")
        if self._faults.strikes(SampleFault.REFRESH_KEPT):
            return self._access(grant, scope)
        assert presented is not None
        presented.is_spent = True
        return self._issue(grant, scope)

    def _check_refresh(self, presented: SampleRefreshToken | None, client: SampleClient) -> SampleGrant:
        if presented is None or presented.grant.client_id != client.id:
            raise OAuthError("invalid_grant", "The refresh token is not known, or another client's.")
        if presented.is_spent:
            presented.grant.is_live = False
            raise OAuthError("invalid_grant", "The refresh token was used before; the grant is revoked.")
        if not presented.grant.is_live:
            raise OAuthError("invalid_grant", "The grant was revoked.")
        return presented.grant

    def _issue(self, grant: SampleGrant, scope: str) -> dict[str, object]:
        tokens = self._access(grant, scope)
        if not self._faults.strikes(SampleFault.TOKEN_WITHOUT_REFRESH):
            tokens["refresh_token"] = self._records.issue_refresh_token(grant)
        return tokens

    def _access(self, grant: SampleGrant, scope: str) -> dict[str, object]:
        tokens: dict[str, object] = {
            "access_token": self._records.issue_access_token(grant, scope),
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LIFETIME.total_seconds()),
            "scope": scope,
        }
        for fault, member in (
            (SampleFault.TOKEN_WITHOUT_EXPIRY, "expires_in"),
            (SampleFault.TOKEN_WITHOUT_TYPE, "token_type"),
        ):
            if self._faults.strikes(fault):
                del tokens[member]
        return tokens

    def _shaped(self, answer: dict[str, object] | dict[str, str], status: int = 200) -> Response:
        shaped = json_answer(dict(answer), status)
        if self._faults.strikes(SampleFault.TOKEN_FORM_ENCODED):
            shaped = Response(urlencode(answer), status, {"Content-Type": FORM, "Cache-Control": "no-store"})
        if self._faults.strikes(SampleFault.TOKEN_ANSWER_LOST):
            shaped.headers[CUT_HEADER] = "yes"
        return shaped


def _s256(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
