"""Requests on MCP routes and everywhere else."""

from dataclasses import dataclass

from devgw.events.event import Event
from devgw.events.trace import Trace
from devgw.ids import TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpExchanged(Event):
    """One HTTP request was answered, on whatever path; published last, when the trace is complete."""

    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTurnedAway(Event):
    """What came on a connection was refused before it was a request: no trace has it; `reason_code` says why."""

    status: int
    """Of the answer; 0 where the client itself ended the handshake of TLS."""
    peer: str
    """Address and port of the client."""
    is_aside: bool = False
    """Whether it wanted to go to what is not watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathNotFound(Event):
    """A client asked for something of ours at a path where nothing is served; `explanation` says what is nearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpRequestAccepted(Event):
    """A request on an MCP route showed a good token."""

    token_id: TokenId
    mcp_method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class McpRequestRejected(Event):
    """A request on an MCP route was refused before it reached the upstream; `reason_code` says why."""

    status: int
    token_id: TokenId | None = None
    mcp_method: str | None = None
    had_credentials: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCapabilityInvoked(Event):
    """A tool was called, a prompt got, a resource read, or a list asked for; sent to the upstream now."""

    mcp_method: str
    capability: str | None = None
    """The tool's or prompt's name, or the resource's URI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCapabilityCompleted(Event):
    """The upstream's answer was relayed to its end, or failed; `outcome` and `failure_origin` say which."""

    mcp_method: str
    capability: str | None = None
    status: int
    gateway_ms: float
    upstream_ms: float
    streamed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCapabilityEntriesUnmatched(Event):
    """A filter's entries were compared with what the upstream lists; no entries where all of them match (again)."""

    policy: str
    capability_kind: str
    """`tools`, `prompts`, `resources` or `resourceTemplates`."""
    entries: tuple[tuple[str, str | None], ...] = ()
    """Each entry that names nothing upstream, with the nearest real name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCapabilityListEmptied(Event):
    """A filter hid all that an upstream lists, for want of a claim; no claims where somebody is shown something."""

    policy: str
    capability_kind: str
    claims: tuple[str, ...] = ()
    """Those under which the person's sign-in brought nothing."""
