"""What commands come to."""

from dataclasses import dataclass, field

from devgw.monitor.row import Row


@dataclass(slots=True)
class Consequences(Row):
    """What a revocation will end, or has ended."""

    kind: str
    id: str
    label: str = ""
    """What is revoked, in words: `refresh token rt:51aa… (claude-code)`."""
    token_ids: list[str] = field(default_factory=list)
    grant_ids: list[str] = field(default_factory=list)
    session_ids: list[str] = field(default_factory=list)
    client_ids: list[str] = field(default_factory=list)
    flow_ids: list[str] = field(default_factory=list)
    """Flows under way that will fail."""
    effect: str = ""
    """The next thing that will be seen: `the next call answers 401 invalid_token`."""
    undo_id: str = ""
    """What `undo` takes; empty where nothing can be undone."""
    undo_until: float = 0.0
    already_over: bool = False
    """True where it had ended or expired before."""


@dataclass(slots=True)
class ClockView(Row):
    """What time it is for a gateway and its emulators."""

    now: float
    ahead: float = 0.0
    """Seconds by which it was moved forwards."""
    frozen: float = 0.0
    """The moment at which it stands still; 0 while it goes."""
    note: str = ""
    """Who does not follow, in a sentence."""


@dataclass(slots=True)
class Revealed(Row):
    """One secret, opened on purpose."""

    place: str
    value: str
    fingerprint: str = ""


@dataclass(slots=True)
class Copied(Row):
    """Text for the clipboard, secrets masked."""

    kind: str
    text: str
    note: str = ""
    """What was left out: `the token is $DEVGW_TOKEN`."""


@dataclass(slots=True)
class FaultRow(Row):
    """What can be made to go wrong at an emulator."""

    name: str
    place: str
    """`WorkOS` or `upstream`."""
    meaning: str
    """What is seen from outside."""
    is_set: bool = False
    left: int = 0
    """How often it still happens; 0 where it is set until it is cleared."""
