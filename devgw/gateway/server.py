"""The authorization server: Authlib's framework over our store, with our grants, our reasons and our events."""

from dataclasses import dataclass, field, replace
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Error
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc9207 import IssuerParameter

from devgw.clock import Clock
from devgw.config.project import Project
from devgw.entropy import digest
from devgw.gateway.client_authentication import (
    AssertionAuthentication,
    authenticate_basic,
    authenticate_public,
    why_not_authenticated,
)
from devgw.gateway.clients import Clients
from devgw.gateway.families import Families
from devgw.gateway.grants import AUTH_METHODS, CodeGrant, RefreshGrant
from devgw.gateway.id_jag import IdJag, IdJagGrant
from devgw.gateway.issuing import Issued, Issuing
from devgw.gateway.oauth_request import RegisteredClient, ServerRequest
from devgw.gateway.records import Grant, PendingAuthorization, RefreshToken, Session
from devgw.gateway.resources import Resources
from devgw.gateway.revocation import Revocation
from devgw.gateway.store import SpentAssertions, Store
from devgw.oauth.urls import Urls
from devgw.problems import Refused
from devgw.problems.base import ErrorCode
from devgw.problems.parameters import ParameterMissing
from devgw.problems.standard import StandardRefusal
from devgw.problems.token import GrantTypeUnsupported, IssuedToAnotherClient


@dataclass
class AuthlibAnswer:
    """What Authlib wants said over HTTP."""

    status: int
    body: Any
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def location(self) -> str | None:
        """Return the Location header."""
        return next((value for name, value in self.headers if name == "Location"), None)

    @location.setter
    def location(self, value: str) -> None:
        self.headers = [(name, value if name == "Location" else each) for name, each in self.headers]


class CodeIssuer(IssuerParameter):  # type: ignore[misc]  # Authlib ships no types
    """Adds `iss` to the redirect that carries a code: the issuer of the transaction, the same string as everywhere."""

    def __init__(self, server: "OAuthServer") -> None:
        self._server = server
        self(server)

    def get_issuer(self) -> str | None:
        """Return the issuer of the authorization that is being answered."""
        return self._server.answering_issuer


