"""What the pages ask of the upstream side: the browser's way to an upstream and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from devgw.config.project import Route
from devgw.entropy import fingerprint
from devgw.gateway.connection import Standing, UpstreamConnection
from devgw.ids import OperationId, SubjectId, UpstreamServerId
from devgw.oauth.discovery import ChosenScope


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a connect link says."""

    subject_id: SubjectId
    upstream_server_id: UpstreamServerId
    operation_id: OperationId
    label: str = ""
    """How the person is called, for the page that asks."""
    return_to: str | None = None
    """A URL of ours to which the browser goes on afterwards."""
    id: str = field(default="", compare=False)
    """Of the link, which begins one connection; empty where it was no link."""


def cookie_name_of(state: str) -> str:
    """Return the name of the cookie that belongs to a state: each attempt has its own, so that two can be under way."""
    return f"devgw_connect_{fingerprint(state)}"


@dataclass(frozen=True, slots=True, repr=False)
class Begun:
    """Where the browser goes, and the secret that its cookie keeps until it is back."""

    url: str
    cookie_name: str
    cookie: str
    scope: ChosenScope
    issuer: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A connection that stands, and where the browser goes on."""

    connection: UpstreamConnection
    return_to: str | None


class UpstreamConnecting(Protocol):
    """Takes browsers to upstreams and back."""

    def read_ticket(self, sealed: str, upstream_server_id: str) -> Ticket:
        """Return what a connect link says.

        Raises:
            Refused: with `ConnectLinkInvalid`.
        """

    def keep_link(self, sealed: str, *, anew: bool) -> str:
        """Return a link's ticket, and whether it drops a registration, sealed once more: so it may be kept."""

    def kept_link(self, kept: str) -> tuple[str, bool]:
        """Return what `keep_link` sealed; an empty ticket where that cannot be opened any more."""

    async def begin(self, route: Route, ticket: Ticket, *, anew: bool = False) -> Begun:
        """Return where to send the browser that opened a connect link; `anew` drops the registration that was kept.

        Raises:
            Refused: with what stands in the way.
        """

    async def finish(self, route: Route, parameters: Mapping[str, str], cookies: Sequence[str]) -> Finished:
        """Take the callback of an upstream's authorization server.

        Raises:
            Refused: with what went wrong.
        """

    def link_again(self, route: Route, parameters: Mapping[str, str], cookies: Sequence[str]) -> str | None:
        """Return a new link after a callback that failed; None where another browser began what it belongs to."""

    def state_of(
        self, route: Route, subject_id: SubjectId, label: str = "", return_to: str | None = None
    ) -> Standing | None:
        """Return how it stands with a route's upstream for one subject; None where it needs no connection."""

    def document_of(self, route: Route) -> Mapping[str, object]:
        """Return our own client metadata document towards the route's upstream."""
