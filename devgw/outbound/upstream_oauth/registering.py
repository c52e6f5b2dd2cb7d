"""Becomes a client of an upstream's authorization server: by document, by registration, or as the user typed it in.

Source: MCP 2026-07-28 §Client Registration; RFC 7591; `failures.json` UPST-09, REG-01.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from devgw.clock import Clock, from_epoch
from devgw.config.project import TokenExchange
from devgw.foreign.retry_after import read_wait
from devgw.foreign.text import clean
from devgw.foreign.urls import UrlRefused, read_url, same_origin, without_user
from devgw.foreign.words import excerpt, reason_in
from devgw.gateway.connection import ConnectionStore, UpstreamClient, UpstreamSecrets
from devgw.limits import Limits
from devgw.oauth.client_document import client_metadata, is_loopback_host
from devgw.oauth.discovery import AuthorizationServer
from devgw.oauth.text import is_text
from devgw.outbound.upstream_oauth.fetching import WRITTEN_IN, Errand, FetchedAnswer, Fetching
from devgw.problems import Problem, Refused
from devgw.problems.limit import limit_id
from devgw.problems.upstream import AuthorizationServerUnknown
from devgw.problems.upstream_registration import (
    ClientDocumentUnfit,
    RegistrationAltered,
    RegistrationImpossible,
    RegistrationIncomplete,
    RegistrationProblem,
    RegistrationRefused,
)
from devgw.settings import UpstreamSettings

LAST_MOMENT = 253_402_300_800
"""The year 10000, in epoch seconds: no calendar goes further."""
BASIC = "client_secret_basic"
"""What holds where nobody says anything (RFC 7591 §2, RFC 8414 §2)."""
NEED_A_SECRET = frozenset({BASIC, "client_secret_post"})
PREFERRED = ("client_secret_post", "client_secret_basic", "none")
"""In this order: every server reads a body, while some (the MCP SDK) look for `client_id` there whatever the method."""


def choose_auth_method(server: AuthorizationServer, *, has_secret: bool | None = None) -> str:
    """Return how to authenticate at the token endpoint: the first of ours that the server takes.

    `has_secret` None means that it is still to be registered. A server that lists nothing takes
    `client_secret_basic` (RFC 8414 §2).
    """
    offered = server.token_endpoint_auth_methods or ("client_secret_basic",)
    if has_secret is False:
        return "none"
    ours = PREFERRED if has_secret is None else PREFERRED[:2]
    return next((method for method in ours if method in offered), BASIC)


class Registering:
    """Gets, keeps and reuses the gateway's registrations, one per issuer, upstream and redirect URI."""

    def __init__(
        self, fetching: Fetching, store: ConnectionStore, clock: Clock, upstreams: Mapping[str, UpstreamSettings]
    ) -> None:
        self._fetching = fetching
        self._store = store
        self._clock = clock
        self._upstreams = upstreams

    async def client_for(
        self, exchange: TokenExchange, server: AuthorizationServer, redirect_uri: str, document_url: str, errand: Errand
    ) -> UpstreamClient:
        """Return the gateway's client at `server`; `document_url` is where our own metadata document stands.

        Raises:
            Refused: with a problem of `problems.upstream_registration`, or `AuthorizationServerUnknown`.
        """
        if exchange.manual_client:
            return self._manual(exchange, server, redirect_uri)
        document_url = self.document_url(exchange, document_url)
        if _takes_document(server, document_url):
            return self._client(exchange, server, redirect_uri, document_url, "none", "cimd")
        kept = self._store.find_upstream_client(server.issuer, exchange.id, redirect_uri)
        is_current = kept is not None and (kept.expires_at is None or kept.expires_at > self._clock.now())
        if kept and is_current and kept.token_endpoint_auth_method in PREFERRED:  # an older devgw kept any method
            return kept
        if server.registration_endpoint is None:
            raise Refused(_not_offered(exchange, server, redirect_uri, document_url))
        client = await self._register(exchange, server, redirect_uri, errand)
        self._store.save_upstream_client(client)
        return client

    def forget(self, issuer: str, exchange: TokenExchange) -> None:
        """Drop what was registered at `issuer`, so that the next connection registers anew."""
        self._store.forget_upstream_client(issuer, exchange.id)

    def document_url(self, exchange: TokenExchange, document_url: str) -> str:
        """Return the public copy of our document where the user named one, else its place here."""
        settings = self._upstreams.get(exchange.id, UpstreamSettings())
        return settings.client_metadata_url or document_url

    def _client(
        self,
        exchange: TokenExchange,
        server: AuthorizationServer,
        redirect_uri: str,
        client_id: str,
        auth_method: str,
        registered_by: str,
    ) -> UpstreamClient:
        """Return a client without a secret of its own."""
        return UpstreamClient(
            issuer=server.issuer,
            upstream_server_id=exchange.id,
            redirect_uri=redirect_uri,
            client_id=client_id,
            token_endpoint_auth_method=auth_method,
            registered_by=registered_by,
            registered_at=self._clock.now(),
            expires_at=None,
            secrets=UpstreamSecrets(),
        )

    def _manual(self, exchange: TokenExchange, server: AuthorizationServer, redirect_uri: str) -> UpstreamClient:
        """Return the client that the user registered by hand."""
        manual = exchange.manual_client
        assert manual is not None
        secret = manual.client_secret.value if manual.client_secret else None
        method = manual.token_endpoint_auth_method or choose_auth_method(server, has_secret=bool(secret))
        client = self._client(exchange, server, redirect_uri, manual.client_id, method, "manual")
        return _with_secret(client, secret)

    async def _register(
        self, exchange: TokenExchange, server: AuthorizationServer, redirect_uri: str, errand: Errand
    ) -> UpstreamClient:
        """Register by RFC 7591; what the server answers goes before what was asked."""
        assert server.registration_endpoint is not None
        wanted = client_metadata(exchange.display_name, redirect_uri, choose_auth_method(server))
        answer = await self._fetching.ask(errand, "registration", server.registration_endpoint, document=wanted)
        granted = answer.json_object()
        identifier = granted.get("client_id") if granted and answer.status < 300 else None
        if granted is None or not is_text(identifier) or len(identifier) > Limits.CLIENT_ID_CHARACTERS:
            raise Refused(_refusal(exchange, server, redirect_uri, answer))
        secret = granted.get("client_secret") if is_text(granted.get("client_secret")) else None
        method = str(granted.get("token_endpoint_auth_method") or (BASIC if secret else "none"))
        if missing := _missing_for(method, secret):
            place = (answer.url, exchange.name, redirect_uri)
            raise Refused(RegistrationIncomplete(*place, answer.status, missing, clean(method, 100)))
        registered = granted.get("redirect_uris")
        if isinstance(registered, list) and registered and not _is_among(redirect_uri, registered):
            got = tuple(each for each in registered if is_text(each))
            raise Refused(RegistrationAltered(answer.url, exchange.name, redirect_uri, got))
        client = self._client(exchange, server, redirect_uri, identifier, method, "dcr")
        return _managed(_with_secret(client, secret, granted.get("client_secret_expires_at")), answer.url, granted)


