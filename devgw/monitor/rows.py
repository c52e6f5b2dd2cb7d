"""The rows that every face shows: plain JSON types, times as epoch seconds of the gateway's clock, secrets masked.

A row leaves out what is empty when it travels, so every default is falsy. `seq` is the monitor's count at its last
change.
"""

from dataclasses import dataclass, field
from typing import Any

from devgw.monitor.row import Row


@dataclass(slots=True)
class FlowRow(Row):
    """A flow as the list shows it."""

    id: str
    state: str
    """`active`, `done`, `failed`, `abandoned`."""
    started: float
    track: str
    """Nine signs: `#` done, `>` now, `X` failed, `.` not reached, `-` skipped."""
    step: str
    """The step that failed, is under way, or was reached last."""
    ended: float = 0.0
    last: float = 0.0
    client: str = ""
    """Its name, or its user agent while the name is unknown."""
    client_id: str = ""
    user_agent: str = ""
    operation_id: str = ""
    why: str = ""
    """Why it failed, or the last thing seen, in a few words."""
    reason_code: str = ""
    waiting_for: str = ""
    """The lane that must act next: `client`, `browser`, `idp`, `upstream`."""
    subject_id: str = ""
    email: str = ""
    session_id: str = ""
    transaction_id: str = ""
    grant_id: str = ""
    messages: int = 0
    diagnoses: list[str] = field(default_factory=list)
    """Ids such as `RURI-02`, the certain and likeliest first."""
    needs_attention: bool = False
    guessed: bool = False
    attempt: int = 0
    """Which attempt of its client it is, from the second on."""
    before: str = ""
    """The attempt before it."""
    kept_copy: str = ""
    """Which copy stands for its client's metadata document, where the network did not let that through."""
    run: float = 0.0
    """When the gateway had started that saw it, of one of an earlier run; 0 for this run."""
    seq: int = 0


@dataclass(slots=True)
class TraceRow(Row):
    """One HTTP exchange as the list shows it."""

    id: str
    at: float
    method: str
    path: str
    """With its query, secrets masked."""
    status: int = 0
    ms: float = 0.0
    upstream_ms: float = 0.0
    size: int = 0
    """Bytes of the answer's body."""
    request_size: int = 0
    kind: str = ""
    client: str = ""
    client_id: str = ""
    flow_id: str = ""
    transaction_id: str = ""
    operation_id: str = ""
    token_id: str = ""
    grant_id: str = ""
    session_id: str = ""
    subject_id: str = ""
    mcp_method: str = ""
    capability: str = ""
    protocol_version: str = ""
    outcome: str = ""
    failure_origin: str = ""
    reason_code: str = ""
    diagnosis_id: str = ""
    note: str = ""
    """What it was, or why it was refused, in a few words."""
    under_way: str = ""
    """For what it waits and since when, of one that is not over; empty of all in the list."""
    seq: int = 0


@dataclass(slots=True)
class TokenRow(Row):
    """A token or code that was issued, or one that the identity provider or an upstream gave."""

    id: str
    """`at:4be1…`: kind and fingerprint, never the secret."""
    kind: str
    """`access`, `refresh`, `code`, `idp`, `upstream`."""
    state: str
    """`live`, `spent` (a code redeemed, a refresh token rotated), `revoked`, `replayed`; `expires` tells expiry."""
    issued: float
    expires: float = 0.0
    """0 means never."""
    client: str = ""
    client_id: str = ""
    grant_id: str = ""
    subject_id: str = ""
    email: str = ""
    session_id: str = ""
    operation_id: str = ""
    upstream_id: str = ""
    resource: str = ""
    scope: str = ""
    parent: str = ""
    """The code or refresh token for which it was issued."""
    uses: int = 0
    last_used: float = 0.0
    ended: float = 0.0
    """When it was spent or revoked."""
    ended_by: str = ""
    refused_after: int = 0
    """How often it was shown, and refused, after it had ended: the proof of a revocation."""
    last_refused: float = 0.0
    flow_id: str = ""
    seq: int = 0


