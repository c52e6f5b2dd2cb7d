"""The two grants of every MCP client, on Authlib's: what is ours are the reasons, and that an answer may be lost.

Source: OAuth 2.1 §4.1.3, §4.3; RFC 7636 §4.6; RFC 8707 §2.2.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, TokenMixin
from authlib.oauth2.rfc6749 import grants as authlib_grants

from devgw.diagnosis.difference import explain_difference
from devgw.entropy import ACCESS_PREFIX, CODE_PREFIX, REFRESH_PREFIX, digest, is_of_one_case, same
from devgw.foreign.text import is_no_value
from devgw.gateway.mangled_token import issued_in
from devgw.gateway.oauth_request import RegisteredClient, ServerRequest
from devgw.gateway.records import AuthorizationCode, Grant, RefreshToken
from devgw.gateway.store import Store
from devgw.ids import ClientId
from devgw.oauth.metadata import SCOPE
from devgw.oauth.pkce import challenge_of, check_verifier, verifies
from devgw.problems import Problem, Refused
from devgw.problems.parameters import GrantTypeUnfit, ParameterMissing
from devgw.problems.refresh_token import (
    ACCESS_TOKEN,
    OTHER,
    GrantRevoked,
    RefreshTokenUnknown,
    ScopeExceedsGrant,
)
from devgw.problems.token import (
    CodeExpired,
    CodeUnknown,
    IssuedToAnotherClient,
    RedirectUriChanged,
    VerifierMissing,
    VerifierWrong,
)

AUTH_METHODS = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]


class CodeGrant(authlib_grants.AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib ships no types
    """Issues a code at the end of the browser's way, and redeems it once."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    request: ServerRequest

    def generate_authorization_code(self) -> str:
        """Return the code that the consent chose."""
        return str(self.request.facts["secret"])

    def save_authorization_code(self, code: str, request: ServerRequest) -> None:
        """Save the grant that the person gave and the code that stands for it, once."""
        if "was_issued" not in request.facts:
            self.server.issuing.save_code(code, request)

    def validate_token_request(self) -> None:
        """Refuse a request without a code before Authlib does, with our reason; then let Authlib check."""
        if not self.request.form.get("code"):
            self.authenticate_token_endpoint_client()
            raise Refused(_without(self.request, "code", "refresh_token"))
        super().validate_token_request()
        self.server.families.begin_again(self.request.authorization_code.record)

    def _unknown(self, code: str) -> CodeUnknown:
        """Return why what was sent is no code, and whether it is one where it is read otherwise."""
        decoded, inner = unquote(code), issued_in(code, CODE_PREFIX)
        return CodeUnknown(
            decoded_is_known=decoded != code and self.server.store.find_code(digest(decoded)) is not None,
            contains_known=bool(inner) and self.server.store.find_code(digest(inner)) is not None,
            has_our_form=code.startswith(CODE_PREFIX) or is_of_one_case(code, CODE_PREFIX),
            length=len(code),
            is_of_one_case=is_of_one_case(code, CODE_PREFIX),
        )

    def query_authorization_code(self, code: str, client: RegisteredClient) -> "RedeemableCode":
        """Return the code, checked; one that was redeemed is good again as long as nothing of what it brought was used.

        A replay with the right verifier takes back what the first use paid for; with a wrong one it does not, or a
        thief of codes could end other people's logins (OAuth 2.1 §7.5.2).

        Raises:
            Refused: with a problem of `problems.token`.
        """
        record = self.server.store.find_code(digest(code))
        if record is None:
            raise Refused(self._unknown(code))
        self.request.facts["token_id"] = record.id
        if record.client_id != client.record.id:
            raise Refused(IssuedToAnotherClient("code", record.client_id, client.record.id))
        self._check_verifier(record)
        self.server.families.check_code(record)
        now = self.server.clock.now()
        if record.expires_at <= now:
            raise Refused(CodeExpired(record.expires_at, now))
        self._check_redirect_uri(record)
        self.server.check_resource(self.request, record.resource)
        return RedeemableCode(record)

    def _check_verifier(self, record: AuthorizationCode) -> None:
        verifier = self.request.form.get("code_verifier")
        if not verifier:
            raise Refused(VerifierMissing())
        check_verifier(verifier)
        if not verifies(verifier, record.code_challenge):
            fits_another = self._has_another_login(record.client_id, challenge_of(verifier))
            raise Refused(VerifierWrong(fits_another, is_the_challenge=same(verifier, record.code_challenge)))

    def _has_another_login(self, client_id: ClientId, challenge: str) -> bool:
        """Tell whether another login of this client began with `challenge`: one that got its code, or a pending one."""
        store: Store = self.server.store
        pending = (each for each in store.pendings() if each.client_id == client_id)
        return store.find_code_by_challenge(client_id, challenge) is not None or any(
            each.parameters.get("code_challenge") == challenge for each in pending
        )

    def _check_redirect_uri(self, record: AuthorizationCode) -> None:
        """OAuth 2.1 clients leave redirect_uri out here; where it is sent it must be the same (OAuth 2.1 §10.2)."""
        sent = self.request.form.get("redirect_uri")
        if sent is not None and record.redirect_uri is not None and sent != record.redirect_uri:
            difference = explain_difference(sent, record.redirect_uri, "token_redirect_uri").sentence.rstrip(".")
            raise Refused(RedirectUriChanged(sent, record.redirect_uri, difference))

    def delete_authorization_code(self, authorization_code: "RedeemableCode") -> None:
        """Mark the code as spent; the record stays, so that a replay is known."""
        self.server.store.save_code(replace(authorization_code.record, redeemed_at=self.server.clock.now()))

    def authenticate_user(self, authorization_code: "RedeemableCode") -> Grant:
        """Return the grant behind the code.

        Raises:
            Refused: with `GrantRevoked`.
        """
        return _live_grant(self.server.store.find_grant(authorization_code.record.grant_id), self.server)


