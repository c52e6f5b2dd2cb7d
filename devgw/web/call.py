"""One request on an MCP route, with what is learned about it on the way."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from devgw.config.project import Route
from devgw.events import Trace
from devgw.gateway.forwarding import Forwarding, header_of
from devgw.gateway.upstream import Admitted
from devgw.ids import ClientId, GrantId, SubjectId, TokenId
from devgw.mcp.message import NO_MESSAGES, Messages
from devgw.web.recorder import Recording

NOBODY = Admitted(
    token_id=TokenId(""),
    grant_id=GrantId(""),
    client_id=ClientId(""),
    client_name="",
    subject_id=SubjectId(""),
    resource="",
    scope="",
    expires_at=datetime.max.replace(tzinfo=UTC),
)
"""Who calls a route to which no OAuth policy is attached."""
_CALLS = frozenset({"tools/call", "prompts/get", "resources/read"})


@dataclass(frozen=True, slots=True)
class McpRoute:
    """A route, and what it does to headers."""

    route: Route
    forwarding: Forwarding
    certificate: str | None = None
    """The file of the client certificate."""


@dataclass(slots=True)
class McpCall:
    """A request that is being answered."""

    recording: Recording
    place: McpRoute
    origin: str
    body: bytes = b""
    messages: Messages = NO_MESSAGES
    revision: str | None = None
    admitted: Admitted = NOBODY
    method: str | None = None
    """The JSON-RPC method of the first message."""
    capability: str | None = None
    speaks_legacy_sse: bool = False
    """Whether the upstream gave an event stream to GET, after it refused this POST."""
    led_to: str = ""
    """Where a redirect of the upstream led, and the answer comes from; empty where it answered itself."""
    is_bare: bool = False
    """Whether that led over another origin, so that no credential of the route went along."""
    known: dict[str, Any] = field(default_factory=dict)
    """What every event about this request carries."""

    @property
    def route(self) -> Route:
        """Return the route as it is configured."""
        return self.place.route

    @property
    def answering_url(self) -> str:
        """Return the URL of who answers: the route's upstream, or where its redirect led."""
        return self.led_to or self.route.upstream_url

    @property
    def trace(self) -> Trace:
        """Return the record of this exchange."""
        return self.recording.trace

    @property
    def is_capability(self) -> bool:
        """Tell whether it calls, gets, reads or lists something."""
        return self.method is not None and (self.method in _CALLS or self.method.endswith("/list"))

    def header(self, name: bytes) -> str:
        """Return a header of the request, or an empty string."""
        return header_of(self.recording.trace.request_headers, name).decode("latin-1")

    def admit(self, admitted: Admitted) -> None:
        """Write down who calls."""
        trace = self.recording.trace
        self.admitted = admitted
        if admitted is NOBODY:
            return
        trace.token_id = admitted.token_id
        trace.grant_id = admitted.grant_id
        trace.client_id = admitted.client_id
        trace.client_name = admitted.client_name
        trace.subject_id = admitted.subject_id
        trace.notes += admitted.notes
        self.known |= {
            "grant_id": admitted.grant_id,
            "client_id": admitted.client_id,
            "client_name": admitted.client_name,
            "subject_id": admitted.subject_id,
        }
