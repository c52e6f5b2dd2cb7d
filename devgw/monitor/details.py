"""One record opened in full: fetched by id when a face opens it, never streamed."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from devgw.monitor.row import Row
from devgw.monitor.rows import ClientRow, FlowRow, GrantRow, SessionRow, TokenRow, TraceRow, UpstreamRow


@dataclass(slots=True)
class StepView(Row):
    """One step of a flow."""

    step: str
    sign: str
    """As in `FlowRow.track`."""
    at: float = 0.0


@dataclass(slots=True)
class MessageView(Row):
    """One arrow of a flow's ladder."""

    number: int
    at: float
    sender: str
    receiver: str
    """`client`, `browser`, `gateway`, `idp`, `upstream`."""
    label: str
    step: str = ""
    trace_id: str = ""
    status: int = 0
    failed: bool = False
    guessed: bool = False


@dataclass(slots=True)
class FailureView(Row):
    """Why a flow stopped; a diagnosis of it may not be made yet, or never where the client helps itself."""

    step: str
    reason_code: str
    explanation: str = ""
    hint: str = ""
    source: str = ""
    origin: str = ""
    trace_id: str = ""
    at: float = 0.0
    id: str = ""
    """What the refusal is called in the catalogue, as its page and its error body say: `REG-02`."""
    title: str = ""


@dataclass(slots=True)
class DiagnosisView(Row):
    """A named failure of one flow."""

    id: str
    title: str
    cause: str
    fix: str
    evidence: list[str] = field(default_factory=list)
    got: str = ""
    expected: str = ""
    got_from: str = ""
    """Where `got` was seen: `redirect_uri of GET /oauth/authorize`."""
    expected_from: str = ""
    gone_when: str = ""
    """What ends it, in words."""
    got_marks: str = ""
    """A line of `^` under `got`: what differs."""
    expected_marks: str = ""
    source: str = ""
    step: str = ""
    trace_ids: list[str] = field(default_factory=list)
    certain: bool = False
    at: float = 0.0


@dataclass(slots=True)
class FlowDetail(Row):
    """A flow opened: its ladder, why it stopped, what hangs on it, and a report to paste into an issue."""

    NESTED: ClassVar[dict[str, type[Row]]] = {
        "row": FlowRow,
        "steps": StepView,
        "messages": MessageView,
        "failure": FailureView,
        "diagnoses": DiagnosisView,
        "tokens": TokenRow,
    }

    row: FlowRow
    steps: list[StepView] = field(default_factory=list)
    messages: list[MessageView] = field(default_factory=list)
    failure: FailureView | None = None
    diagnoses: list[DiagnosisView] = field(default_factory=list)
    tokens: list[TokenRow] = field(default_factory=list)
    resource: str = ""
    redirect_uri: str = ""
    scope: str = ""
    issuer: str = ""
    protocol_version: str = ""
    hosts: list[str] = field(default_factory=list)
    attempt: str = ""
    """`2nd attempt; the 1st (f-1) failed at authorize: RURI-02`; empty for a first one."""
    report: str = ""
    """Markdown, masked."""


@dataclass(slots=True)
class CaseView(Row):
    """One thing that went wrong, or is suspected: with the flow in which it did, where there is one."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"flow": FlowRow, "diagnoses": DiagnosisView, "failure": FailureView}

    flow: FlowRow | None = None
    diagnoses: list[DiagnosisView] = field(default_factory=list)
    failure: FailureView | None = None
    """Why the flow stopped, where no diagnosis says it."""
    attempt: str = ""
    """Which attempt of its client it is, and where the one before ended, in words; empty where it is the first."""
    mended: str = ""
    """What went well since, in words; empty while nothing did."""
    since: str = ""
    """What went well since and may be another's, in words: it is not known whether this is mended."""