class Revoke(RevocationEndpoint):  # type: ignore[misc]  # Authlib ships no types
    """RFC 7009: either token of a grant ends the grant."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def check_params(self, request: ServerRequest, client: RegisteredClient) -> None:  # noqa: ARG002  Authlib's signature
        """Refuse a request without a token; a hint that means nothing to us is ignored (RFC 7009 §2.1)."""
        if not request.form.get("token"):
            raise Refused(ParameterMissing("token", endpoint="revocation"))

    def authenticate_token(self, request: ServerRequest, client: RegisteredClient) -> Grant | None:
        """Return the grant behind the token, None where there is none.

        Raises:
            Refused: with `IssuedToAnotherClient`.
        """
        self.check_params(request, client)
        token_digest = digest(request.form["token"])
        store: Store = self.server.store
        record = store.find_access_token(token_digest) or store.find_refresh_token(token_digest)
        grant = store.find_grant(record.grant_id) if record else None
        if grant and grant.client_id != client.record.id:
            raise Refused(IssuedToAnotherClient("token", grant.client_id, client.record.id))
        return grant

    def revoke_token(self, token: Grant, request: ServerRequest) -> None:  # noqa: ARG002  Authlib's signature
        """End the grant."""
        self.server.revocation.end_grant(token.id, "revoked_by_client")


class OAuthServer(AuthorizationServer):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's authorization server over our records. One per generation of the configuration; it keeps no state."""

    def __init__(
        self,
        project: Project,
        clients: Clients,
        store: Store,
        issuing: Issuing,
        families: Families,
        revocation: Revocation,
        clock: Clock,
        spent: SpentAssertions,
    ) -> None:
        super().__init__()
        self.project = project
        self.store = store
        self.issuing = issuing
        self.families = families
        self.revocation = revocation
        self.clock = clock
        self.answering_issuer: str | None = None
        self.id_jag: IdJag | None = None
        self.may_omit_resource = True
        """Whether a token request may leave `resource` out."""
        self.names_are_one = True
        """Whether it may name a resource by another name of loopback."""
        self.issuers: frozenset[str] = frozenset()
        """Ours, under the name by which we are asked; set before each request."""
        self._clients = clients
        self._assertions = AssertionAuthentication(spent, clock)
        self._resources: Resources | None = None
        self.register_client_auth_method("none", authenticate_public)
        self.register_client_auth_method("client_secret_basic", authenticate_basic)
        self.register_client_auth_method("private_key_jwt", self._assertions)
        self.register_token_generator("default", self._mint)
        self.register_grant(CodeGrant)
        self.register_grant(RefreshGrant)
        self.register_endpoint(Revoke)
        self.register_extension(CodeIssuer)

    def accept_id_jag(self, id_jag: IdJag) -> None:
        """Offer the jwt-bearer grant."""
        self.id_jag = id_jag
        self.register_grant(IdJagGrant)

    @property
    def resources(self) -> Resources:
        """Return the routes under the name by which we are asked; there is one while a request is answered."""
        assert self._resources is not None
        return self._resources

    # --- what Authlib asks ---------------------------------------------------------------------------------------

    def query_client(self, client_id: str) -> RegisteredClient:
        """Return the client, or refuse with the reason."""
        return RegisteredClient(self._clients.known(client_id))

    def authenticate_client(
        self, request: ServerRequest, methods: list[str], endpoint: str = "token"
    ) -> RegisteredClient:
        """Return the authenticated client, or refuse with the reason."""
        try:
            client: RegisteredClient = super().authenticate_client(request, methods, endpoint)
        except OAuth2Error as error:
            raise Refused(why_not_authenticated(self.query_client, request)) from error
        request.facts["client"] = client.record
        return client

    def save_token(self, token: dict[str, Any], request: ServerRequest) -> None:
        """Save what was minted."""
        spent: RefreshToken | None = request.refresh_token.record if request.refresh_token else None
        origin = self.families.origin_of(spent) if spent else request.facts.get("token_id")
        issued = self.issuing.save(token, request.user, spent, origin)
        request.facts["issued"] = issued
        if spent:
            request.facts["repeated"] = self.families.spend(
                spent, issued.refresh if issued.refresh is not spent else None
            )

    def create_oauth2_request(self, request: ServerRequest) -> ServerRequest:
        """Return the request, which is in Authlib's form already."""
        return request

    create_json_request = create_oauth2_request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> AuthlibAnswer:
        """Return what is to be said, for `web` to say."""
        return AuthlibAnswer(status, body, list(headers))

    def handle_error_response(self, request: ServerRequest, error: OAuth2Error) -> AuthlibAnswer:  # noqa: ARG002  Authlib's
        """Raise Authlib's refusal as one of ours, so that there is one way to answer."""
        raise Refused(StandardRefusal(_code(error.error), str(error.description or ""))) from error

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: our events are published after the commit."""

    def check_resource(self, request: ServerRequest, granted: str) -> None:
        """Refuse a token request for another route than `granted`; one that names none means that one."""
        if self._resources:
            self._resources.check_at_token(
                request.form.get("resource"),
                granted,
                may_omit=self.may_omit_resource,
                names_are_one=self.names_are_one,
            )

    def _mint(self, **asked: Any) -> dict[str, Any]:
        return self.issuing.mint(asked["user"], include_refresh_token=asked["include_refresh_token"])

    # --- what the gateway asks -----------------------------------------------------------------------------------

    def issue_code(self, pending: PendingAuthorization, session: Session, code: str) -> tuple[str, ServerRequest]:
        """Return the redirect with code, state and iss, and the request whose facts hold the new grant and code.

        Raises:
            Refused: where the client or its redirect URI is gone meanwhile.
        """
        request = _asked(pending, session, code)
        with self.store.transaction():
            self.families.supersede(pending.client_id, session.subject_id, pending.operation_id)
            location = self._redirect(pending, session, request)
            self.store.save_pending(replace(pending, decided_at=self.clock.now()))
        return location, request

    def repeat_code(self, pending: PendingAuthorization, session: Session, code: str) -> str:
        """Return the same redirect once more, for a code that waits to be redeemed.

        Raises:
            Refused: where the client or its redirect URI is gone meanwhile.
        """
        request = _asked(pending, session, code)
        request.facts["was_issued"] = True
        return self._redirect(pending, session, request)

    def _redirect(self, pending: PendingAuthorization, session: Session, request: ServerRequest) -> str:
        """Return where the browser goes with the code of `request`."""
        self.answering_issuer = pending.issuer
        try:
            grant = self.get_authorization_grant(request)
            answer: AuthlibAnswer = self.create_authorization_response(request, session, grant)
        finally:
            self.answering_issuer = None
        return answer.location or ""

    def answer_token_request(self, request: ServerRequest, urls: Urls) -> dict[str, Any]:
        """Return the token response; everything it changes is one commit.

        Raises:
            Refused: with the reason, after the commit of what the refusal itself changes.
        """
        grant_type = request.form.get("grant_type")
        if grant_type is None:
            raise Refused(ParameterMissing("grant_type", endpoint="token"))
        supported = [grant.GRANT_TYPE for grant, _ in self._token_grants]
        if grant_type not in supported:
            raise Refused(GrantTypeUnsupported(grant_type, tuple(supported)))
        self._expect(urls)
        with self.store.transaction():
            answer = self.create_token_response(request)
        issued: Issued | None = request.facts.get("issued")
        if issued:
            self.issuing.let_work(issued)
        return dict(answer.body)

    def answer_revocation(self, request: ServerRequest, urls: Urls) -> None:
        """End the grant of the token in `request`; an unknown token is no error (RFC 7009 §2.2)."""
        self._expect(urls)
        with self.store.transaction():
            self.create_endpoint_response(Revoke.ENDPOINT_NAME, request)

    def _expect(self, urls: Urls) -> None:
        """Say under which names we are asked, before Authlib asks back. Authlib's callbacks carry no context."""
        self._resources = Resources(self.project, urls)
        issuers = {urls.issuer(None), *(urls.issuer(route) for route in self.project.routes)}
        self.issuers = frozenset(issuers)
        self._assertions.audiences = frozenset(issuers | {urls.endpoints(None).token, urls.endpoints(None).revocation})


def _asked(pending: PendingAuthorization, session: Session, code: str) -> ServerRequest:
    """Return an authorization request that was allowed, as Authlib reads it."""
    request = ServerRequest(pending.parameters | {"response_type": "code"}, {})
    request.facts |= {"pending": pending, "session": session, "secret": code}
    return request


def _code(error: str) -> ErrorCode:
    try:
        return ErrorCode(error)
    except ValueError:
        return ErrorCode.INVALID_REQUEST
