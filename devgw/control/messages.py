"""What travels on the control socket, one JSON object per line, told apart by `type`.

Times are epoch seconds of the gateway's clock. What is empty is left out.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from devgw.control.commands import Consequences, Copied, Revealed
from devgw.monitor.comparison_view import DifferenceView, FlowComparison, ReplayView
from devgw.monitor.details import (
    BodyView,
    CaseView,
    ClientDetail,
    DiagnosisView,
    FailureView,
    FlowDetail,
    GrantDetail,
    HeaderView,
    JwtView,
    MessageView,
    PhaseView,
    SessionDetail,
    StepView,
    TokenCheckView,
    TokenDetail,
    TraceDetail,
    UnderWayView,
    UpstreamDetail,
    WhyDetail,
)
from devgw.monitor.row import Row
from devgw.monitor.rows import (
    ClientRow,
    DiagnosisRow,
    EventLine,
    FlowRow,
    GrantRow,
    SessionRow,
    TokenRow,
    TraceRow,
    UpstreamRow,
)
from devgw.monitor.views import (
    OWN_CLOCK,
    PROBED,
    REQUEST,
    CheckRow,
    ConfigView,
    EnvRow,
    FileRow,
    FindingRow,
    GatewayFacts,
    HealthView,
    RouteRow,
    StateChange,
)

__all__ = [
    "KINDS",
    "OWN_CLOCK",
    "PARTS",
    "PROBED",
    "REQUEST",
    "VERSION",
    "BodyView",
    "CaseView",
    "CheckRow",
    "ClientDetail",
    "ClientRow",
    "Command",
    "CommandAnswer",
    "ConfigView",
    "Consequences",
    "ControlMessage",
    "Copied",
    "DiagnosisRow",
    "DiagnosisView",
    "DifferenceView",
    "EnvRow",
    "EventLine",
    "Events",
    "FailureView",
    "FileRow",
    "FindingRow",
    "FlowComparison",
    "FlowDetail",
    "FlowRow",
    "Gap",
    "GatewayFacts",
    "GrantDetail",
    "GrantRow",
    "HeaderView",
    "HealthView",
    "Hello",
    "JwtView",
    "MessageView",
    "PhaseView",
    "ReplayView",
    "Revealed",
    "RouteRow",
    "Row",
    "Rows",
    "SessionDetail",
    "SessionRow",
    "Snapshot",
    "StateChange",
    "StepView",
    "TokenCheckView",
    "TokenDetail",
    "TokenRow",
    "TraceDetail",
    "TraceRow",
    "TurnedAway",
    "UnderWayView",
    "UpstreamDetail",
    "UpstreamRow",
    "Welcome",
    "WhyDetail",
]

VERSION = 1
"""Raised by one whenever an older reader would misread what it gets."""

KINDS: dict[str, type[Row]] = {
    "flow": FlowRow,
    "trace": TraceRow,
    "token": TokenRow,
    "grant": GrantRow,
    "session": SessionRow,
    "client": ClientRow,
    "upstream": UpstreamRow,
    "diagnosis": DiagnosisRow,
    "line": EventLine,
    "config": ConfigView,
    "health": HealthView,
}
"""Kind of row by its name on the wire. `config` and `health` come as lists of one."""

R = TypeVar("R", bound=Row)
Rows = dict[str, list[Row]]
"""Changed rows by kind. A row replaces the one with the same `id` (a line: `seq`)."""


class ControlMessage(Row):
    """One line on the socket."""

    __slots__: tuple[str, ...] = ()
    TYPE: ClassVar[str]


@dataclass(slots=True)
class Hello(ControlMessage):
    """A reader's first line: who it is and what it saw last."""

    TYPE: ClassVar[str] = "hello"

    version: int
    after: int = 0
    """The last `seq` it saw; 0 asks for a snapshot."""
    instance: str = ""
    """The gateway from which it saw that; another one answers with a snapshot."""
    kinds: list[str] = field(default_factory=list)
    """Kinds of rows it wants; none means all, `["-"]` none (commands only)."""
    token: str = ""
    """The word of the token file, on loopback TCP alone."""
    face: str = ""
    """`dashboard`, `tail`, …"""