@dataclass(slots=True)
class WhyDetail(Row):
    """Why something went wrong: the newest certain failure first, then suspicions, then what is over or may be."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"cases": CaseView}

    cases: list[CaseView] = field(default_factory=list)
    flows: int = 0
    """How many flows there are at all."""


@dataclass(slots=True)
class HeaderView(Row):
    """One header, its value masked where it is secret; `place` names it to `reveal`."""

    name: str
    value: str
    place: str = ""
    """Empty where nothing is masked."""


@dataclass(slots=True)
class BodyView(Row):
    """A body as text, secrets masked."""

    text: str = ""
    size: int = 0
    media_type: str = ""
    truncated: bool = False
    binary: bool = False
    places: list[str] = field(default_factory=list)
    """The places that `reveal` opens, such as `request.body.code_verifier`."""


@dataclass(slots=True)
class PhaseView(Row):
    """A stretch of an exchange, in milliseconds since its start."""

    name: str
    start_ms: float = 0.0
    ms: float = 0.0


@dataclass(slots=True)
class TraceDetail(Row):
    """An exchange opened: both messages with their secrets masked, and its timing."""

    NESTED: ClassVar[dict[str, type[Row]]] = {
        "row": TraceRow,
        "phases": PhaseView,
        "request_headers": HeaderView,
        "response_headers": HeaderView,
        "request_body": BodyView,
        "response_body": BodyView,
    }

    row: TraceRow
    url: str = ""
    http_version: str = ""
    peer: str = ""
    phases: list[PhaseView] = field(default_factory=list)
    request_headers: list[HeaderView] = field(default_factory=list)
    response_headers: list[HeaderView] = field(default_factory=list)
    request_body: BodyView = field(default_factory=BodyView)
    response_body: BodyView = field(default_factory=BodyView)
    places: list[str] = field(default_factory=list)
    """Places outside headers and bodies that `reveal` opens: `request.query.code`."""
    upstream_url: str = ""
    upstream_status: int = 0
    explanation: str = ""
    hint: str = ""
    notes: list[str] = field(default_factory=list)
    curl: str = ""
    """The request as a command, secrets as `$DEVGW_TOKEN`."""


@dataclass(slots=True)
class UnderWayView(Row):
    """The requests that are not over, the longest first."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"rows": TraceRow}

    rows: list[TraceRow] = field(default_factory=list)


@dataclass(slots=True)
class TokenCheckView(Row):
    """One check of an identity provider's token, with both values."""

    name: str
    passed: bool = False
    got: str = ""
    expected: str = ""


@dataclass(slots=True)
class JwtView(Row):
    """A JWT of the identity provider, taken apart."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"checks": TokenCheckView}

    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    signature: str = ""
    """In words: `good, key abc`, `not verified: kid not in JWKS`."""
    checks: list[TokenCheckView] = field(default_factory=list)


@dataclass(slots=True)
class TokenDetail(Row):
    """A token opened: its family in order of issue, the requests that showed it, and its claims where it is a JWT."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"row": TokenRow, "family": TokenRow, "used_by": TraceRow, "jwt": JwtView}

    row: TokenRow
    family: list[TokenRow] = field(default_factory=list)
    used_by: list[TraceRow] = field(default_factory=list)
    jwt: JwtView | None = None
    verdict: list[str] = field(default_factory=list)
    """Sentences: `accepted at /mcp/calc`, `refused elsewhere: bound to one route`."""


@dataclass(slots=True)
class GrantDetail(Row):
    """A grant opened."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"row": GrantRow, "tokens": TokenRow}

    row: GrantRow
    tokens: list[TokenRow] = field(default_factory=list)


@dataclass(slots=True)
class ClientDetail(Row):
    """A client opened: its metadata, grants and flows."""

    NESTED: ClassVar[dict[str, type[Row]]] = {
        "row": ClientRow,
        "grants": GrantRow,
        "tokens": TokenRow,
        "flows": FlowRow,
    }

    row: ClientRow
    metadata: dict[str, Any] = field(default_factory=dict)
    """Secrets masked."""
    grants: list[GrantRow] = field(default_factory=list)
    tokens: list[TokenRow] = field(default_factory=list)
    flows: list[FlowRow] = field(default_factory=list)


@dataclass(slots=True)
class SessionDetail(Row):
    """A browser session opened."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"row": SessionRow, "grants": GrantRow, "flows": FlowRow}

    row: SessionRow
    grants: list[GrantRow] = field(default_factory=list)
    flows: list[FlowRow] = field(default_factory=list)


@dataclass(slots=True)
class UpstreamDetail(Row):
    """An upstream opened."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"row": UpstreamRow, "tokens": TokenRow, "traces": TraceRow}

    row: UpstreamRow
    tokens: list[TokenRow] = field(default_factory=list)
    traces: list[TraceRow] = field(default_factory=list)