@dataclass(slots=True)
class GrantRow(Row):
    """What a subject allowed a client on one route, with its family of tokens."""

    id: str
    state: str
    """`live` or `revoked`."""
    created: float
    client: str = ""
    client_id: str = ""
    operation_id: str = ""
    subject_id: str = ""
    email: str = ""
    resource: str = ""
    scope: str = ""
    session_id: str = ""
    tokens: int = 0
    """How many of its tokens are live."""
    rotations: int = 0
    last_used: float = 0.0
    ended: float = 0.0
    ended_by: str = ""
    flow_id: str = ""
    seq: int = 0


@dataclass(slots=True)
class SessionRow(Row):
    """A signed-in browser."""

    id: str
    state: str
    """`live` or `ended`."""
    started: float
    expires: float = 0.0
    idle_expires: float = 0.0
    last: float = 0.0
    subject_id: str = ""
    email: str = ""
    name: str = ""
    browser: str = ""
    """Its user agent."""
    grants: int = 0
    flows: int = 0
    ended: float = 0.0
    ended_by: str = ""
    seq: int = 0


@dataclass(slots=True)
class ClientRow(Row):
    """An OAuth client that became known."""

    id: str
    name: str
    state: str
    """`known`, `deleted`, or `refused` (its registration or metadata document was)."""
    registered_by: str
    """`dcr`, `cimd`, `configured`."""
    created: float = 0.0
    expires: float = 0.0
    last: float = 0.0
    redirect_uris: list[str] = field(default_factory=list)
    auth_method: str = ""
    user_agent: str = ""
    tokens: int = 0
    """How many live tokens it holds."""
    grants: int = 0
    flows: int = 0
    kept_copy: str = ""
    """Which copy stood for its metadata document, where the network did not let that through."""
    refusals: int = 0
    seq: int = 0


@dataclass(slots=True)
class UpstreamRow(Row):
    """An upstream MCP server behind one route."""

    id: str
    """The route's operation id."""
    name: str
    url: str
    state: str
    """`unknown`, `ok`, `failing`."""
    auth_mode: str = ""
    upstream_id: str = ""
    """The id of its token-exchange policy, where one is attached."""
    requests: int = 0
    errors: int = 0
    last: float = 0.0
    last_status: int = 0
    last_error: str = ""
    last_error_at: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    connected: list[str] = field(default_factory=list)
    """Subjects for whom a credential is held."""
    seq: int = 0


@dataclass(slots=True)
class DiagnosisRow(Row):
    """A named failure, as often as it was met."""

    id: str
    """`RURI-02`."""
    title: str
    state: str
    """`open` or `withdrawn`."""
    severity: str
    """`error` where certain, `warning` where suspected."""
    count: int = 0
    first: float = 0.0
    last: float = 0.0
    cause: str = ""
    fix: str = ""
    got: str = ""
    expected: str = ""
    source: str = ""
    evidence: list[str] = field(default_factory=list)
    flow_ids: list[str] = field(default_factory=list)
    trace_ids: list[str] = field(default_factory=list)
    seq: int = 0


@dataclass(slots=True)
class EventLine(Row):
    """One event as a line."""

    seq: int
    at: float
    name: str
    """`mcp_auth_code_issued`."""
    text: str
    """One readable line, without the time."""
    outcome: str = ""
    severity: str = ""
    """Empty, `good`, `warning` or `error`."""
    is_detail: bool = False
    """True for what a reader of lines can do without (each accepted request, each metadata fetch)."""
    reason_code: str = ""
    diagnosis_id: str = ""
    """The page of the refusal in the catalogue."""
    explanation: str = ""
    hint: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    """What is known, by the contract's names (`operationId`, `gatewayMs`, …)."""
