"""One refresh at an upstream, whatever happens meanwhile: the client leaves, devgw stops, devgw is killed.

Before the refresh token is sent it is written down that its answer is awaited. Many upstreams rotate: if the answer is
lost the old refresh token may be dead, and nobody could say why later on. The old one is kept until then, since many
upstreams take it once more.

Source: RFC 6749 §6, §10.4.
"""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

from devgw.clock import Clock
from devgw.config.project import Route
from devgw.events import Bus
from devgw.events.taxonomy import McpAuthUpstreamConnectionRefreshed
from devgw.gateway.completion import Completion
from devgw.gateway.connection import UpstreamConnection, UpstreamSecrets
from devgw.gateway.upstream import Admitted
from devgw.oauth.token_answer import TokenAnswer
from devgw.outbound.upstream_oauth.fetching import errand_for
from devgw.outbound.upstream_oauth.token_requests import Credentials, TokenRequests, is_final, was_answered
from devgw.problems import Refused
from devgw.problems.upstream_connection import RefreshAnswerLost

ENDED = "devgw was ended before it came"
"""Why an answer is missing where nobody was left to write another reason."""


class UpstreamRefresh:
    """Refreshes connections, each at most once at a time."""

    def __init__(
        self,
        requests: TokenRequests,
        completion: Completion,
        clock: Clock,
        bus: Bus,
        keep: Callable[[UpstreamConnection], None],
        hold: Callable[[UpstreamConnection], None],
    ) -> None:
        self._requests = requests
        self._completion = completion
        self._clock = clock
        self._bus = bus
        self._keep = keep
        """Saves a connection, and lets it be used."""
        self._hold = hold
        """Lets a connection be used, and saves it as soon as that can be."""

    async def run(self, route: Route, admitted: Admitted, connection: UpstreamConnection) -> UpstreamConnection:
        """Return the connection with new tokens, saved; it is finished even where nobody waits for it any more.

        Raises:
            Refused: with a problem of the token endpoint; with `RefreshAnswerLost` where that is final and an earlier
                answer never came.
        """
        name = f"refresh of {connection.upstream_server_id} for {connection.subject_id}"
        return await self._completion.once(name, lambda: self._begin(route, admitted, connection))

    def _begin(
        self, route: Route, admitted: Admitted, connection: UpstreamConnection
    ) -> Coroutine[Any, Any, UpstreamConnection]:
        """Write down that an answer is awaited, now that the connection was just found; return what asks for it.

        Whatever comes after may wait, and a connection that is taken back meanwhile must not be saved again.
        """
        self._keep(self._awaiting(connection, ENDED))
        return self._run(route, admitted, connection)

    async def _run(self, route: Route, admitted: Admitted, connection: UpstreamConnection) -> UpstreamConnection:
        secrets = connection.secrets
        parameters = {
            "grant_type": "refresh_token",
            "refresh_token": secrets.refresh_token or "",
            "resource": connection.resource,
        }
        credentials = Credentials(connection.client_id, connection.token_endpoint_auth_method, secrets.client_secret)
        try:
            errand = await errand_for(route, admitted.subject_id)
            answer = await self._requests.ask(errand, "refresh", connection.token_endpoint, credentials, parameters)
        except Refused as refused:
            answered = was_answered(refused)
            self._hold(connection if answered else self._awaiting(connection, refused.problem.explain()))
            if is_final(refused) and connection.unanswered_since:
                raise Refused(_lost(connection, refused)) from refused
            raise
        renewed = self._renewed(connection, answer)
        self._hold(renewed)
        self._bus.publish(
            McpAuthUpstreamConnectionRefreshed(
                operation_id=route.operation_id,
                subject_id=connection.subject_id,
                upstream_server_id=connection.upstream_server_id,
                expires_at=renewed.expires_at,
            )
        )
        return renewed

    def _awaiting(self, connection: UpstreamConnection, because: str) -> UpstreamConnection:
        """Return the connection with the note that a refresh has no answer; the first of several is what counts."""
        if connection.unanswered_since:
            return connection
        return replace(connection, unanswered_since=self._clock.now(), unanswered_because=because)

    def _renewed(self, connection: UpstreamConnection, answer: TokenAnswer) -> UpstreamConnection:
        now, secrets = self._clock.now(), connection.secrets
        return replace(
            connection,
            scope=answer.scope or connection.scope,
            refreshed_at=now,
            expires_at=None if answer.expires_in is None else now + timedelta(seconds=answer.expires_in),
            secrets=UpstreamSecrets(
                answer.access_token, answer.refresh_token or secrets.refresh_token, secrets.client_secret
            ),
            unanswered_since=None,
            unanswered_because=None,
        )


def _lost(connection: UpstreamConnection, refused: Refused) -> RefreshAnswerLost:
    """Return why the connection is of no more use, where an answer was lost before the upstream said no."""
    assert connection.unanswered_since is not None
    because = connection.unanswered_because or ENDED
    return RefreshAnswerLost(connection.unanswered_since, because, refused.problem.explain(), because == ENDED)
