"""The gateway itself: its configuration, its start and end, its faults, and the diagnoses it makes."""

from dataclasses import dataclass

from devgw.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigLoaded(Event):
    """A configuration took effect; `changes` say in words what differs from the one before."""

    generation: int
    routes: int
    warnings: int = 0
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRejected(Event):
    """A saved configuration has errors; the last good generation stays. `hint` is what mends the first of them."""

    generation: int
    """The one that stays."""
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStarted(Event):
    """The public port answers."""

    origin: str
    provider: str
    """`workos`, `workos-emulator`, `oidc`, `dev-login`, …"""
    mcp_urls: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStopping(Event):
    """The gateway is on its way down."""

    cause: str
    unfinished: tuple[str, ...] = ()
    """What was under way at a provider or upstream and could not be waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMet(Event):
    """Something failed that never should: a defect of devgw. The request was answered with a 500 and this trace id."""

    where: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperStateChanged(Event):
    """What works beside the requests failed, is down, or runs again; `explanation` is why, `hint` what mends it."""

    helper: str
    """As Health calls it: `configuration`, `housekeeping`, `WorkOS emulator`, …"""
    state: str
    """`running`, `limited`, `waiting` (it is started again), `down` (it still is, rarely), `stopped`.

    Of work that is done once: `failed`, and `done` where it failed before.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisMade(Event):
    """A failure was named; `reason_code` is the diagnosis id (`RURI-02`), `explanation` its cause, `hint` its fix."""

    diagnosis_id: str
    flow_id: str | None = None
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisWithdrawn(Event):
    """What was missing arrived, or the fault is gone."""

    diagnosis_id: str
    flow_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverFailed(Event):
    """Somebody who watches failed: a defect of devgw that changed nothing of what was decided."""

    who: str
    """The observer: `monitor`, `rule refusals`, …"""
    on: str
    """What it looked at: the name of an event, or the id of a flow or a request."""
    kind: str
    """The type of the exception."""
    times: int = 1
    """How often it failed since it was last told."""
    total: int = 1
    """Faults of all observers since the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverSetAside(Event):
    """Somebody who watches failed, or was slow, again and again: it is called no more until the next start."""

    who: str
    """`rule refusals`, `observer printer`."""
    cause: str
    """In words: `failed 3 times, last with RecursionError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsLost(Event):
    """More was published than could be observed: what stands on screens lacks these events."""

    lost: int
    total: int
    """Since the start."""
