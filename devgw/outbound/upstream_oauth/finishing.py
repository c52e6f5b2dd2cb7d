"""The browser's way back from an upstream's authorization server: its answer becomes a connection.

Source: OAuth 2.1 §4.1.2, §4.1.3; RFC 9207 §2.4; MCP Security Best Practices §OAuth State Parameter Validation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from devgw.clock import Clock
from devgw.config.project import TokenExchange
from devgw.entropy import digest, same
from devgw.events import Bus
from devgw.events.taxonomy import McpAuthUpstreamConnectionEstablished
from devgw.foreign.text import clean
from devgw.gateway.completion import Completion
from devgw.gateway.connecting import Finished
from devgw.gateway.connection import CONNECTED, ConnectionStore, PendingConnection, UpstreamConnection, UpstreamSecrets
from devgw.oauth.resource import origin_of
from devgw.oauth.token_answer import TokenAnswer
from devgw.outbound.upstream_oauth.fetching import Errand
from devgw.outbound.upstream_oauth.token_requests import Credentials, TokenRequests
from devgw.problems import Problem, Refused
from devgw.problems.redirect_words import is_against_redirect, named_instead
from devgw.problems.upstream_connection import (
    ConnectBrowserForeign,
    ConnectStateUnknown,
    ResponseIssuerMismatch,
    ResponseIssuerMissing,
)
from devgw.problems.upstream_error import CLIENT_REFUSED
from devgw.problems.upstream_login import UpstreamRedirectRefused
from devgw.problems.upstream_token import AuthorizationAnswerEmpty, AuthorizationRefused, TokenRequestRefused


class Finishing:
    """Takes an authorization server's answer, and brings its code to the token endpoint."""

    def __init__(
        self,
        requests: TokenRequests,
        store: ConnectionStore,
        receive: Callable[[UpstreamConnection], None],
        completion: Completion,
        clock: Clock,
        bus: Bus,
    ) -> None:
        self._requests = requests
        self._store = store
        self._receive = receive
        """Takes a connection that an upstream gave."""
        self._completion = completion
        self._clock = clock
        self._bus = bus

    async def finish(
        self, exchange: TokenExchange, parameters: Mapping[str, str], cookies: Sequence[str], errand: Errand
    ) -> Finished:
        """Take the callback's query and the browser's cookies of that name; return the connection that stands now.

        The code is redeemed to the end, whether the browser waits or not; a callback that comes twice meanwhile gets
        the same connection.

        Raises:
            Refused: with a problem of `problems.upstream` or `problems.upstream_connection`.
        """
        pending = self._find(exchange, parameters.get("state"), cookies)
        work = _name_of(pending)
        return await self._completion.once(work, lambda: self._finish(exchange, parameters, pending, errand))

    def begun_by(self, state: str, cookies: Sequence[str]) -> PendingConnection | None:
        """Return what this browser began under `state`, however it stands with it."""
        pending = self._store.find_pending_connection(digest(state))
        return pending if pending and _is_of(pending, cookies) else None

    async def _finish(
        self, exchange: TokenExchange, parameters: Mapping[str, str], pending: PendingConnection, errand: Errand
    ) -> Finished:
        """Spend the state, redeem the code, and keep what came before anything else is done with it."""
        self._store.save_pending_connection(replace(pending, spent_at=self._clock.now()))
        _check_issuer(pending, parameters.get("iss"))
        if error := parameters.get("error"):
            raise Refused(_refusal(pending, clean(error, 100), clean(parameters.get("error_description", ""), 300)))
        if not (code := parameters.get("code")):
            got = clean(", ".join(sorted(parameters)), 200)
            raise Refused(AuthorizationAnswerEmpty(issuer=pending.issuer, got=got))
        answer = await self._redeem(exchange, pending, code, errand)
        _check_goes_on(self._store.find_pending_connection(pending.state_digest))
        connection = self._connected(pending, answer)
        self._receive(connection)
        self._bus.publish(
            McpAuthUpstreamConnectionEstablished(
                operation_id=pending.operation_id,
                subject_id=pending.subject_id,
                upstream_server_id=exchange.id,
                expires_at=connection.expires_at,
                has_refresh_token=connection.can_refresh,
            )
        )
        return Finished(connection, pending.return_to)

    def _find(self, exchange: TokenExchange, state: str | None, cookies: Sequence[str]) -> PendingConnection:
        """Return the pending connection of this state and browser, until it has been spent.

        Raises:
            Refused: with `ConnectStateUnknown` or `ConnectBrowserForeign`.
        """
        if not state:
            raise Refused(ConnectStateUnknown(why="missing"))
        pending = self._store.find_pending_connection(digest(state))
        if pending is None or pending.upstream_server_id != exchange.id:
            raise Refused(ConnectStateUnknown(why="unknown"))
        _check_goes_on(pending)
        if pending.spent_at and not self._completion.is_under_way(_name_of(pending)):
            raise Refused(ConnectStateUnknown(why="spent"))
        if pending.expires_at <= self._clock.now():
            raise Refused(ConnectStateUnknown(why="expired"))
        if not _is_of(pending, cookies):
            here = origin_of(pending.redirect_uri)
            raise Refused(
                ConnectBrowserForeign(why=f"The cookie set on {here} when this connection began did not come back.")
            )
        return pending

    async def _redeem(
        self, exchange: TokenExchange, pending: PendingConnection, code: str, errand: Errand
    ) -> TokenAnswer:
        """Trade the code for tokens; a client that the server has forgotten is dropped, to be registered anew.

        Raises:
            Refused: with a problem of the token endpoint.
        """
        credentials = Credentials(pending.client_id, pending.token_endpoint_auth_method, pending.secrets.client_secret)
        parameters = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": pending.redirect_uri,
            "code_verifier": pending.code_verifier,
            "resource": pending.resource,
        }
        try:
            return await self._requests.ask(errand, "token", pending.token_endpoint, credentials, parameters)
        except Refused as refused:
            problem = refused.problem
            if not isinstance(problem, TokenRequestRefused):
                raise
            if problem.upstream_error in CLIENT_REFUSED:
                self._store.forget_upstream_client(pending.issuer, exchange.id)
            if against := _against_redirect(pending, problem.upstream_error, problem.description):
                raise Refused(against) from refused
            raise

    def _connected(self, pending: PendingConnection, answer: TokenAnswer) -> UpstreamConnection:
        """Return the connection that `answer` makes of `pending`."""
        now = self._clock.now()
        return UpstreamConnection(
            subject_id=pending.subject_id,
            upstream_server_id=pending.upstream_server_id,
            upstream_url=pending.upstream_url,
            resource=pending.resource,
            issuer=pending.issuer,
            token_endpoint=pending.token_endpoint,
            revocation_endpoint=pending.revocation_endpoint,
            client_id=pending.client_id,
            token_endpoint_auth_method=pending.token_endpoint_auth_method,
            redirect_uri=pending.redirect_uri,
            scope=answer.scope or pending.scope,
            state=CONNECTED,
            established_at=now,
            refreshed_at=None,
            expires_at=None if answer.expires_in is None else now + timedelta(seconds=answer.expires_in),
            secrets=UpstreamSecrets(answer.access_token, answer.refresh_token, pending.secrets.client_secret),
        )


