"""What all ports of one watched server share, and one request as it is carried."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from devgw.clock import Clock
from devgw.entropy import digest
from devgw.events import Bus, Trace
from devgw.events.trace import Headers
from devgw.foreign.held import HeldTogether
from devgw.gateway.patience import Patience
from devgw.gateway.transport import UpstreamTransport
from devgw.gateway.watched.authorizations import WatchedAuthorizations
from devgw.gateway.watched.bearers import Bearers
from devgw.gateway.watched.clients import WatchedClients
from devgw.gateway.watched.legs import CALLBACK_PATH, Leg, Legs
from devgw.gateway.watched.origins import OriginMap, WatchedOrigins
from devgw.gateway.watched.tokens import WatchedTokens
from devgw.ids import OperationId
from devgw.limits import Limits
from devgw.mcp.message import NO_MESSAGES, Messages
from devgw.settings import Settings
from devgw.web.recorder import Recording
from devgw.web.watch import GRACE


@dataclass
class Watched:
    """One server that is watched."""

    settings: Settings
    clock: Clock
    bus: Bus
    client: UpstreamTransport
    origins: WatchedOrigins
    legs: Legs
    clients: WatchedClients
    authorizations: WatchedAuthorizations
    tokens: WatchedTokens
    keep: Callable[[], object]
    """Writes down what has to outlive this process."""
    speaks_http2: Callable[[str], Awaitable[bool]]
    """Tells of a URL's port whether it agrees to HTTP/2."""
    led_by: str
    """Where the server is: of an origin that its documents name, as `UpstreamRequest.led_by`."""
    named: tuple[str, ...] = ()
    """The authorization servers that the resource's metadata names, as it was read last."""
    bearers: Bearers = field(default_factory=Bearers)
    bodies: HeldTogether = field(
        default_factory=lambda: HeldTogether(Limits.BODIES_TOGETHER_BYTES, Limits.BODY_UNCOUNTED_BYTES)
    )
    patience: Patience = field(default_factory=lambda: Patience(GRACE, GRACE))

    @property
    def callback(self) -> str:
        """Return our redirect URI; empty where the client has the real URLs, and needs none of ours."""
        if not isinstance(self.origins, OriginMap):
            return ""
        return f"http://localhost:{self.origins.ports[self.origins.origin]}{CALLBACK_PATH}"

    @property
    def operation_id(self) -> OperationId:
        """Return what flows call the server: its host."""
        return OperationId(self.origins.origin.partition("://")[2])


@dataclass(slots=True)
class WatchedCall:
    """One request on its way."""

    watched: Watched
    recording: Recording
    origin: str
    """The real one."""
    leg: Leg
    target: str
    """Path and query as they were sent."""
    name: str
    """The loopback name under which the client asked."""
    body: bytes = b""
    messages: Messages = NO_MESSAGES
    """What is asked, without its params, as far as it was read."""
    cut: tuple[int, Headers, bytes] | None = None
    """Status, headers, and as much of the body as came, of an answer that the server broke off."""

    @property
    def trace(self) -> Trace:
        """Return what is written down of it."""
        return self.recording.trace

    @property
    def url(self) -> str:
        """Return the real URL."""
        return self.origin + self.target

    @property
    def owner(self) -> tuple[str, str]:
        """Return for whom a connection is kept: the holder of one credential."""
        return self.trace.peer, digest(self.trace.header(b"authorization"))

    def swap(self, url: str) -> str:
        """Return a real URL as the client is given it."""
        return self.watched.origins.to_local(url, self.name)

    def show_request(self, body: bytes) -> None:
        """Let the trace have what the client asked, in real URLs."""
        self.trace.request_body.content = body[: self.watched.settings.traces.body_limit]
        self.trace.request_body.size = len(body)

    def show_answer(self, headers: Headers, body: bytes | None = None) -> None:
        """Let the trace have what the server said, where the client was given it with other URLs."""
        self.trace.response_headers = headers
        if body is not None:
            self.trace.response_body.content = body[: self.watched.settings.traces.body_limit]
            self.trace.response_body.size = len(body)