def _missing_for(method: str, secret: str | None) -> str:
    """Return the member of a registration without which the gateway cannot authenticate as it says; "" where it can."""
    if method not in PREFERRED:
        return "token_endpoint_auth_method"
    return "client_secret" if secret is None and method in NEED_A_SECRET else ""


def _managed(client: UpstreamClient, endpoint: str, granted: Mapping[str, Any]) -> UpstreamClient:
    """Return `client` with what deletes its registration (RFC 7592 §3); nothing that leads to another origin."""
    where, word = granted.get("registration_client_uri"), granted.get("registration_access_token")
    if not is_text(where) or not is_text(word) or not same_origin(where, endpoint):
        return client
    kept = replace(client.secrets, registration_uri=where, registration_token=word)
    return replace(client, secrets=kept)


def _is_among(redirect_uri: str, registered: list[Any]) -> bool:
    """Tell whether a redirect URI is registered; the port of one to this machine is no part of it (RFC 8252 §7.3)."""
    return any(_compared(each) == _compared(redirect_uri) for each in registered if is_text(each))


def _compared(uri: str) -> str:
    """Return a redirect URI as servers compare it."""
    try:
        read = read_url(uri)
    except UrlRefused:
        return uri
    return f"{read.scheme}://{read.host}{read.path}?{read.query}" if is_loopback_host(read.host) else uri