def _refusal(pending: PendingConnection, error: str, description: str) -> Problem:
    """Return what an error in the browser's answer is: against our redirect URI, or what its code says."""
    return _against_redirect(pending, error, description) or AuthorizationRefused(
        issuer=pending.issuer,
        upstream_error=error,
        description=description,
        scope=pending.scope,
        scope_source=pending.scope_source,
    )


def _against_redirect(pending: PendingConnection, error: str, description: str) -> Problem | None:
    """Return that an answer speaks against our redirect URI; None where it does not."""
    if not is_against_redirect(error, description):
        return None
    sent = pending.redirect_uri
    instead = named_instead(description, sent)
    return UpstreamRedirectRefused(pending.issuer, error, description, pending.client_id, sent, instead)


def _check_goes_on(pending: PendingConnection | None) -> None:
    """Refuse an answer whose upstream is another one in the configuration by now.

    Raises:
        Refused: with `ConnectStateUnknown`.
    """
    if pending is not None and pending.ended_at is not None:
        raise Refused(ConnectStateUnknown(why="from before the configuration of this upstream changed"))


def _is_of(pending: PendingConnection, cookies: Sequence[str]) -> bool:
    """Tell whether the browser that sent these cookies is the one that began a connection."""
    return any(same(digest(each), pending.browser_digest) for each in cookies)


def _name_of(pending: PendingConnection) -> str:
    """Return what the work of finishing a connection is called while it is under way."""
    return f"connection {pending.state_digest[:16]} of {pending.upstream_server_id} for {pending.subject_id}"


def _check_issuer(pending: PendingConnection, got: str | None) -> None:
    """Compare `iss` with the issuer that was asked, character by character (RFC 9207 §2.4).

    Raises:
        Refused: with `ResponseIssuerMissing` or `ResponseIssuerMismatch`.
    """
    if got is None and pending.sends_issuer:
        raise Refused(ResponseIssuerMissing(issuer=pending.issuer))
    if got is not None and got != pending.issuer:
        raise Refused(ResponseIssuerMismatch(expected=pending.issuer, got=got))
