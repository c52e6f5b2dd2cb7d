"""One client's way from its first 401 to its first tool call: the value that everyone speaks about.

The monitor folds events into it, diagnosis judges it, the control stream sends it, the dashboard draws it. It carries
ids, fingerprints and sentences, never a secret: whoever fills a label masks first.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from devgw.ids import ClientId, FlowId, GrantId, OperationId, SessionId, SubjectId, TokenId, TraceId, TransactionId
from devgw.problems.base import Problem


class FlowState(StrEnum):
    """How a flow stands."""

    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"
    ABANDONED = "abandoned"


class Step(StrEnum):
    """The nine steps, in order; `letter` is the one that heads its column in the track `DRAICSKTM`."""

    DISCOVER = "discover"
    REGISTER = "register"
    AUTHORIZE = "authorize"
    LOGIN = "idp login"
    CALLBACK = "callback"
    CONSENT = "consent"
    CODE = "code"
    TOKEN = "token"
    MCP = "mcp"

    @property
    def letter(self) -> str:
        """Return the step's one letter."""
        return _LETTERS[self]

    @property
    def number(self) -> int:
        """Return its place, from 1."""
        return STEPS.index(self) + 1


STEPS: tuple[Step, ...] = tuple(Step)
_LETTERS = dict(zip(STEPS, "DRAICSKTM", strict=True))


class StepState(StrEnum):
    """How a step stands; the value is its one-character sign in a track."""

    NOT_REACHED = "."
    DONE = "#"
    NOW = ">"
    FAILED = "X"
    SKIPPED = "-"


class Lane(StrEnum):
    """Who speaks or is spoken to: one vertical line of the ladder."""

    CLIENT = "client"
    BROWSER = "browser"
    GATEWAY = "gateway"
    IDP = "idp"
    UPSTREAM = "upstream"


class Milestone(StrEnum):
    """The last thing seen of a flow: what the absence rules ask ("and then nothing for 30 s")."""

    NOTHING = ""
    PREFLIGHT = "preflight"
    MCP_401 = "mcp_401"
    RESOURCE_METADATA = "resource_metadata"
    SERVER_METADATA = "server_metadata"
    WELL_KNOWN_404 = "well_known_404"
    REGISTERED = "registered"
    REGISTRATION_REFUSED = "registration_refused"
    AUTHORIZATION_REFUSED = "authorization_refused"
    AUTHORIZATION_BEGUN = "authorization_begun"
    SENT_TO_IDP = "sent_to_idp"
    CALLBACK_REFUSED = "callback_refused"
    IDP_FAILED = "idp_failed"
    SIGNED_IN = "signed_in"
    CONSENT_SHOWN = "consent_shown"
    CONSENT_APPROVED = "consent_approved"
    CONSENT_DENIED = "consent_denied"
    CODE_SENT = "code_sent"
    TOKEN_REFUSED = "token_refused"
    TOKEN_ISSUED = "token_issued"
    TOKEN_REFRESHED = "token_refreshed"
    MCP_ACCEPTED = "mcp_accepted"
    MCP_401_WITH_TOKEN = "mcp_401_with_token"
    MCP_403 = "mcp_403"
    CONNECT_REQUIRED = "connect_required"


@dataclass(slots=True)
class StepMark:
    """One step of one flow: how it stands and since when."""

    step: Step
    state: StepState = StepState.NOT_REACHED
    at: datetime | None = None


@dataclass(slots=True)
class FlowMessage:
    """One arrow of the ladder."""

    number: int
    at: datetime
    sender: Lane
    receiver: Lane
    label: str
    """What travelled, in a few masked words: `POST /oauth/register`, `302 to the identity provider`."""
    step: Step | None = None
    trace_id: TraceId | None = None
    status: int | None = None
    failed: bool = False
    guessed: bool = False
    """True where only likeness (user agent, route, time) says that it belongs here."""


@dataclass(slots=True)
class StepFailure:
    """Why a flow stopped, as far as the refusal itself tells; `Diagnosis` may know better."""

    step: Step
    reason_code: str
    explanation: str = ""
    hint: str = ""
    source: str = ""
    problem: Problem | None = field(default=None, repr=False)
    """The refusal as a value; None where an upstream's answer is what failed."""
    origin: str | None = None
    """A `FailureOrigin`."""
    trace_id: TraceId | None = None
    at: datetime | None = None