def _with_secret(client: UpstreamClient, secret: str | None, expires_at: Any = None) -> UpstreamClient:
    """Return `client` with its secret and that secret's end; 0 and nonsense mean that it has none."""
    is_moment = isinstance(expires_at, (int, float)) and 0 < expires_at < LAST_MOMENT
    ends = from_epoch(expires_at) if is_moment else None
    return replace(client, secrets=UpstreamSecrets(client_secret=secret), expires_at=ends)


def _takes_document(server: AuthorizationServer, document_url: str) -> bool:
    """Tell whether `server` can fetch our metadata document: an https one in public, any one on our own machine.

    A local http one comes second to registration, because the draft asks for https and few servers make an exception.
    """
    if not server.takes_client_metadata_documents:
        return False
    ours = urlsplit(document_url)
    if ours.scheme == "https" and not is_loopback_host(ours.hostname):
        return True
    same_machine = is_loopback_host(urlsplit(server.token_endpoint).hostname)
    return same_machine and server.registration_endpoint is None


def _not_offered(
    exchange: TokenExchange, server: AuthorizationServer, redirect_uri: str, document_url: str
) -> RegistrationProblem:
    """Return why there is neither document nor registration."""
    if server.takes_client_metadata_documents:
        return document_unfit(
            exchange, server, redirect_uri, document_url, "it is not served to where that server runs"
        )
    return RegistrationImpossible(server.issuer, exchange.name, redirect_uri)


def document_unfit(
    exchange: TokenExchange, server: AuthorizationServer, redirect_uri: str, document_url: str, why: str
) -> ClientDocumentUnfit:
    """Return the problem of a server that takes documents alone, and not ours."""
    return ClientDocumentUnfit(server.issuer, exchange.name, redirect_uri, document_url, exchange.id, why)


def _refusal(exchange: TokenExchange, server: AuthorizationServer, redirect_uri: str, answer: FetchedAnswer) -> Problem:
    """Return why a registration failed; a 404 at a guessed path means that there is no server at all."""
    if server.url is None and answer.status in {404, 405}:
        return AuthorizationServerUnknown(upstream_url=server.issuer, tried=(answer.url,))
    if (found := answer.stood_before(WRITTEN_IN["registration"])) is not None:
        return found
    said = answer.json_object() or {}
    place = (answer.url, exchange.name, redirect_uri)
    if answer.status < 300 and "error" not in said:
        refused = answer.refused
        incomplete = RegistrationIncomplete(*place, answer.status, "client_id")
        if refused is None:
            return incomplete
        return replace(incomplete, why=str(refused), wanted=refused.wanted, passes=limit_id(refused.limit))
    location = str(answer.headers.get("location", "")).partition("?")[0]
    if location and answer.status < 400:
        words = f"it leads to {clean(without_user(location), 200)}, where no registration is sent"
        return RegistrationRefused(*place, answer.status, "a redirect", words)
    return RegistrationRefused(
        *place,
        status_code=answer.status,
        upstream_error=clean(str(said.get("error") or answer.content_type or "without a body"), 100),
        description=clean(str(said.get("error_description") or excerpt(reason_in(answer.body).encode())), 300),
        wait=read_wait(answer.headers),
    )