@dataclass(slots=True)
class Welcome(ControlMessage):
    """The gateway's first line: which gateway, and how far its count is."""

    TYPE: ClassVar[str] = "welcome"
    NESTED: ClassVar[dict[str, type[Row]]] = {"gateway": GatewayFacts}

    version: int
    instance: str
    """Another at each start of the gateway."""
    gateway: GatewayFacts
    seq: int = 0
    now: float = 0.0
    """The gateway's clock."""


@dataclass(slots=True)
class TurnedAway(ControlMessage):
    """The gateway's last line to a reader it does not serve."""

    TYPE: ClassVar[str] = "turned_away"

    code: str
    """`other_version`, `other_user`, `wrong_token`, `malformed`."""
    explanation: str
    hint: str = ""


class Told(ControlMessage):
    """A message that carries rows."""

    __slots__: tuple[str, ...] = ()
    rows: Rows

    def of(self, kind: str, row: type[R]) -> list[R]:
        """Return its rows of a kind, all of which are of the type `row`."""
        return [each for each in self.rows.get(kind, ()) if isinstance(each, row)]


@dataclass(slots=True)
class Snapshot(Told):
    """A part of everything that is kept; the reader forgets what it had at `part` 0 and is complete at `is_last`."""

    TYPE: ClassVar[str] = "snapshot"

    seq: int
    part: int = 0
    is_last: bool = False
    now: float = 0.0
    rows: Rows = field(default_factory=dict)


@dataclass(slots=True)
class Events(Told):
    """What changed since the message before: each row once, as it stands now."""

    TYPE: ClassVar[str] = "events"

    seq: int
    """The reader has now seen everything up to here."""
    now: float = 0.0
    rows: Rows = field(default_factory=dict)
    gone: dict[str, list[str]] = field(default_factory=dict)
    """Ids of rows that are no more, by kind."""


@dataclass(slots=True)
class Gap(ControlMessage):
    """Detail that this reader lost, because it was slow or the ring moved on; rows of other kinds are complete."""

    TYPE: ClassVar[str] = "gap"

    missed: int
    """Traces and lines together."""
    seq: int = 0
    """Everything before this is lost that was not sent."""
    traces: int = 0
    lines: int = 0


PARTS = ("configuration", "machine", "names", "provider", "metadata", "upstreams")
"""What the doctor looks at, in the order of a login; each can be examined by itself."""


@dataclass(slots=True)
class Command(ControlMessage):
    """Something the person wants; gets one `CommandAnswer` with the same `id`.

    | name | arguments | result |
    |---|---|---|
    | `revoke` | kind (`token`, `grant`, `session`, `client`, `subject`), id, dry_run | `Consequences` |
    | `undo` | id (of the consequences; none means the newest) | `Consequences` |
    | `inspect` | kind (`flow`, `trace`, `token`, `grant`, `session`, `client`, `upstream`), id | its detail |
    | `inspect` | kind `why`, id of a flow or `newest` | `WhyDetail` |
    | `inspect` | kind `recording`, id of a flow, of an earlier run too | `RecordedFlow` |
    | `reveal` | trace_id, place | `Revealed` |
    | `copy` | kind (`curl`, `url`, `headers`, `body`, `report`, `file`, `json`), id | `Copied` |
    | `compare` | id of a flow, other (none means the last good one of its client) | `FlowComparison` |
    | `replay` | id of a trace, of an earlier run too | `ReplayView` |
    | `clear` | kind (`traces`, `flows` with those that are kept, `lines`, `all`) | {"cleared": n} |
    | `reload` | | `ConfigView` |
    | `probe` | | `HealthView` |
    | `examine` | part (one of `PARTS`; none means all but `machine`) | {"checks": [the doctor's checks]} |
    | `clock`, `travel` | do (`freeze`, `reset`, `to_expiry`, none), id of a token; seconds | `ClockView` |
    | `disconnect` | id (upstream), subject_id | {} |
    | `sign_in` | operation_id | {"url": …}: the built-in client walks a flow; the person signs in there |
    | `stop` | | {} |
    """

    TYPE: ClassVar[str] = "command"

    id: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class CommandAnswer(ControlMessage):
    """What came of a command: a result, or why not."""

    TYPE: ClassVar[str] = "answer"

    id: str
    ok: bool = False
    result: dict[str, Any] = field(default_factory=dict)
    """A row's JSON; the asker knows its type from the command."""
    code: str = ""
    """`not_found`, `unknown_command`, `bad_arguments`, `not_possible`, or a problem's reason."""
    explanation: str = ""
    hint: str = ""