class RedeemableCode(AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib ships no types
    """A code record, answering Authlib's questions; what it asks was checked before, with reasons."""

    def __init__(self, record: AuthorizationCode) -> None:
        self.record = record

    def get_redirect_uri(self) -> None:
        """Return nothing to compare: `CodeGrant` compared it."""

    def get_scope(self) -> str:
        """Return the one scope."""
        return SCOPE


class RefreshGrant(authlib_grants.RefreshTokenGrant):  # type: ignore[misc]  # Authlib ships no types
    """Brings the next tokens, as `gateway.families` allows."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    request: ServerRequest

    def __init__(self, request: ServerRequest, server: Any) -> None:
        super().__init__(request, server)
        self.INCLUDE_NEW_REFRESH_TOKEN = server.families.rotates

    def validate_token_request(self) -> None:
        """Authenticate the client, find and check the token; our checks, because Authlib gives no reasons."""
        client = self._validate_request_client()
        self.request.client = client
        presented = self.request.form.get("refresh_token")
        if not presented:
            raise Refused(_without(self.request, "refresh_token", "code"))
        record = self.authenticate_refresh_token(presented)
        grant = self.server.store.find_grant(record.grant_id)
        if grant is None or grant.client_id != client.record.id:
            raise Refused(IssuedToAnotherClient("refresh token", grant.client_id if grant else "?", client.record.id))
        _live_grant(grant, self.server)
        self.server.families.check(record)
        self._check_scope(grant)
        self.server.check_resource(self.request, grant.resource)
        self.request.refresh_token = SpendableToken(record)

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken:
        """Return the token's record.

        Raises:
            Refused: with `RefreshTokenUnknown`.
        """
        record: RefreshToken | None = self.server.store.find_refresh_token(digest(refresh_token))
        if record is None:
            inner = issued_in(refresh_token, REFRESH_PREFIX)
            is_inside = bool(inner) and self.server.store.find_refresh_token(digest(inner)) is not None
            raise Refused(
                RefreshTokenUnknown(
                    _kind_of(refresh_token),
                    contains_known=is_inside,
                    length=len(refresh_token),
                    is_of_one_case=is_of_one_case(refresh_token, REFRESH_PREFIX),
                )
            )
        self.request.facts["token_id"] = record.id
        return record

    def _check_scope(self, grant: Grant) -> None:
        asked = self.request.form.get("scope", "")
        too_many = set(asked.split()) - set(grant.scope.split()) - {"offline_access"}
        if too_many:
            raise Refused(ScopeExceedsGrant(asked, grant.scope))

    def create_token_response(self) -> Any:
        """Answer with new tokens; a refresh token that stays is said again, since some clients forget it otherwise."""
        status, answer, headers = super().create_token_response()
        return status, {"refresh_token": self.request.form["refresh_token"], **answer}, headers

    def authenticate_user(self, refresh_token: "SpendableToken") -> Grant:
        """Return the grant behind the token."""
        return _live_grant(self.server.store.find_grant(refresh_token.record.grant_id), self.server)

    def revoke_old_credential(self, refresh_token: "SpendableToken") -> None:
        """Nothing is left to do: issuing the successor spent it, in the same commit."""


_GRANTS = {"code": "authorization_code", "refresh_token": "refresh_token"}
"""The grant to which each belongs."""


def _without(request: ServerRequest, missing: str, other: str) -> Problem:
    """Return why a token request without what its grant needs is refused, which may have what the other needs."""
    if request.form.get(other):
        return GrantTypeUnfit(_GRANTS[missing], other, missing, _GRANTS[other])
    return ParameterMissing(missing, endpoint="token")


def _kind_of(presented: str) -> str:
    """Return what was presented as a refresh token, where it is something else; empty where nothing shows that."""
    if is_no_value(presented):
        return f"the word {presented.strip()}"
    kinds = {ACCESS_PREFIX: ACCESS_TOKEN, CODE_PREFIX: "a code"}
    found = next((kind for prefix, kind in kinds.items() if presented.startswith(prefix)), "")
    return found or ("" if presented.startswith(REFRESH_PREFIX) else OTHER)


class SpendableToken(TokenMixin):  # type: ignore[misc]  # Authlib ships no types
    """A refresh token's record, answering Authlib's questions."""

    def __init__(self, record: RefreshToken) -> None:
        self.record = record

    def get_scope(self) -> str:
        """Return the one scope."""
        return SCOPE


def _live_grant(grant: Grant | None, server: Any) -> Grant:
    if grant is None:
        raise Refused(GrantRevoked(server.clock.now(), "forgotten"))
    if grant.revoked_at:
        raise Refused(GrantRevoked(grant.revoked_at, grant.revoked_because or "revoked"))
    return grant