@dataclass(slots=True, frozen=True)
class Diagnosis:
    """A named failure with its evidence and its fix."""

    id: str
    """As in the list of failures: `RURI-02`."""
    title: str
    cause: str
    fix: str
    evidence: tuple[str, ...] = ()
    """What was seen, or failed to come: one masked sentence each."""
    got: str = ""
    expected: str = ""
    source: str = ""
    """The clause or page that says so."""
    step: Step | None = None
    trace_ids: tuple[TraceId, ...] = ()
    certain: bool = True
    """False for a suspicion; those come after the certain ones, likeliest first."""
    at: datetime | None = None
    flow_id: FlowId | None = None
    """None for what concerns the gateway as a whole."""
    got_from: str = ""
    """Where `got` was seen: `redirect_uri of GET /oauth/authorize`."""
    expected_from: str = ""
    marks: tuple[str, str] = ("", "")
    """One line of `^` to be printed under `got` and one under `expected`; empty where nothing is compared."""
    gone_when: str = ""
    """What ends it, in words: `the code is redeemed`."""
    gone_at: datetime | None = None
    is_aside: bool = False
    """Whether it is of something that is not watched, and comes after all that is."""

    @property
    def gist(self) -> tuple[object, ...]:
        """Return what makes it worth being said anew: all but the words that count how long something lasts."""
        return self.id, self.certain, self.fix, self.got, self.expected, self.trace_ids


@dataclass(slots=True)
class Flow:
    """One client's way from its first 401 to its first tool call."""

    id: FlowId
    started_at: datetime
    user_agent: str = ""
    operation_id: OperationId | None = None
    state: FlowState = FlowState.ACTIVE
    ended_at: datetime | None = None
    last_at: datetime | None = None
    """When something of it was seen last."""
    last_seen: Milestone = Milestone.NOTHING
    last_words: str = ""
    """The last thing seen, in words for the list: `exchanging code`, `tools/list 200`."""

    client_id: ClientId | None = None
    client_name: str | None = None
    client_info: str = ""
    """`clientInfo.name` of its MCP messages: what it calls itself before it registers."""
    registered_by: str | None = None
    kept_copy: str | None = None
    """Which copy stood for the client's metadata document."""
    subject_id: SubjectId | None = None
    subject_email: str | None = None
    session_id: SessionId | None = None
    transaction_ids: list[TransactionId] = field(default_factory=list)
    """Oldest first: a client may ask more than once."""
    grant_id: GrantId | None = None
    code_id: TokenId | None = None
    token_ids: list[TokenId] = field(default_factory=list)
    trace_ids: list[TraceId] = field(default_factory=list)
    """Of every request that belongs to it, oldest first, bounded."""

    resource: str | None = None
    redirect_uri: str | None = None
    scope: str | None = None
    issuer: str | None = None
    protocol_version: str | None = None
    before: FlowId | None = None
    """The attempt of the same client that came before this one."""
    after: FlowId | None = None
    """The attempt with which its client began again."""
    attempt: int = 1
    """Which attempt of its client this is, as far as they are linked."""
    peers: list[str] = field(default_factory=list)
    """Address and port of the sockets over which the client itself asked, bounded."""
    hosts: list[str] = field(default_factory=list)
    """The host names under which the gateway was asked, in order of first use."""

    steps: list[StepMark] = field(default_factory=lambda: [StepMark(step) for step in STEPS])
    messages: list[FlowMessage] = field(default_factory=list)
    failure: StepFailure | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    """Certain ones first, likeliest first; replaced as a whole by the monitor."""
    needs_attention: bool = False
    """True where it ended well but not smoothly (`!` in the list)."""
    guessed: bool = False
    """True where its requests were joined by likeness alone."""
    let_in_beside: datetime | None = None
    """When a program with its user agent came in with a token, at once after what was asked here: perhaps this one."""

    @property
    def track(self) -> str:
        """Return the nine signs of its steps, such as `####X....`."""
        return "".join(mark.state.value for mark in self.steps)

    @property
    def transaction_id(self) -> TransactionId | None:
        """Return the newest pending authorization's id."""
        return self.transaction_ids[-1] if self.transaction_ids else None

    @property
    def step(self) -> Step:
        """Return the step that failed, or is under way, or was reached last."""
        for wanted in (StepState.FAILED, StepState.NOW):
            for mark in self.steps:
                if mark.state is wanted:
                    return mark.step
        return next((mark.step for mark in reversed(self.steps) if mark.state is StepState.DONE), Step.DISCOVER)

    def mark(self, step: Step) -> StepMark:
        """Return the mark of `step`, to read or to set."""
        return self.steps[STEPS.index(step)]
