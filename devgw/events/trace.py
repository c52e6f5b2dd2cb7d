"""One HTTP exchange with its raw bytes: these stay in memory, and whoever shows or keeps it masks them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from devgw.events.event import FailureOrigin, Outcome
from devgw.ids import ClientId, GrantId, OperationId, SessionId, SubjectId, TokenId, TraceId, TransactionId
from devgw.problems.base import Problem

CLIENT_LEFT = 499
"""The status of an exchange whose client left before an answer began; nginx's number, known from its logs."""
Headers = list[tuple[bytes, bytes]]
"""Header pairs in the order of the wire, names in lower case, as ASGI gives them."""


@dataclass(slots=True)
class Body:
    """What was kept of a body: the first bytes up to the limit, and how long it really was."""

    content: bytes = b""
    size: int = 0

    @property
    def truncated(self) -> bool:
        """Tell whether more came than was kept."""
        return self.size > len(self.content)

    def add(self, chunk: bytes, limit: int) -> None:
        """Count `chunk` and keep what fits below `limit` bytes."""
        self.size += len(chunk)
        if len(self.content) < limit:
            self.content += chunk[: limit - len(self.content)]


class Phase(NamedTuple):
    """A stretch of the exchange, in milliseconds since its start; a tuple, since each request makes five."""

    name: str
    """`receive`, `admit`, `credential`, `connect`, `upstream wait`, `stream`, `send`, …"""
    start_ms: float
    duration_ms: float


@dataclass(slots=True, repr=False)
class Trace:
    """One exchange: filled in by those who handle it, complete when `HttpExchanged` carries it.

    The repr shows no header and no body. Facts that a handler learns on the way (who, which grant, why refused) are
    set on the trace in `scope["devgw.trace"]`, so that one record tells the whole story.
    """

    id: TraceId
    started_at: datetime
    method: str
    path: str
    query: bytes = b""
    host: str = ""
    scheme: str = "http"
    peer: str = ""
    """Address and port of the other side."""
    http_version: str = "1.1"
    request_headers: Headers = field(default_factory=list)
    request_body: Body = field(default_factory=Body)
    status: int = 0
    """0 until an answer began; `CLIENT_LEFT` where the client left before one did."""
    response_headers: Headers = field(default_factory=list)
    response_body: Body = field(default_factory=Body)
    duration_ms: float = 0.0
    upstream_ms: float = 0.0
    phases: list[Phase] = field(default_factory=list)
    upstream_status: int | None = None
    upstream_url: str | None = None
    upstream_headers: Headers = field(default_factory=list)
    """What the upstream answered, before anything was dropped."""
    upstream_body: Body | None = None
    """What the upstream said, where the client was told something else."""

    asked: str = ""
    """What it was for, a value of `monitor.asked.Asked`, where the path does not tell: it is somebody else's."""
    kind: str = "page"
    """`mcp`, `metadata`, `oauth`, `page`, `registry`, `connect` or `other`."""
    client_id: ClientId | None = None
    client_name: str | None = None
    transaction_id: TransactionId | None = None
    grant_id: GrantId | None = None
    session_id: SessionId | None = None
    token_id: TokenId | None = None
    operation_id: OperationId | None = None
    subject_id: SubjectId | None = None
    mcp_method: str | None = None
    capability: str | None = None
    protocol_version: str | None = None
    outcome: str = "success"
    failure_origin: str | None = None
    reason_code: str | None = None
    explanation: str | None = None
    hint: str | None = None
    problem: Problem | None = None
    """The refusal as a value, with its facts: set where `Refused` is answered, read by diagnosis."""
    notes: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        """Show what it was, never what it carried."""
        return f"<Trace {self.id} {self.method} {self.path} {self.status}>"

    def header(self, name: bytes) -> str:
        """Return the first request header called `name` (lower case), or an empty string."""
        return next((value.decode("latin-1") for key, value in self.request_headers if key == name), "")

    def refuse(self, problem: Problem, outcome: Outcome = Outcome.FAILURE, origin: FailureOrigin | None = None) -> None:
        """Write down that it ends with `problem`; `origin` says whose fault it is where the problem does not know."""
        self.problem, self.outcome = problem, outcome
        self.failure_origin = origin or FailureOrigin.of(problem)
        self.reason_code, self.explanation, self.hint = problem.reason, problem.explain(), problem.advise()

    @property
    def diagnosis_id(self) -> str | None:
        """Return the page of its refusal in the catalogue; None where it was not refused or that is no failure."""
        return self.problem.diagnosis_id if self.problem else None

    def ending(self) -> dict[str, Any]:
        """Return what an event says of how it ended."""
        return {
            "outcome": Outcome(self.outcome),
            "failure_origin": FailureOrigin(self.failure_origin) if self.failure_origin else None,
            "reason_code": self.reason_code,
            "explanation": self.explanation,
            "hint": self.hint,
            "diagnosis_id": self.diagnosis_id,
            "problem": self.problem,
        }

    @property
    def user_agent(self) -> str:
        """Return what the client calls itself."""
        return self.header(b"user-agent")

    @property
    def gateway_ms(self) -> float:
        """Return the milliseconds that were spent here and not at the upstream."""
        return max(0.0, self.duration_ms - self.upstream_ms)
