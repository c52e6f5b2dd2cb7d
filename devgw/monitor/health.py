"""How the gateway and those on whom it depends are doing, as far as the events tell."""

from collections import deque
from datetime import datetime

from devgw.events.bus import Published
from devgw.events.taxonomy import (
    ClockSkewMeasured,
    ConfigLoaded,
    Event,
    EventsLost,
    FaultMet,
    GatewayStarted,
    GatewayStopping,
    McpAuthJwksFetched,
    McpAuthLoginFinished,
    McpAuthProviderAnswered,
    ObserverFailed,
    Outcome,
)
from devgw.events.trace import Trace
from devgw.foreign.spans import span_text
from devgw.monitor.book import Count
from devgw.monitor.moments import stamp
from devgw.monitor.upstreams import percentile
from devgw.monitor.views import OWN_CLOCK, PROBED, UPSTREAM, CheckRow, HealthView, KeyChange, StateChange

_SECONDS = 60
_SECOND_NS = 1_000_000_000
_CHANGES_KEPT = 8
_SKEW_WARNING = 5.0
_CLOCK = "clock"
_SKEW_BAD = 60.0
"""The leeway with which tokens of the identity provider are checked."""


_SET_BACK = "It was moved on purpose: `devgw clock reset` shows the machine's time again."
_ASIDE = "Start devgw again to have it back, and report it: a defect of devgw, unless this machine was overloaded."

_REPORT = "Do it again; if it fails again, report it with trace {} and the end of gateway.log in the state directory."


class Health:
    """Checks by name, and the rate of requests."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self.view = HealthView()
        self._checks: dict[str, CheckRow] = {}
        self._wrong_upstreams: set[str] = set()
        """Operation ids whose upstream a probe found wrong, until a call goes through."""
        self.let_in_at: datetime | None = None
        """When somebody signed in at the provider last."""
        self._second: int | None = None
        """The one that is counted, by the steady clock: the gateway's own time may stand still, or jump."""
        self._in_second = 0
        self._rates: deque[int] = deque(maxlen=_SECONDS)
        self._durations: deque[float] = deque(maxlen=200)
        self.changed = count.up()

    def fold(self, published: Published, event: Event) -> None:
        """Take in what an event says about somebody's health."""
        match event:
            case FaultMet():
                self.view.faults += 1
                self._met(published, event)
            case ObserverFailed() | EventsLost():
                self._watching(published, event)
            case ConfigLoaded():
                self._forget_probes()
            case GatewayStarted():
                self._judge("gateway", "ok", f"answers at {event.origin}", published.at)
            case GatewayStopping():
                self._judge("gateway", "warning", f"stopping: {event.cause}", published.at)
            case _:
                self._provider(published, event)

    def _met(self, published: Published, event: FaultMet) -> None:
        """Say which request a defect of ours broke: nobody who asks why may hear that all is well."""
        text = f"{event.explanation or f'{event.kind} in {event.where}'}: a defect of devgw"
        self.judge(CheckRow("gateway", "bad", text, at=stamp(published.at), fix=_REPORT.format(event.trace_id)))

    def _provider(self, published: Published, event: Event) -> None:
        """Take in what was seen of the identity provider; what is newer replaces what was said before."""
        match event:
            case McpAuthProviderAnswered():
                text = f"answered {event.status}" if event.status else f"no answer: {event.error}"
                self._judge("identity provider", _provider_state(event), text, published.at, event.duration_ms)
            case McpAuthJwksFetched():
                self._keys(published, event)
            case ClockSkewMeasured():
                self._skew(event.skew_seconds, published.at)
            case McpAuthLoginFinished(outcome=Outcome.SUCCESS):
                self.let_in_at = published.at
                self._overrule("provider.", "a login went through", published.at)

    def _watching(self, published: Published, event: ObserverFailed | EventsLost) -> None:
        """Say what is wrong with the watching itself; what was decided is not touched by it."""
        match event:
            case ObserverFailed():
                self.view.observer_faults = event.total
                faults = "1 fault" if event.total == 1 else f"{event.total} faults"
                text = f"{faults} of observers, the last: {event.who} on {event.on}, {event.kind}"
                self._judge("observers", "warning", f"{text}; a defect of devgw", published.at)
            case EventsLost():
                text = f"{event.total} events came faster than they could be observed: rows and counts lack them"
                self._judge("journal", "warning", text, published.at)

    def set_aside(self, who: str, cause: str, at: datetime) -> None:
        """Say that somebody who watches is called no more."""
        text = f"{cause}: set aside until the next start"
        self.judge(CheckRow(who, "warning", text, at=stamp(at), fix=_ASIDE))

    def _keys(self, published: Published, event: McpAuthJwksFetched) -> None:
        good = event.error is None and (event.status or 0) < 400
        self.view.jwks_url = event.url
        if good:
            self._note_change(event, published.at)
            self.view.jwks_key_ids, self.view.jwks_fetched = list(event.key_ids), stamp(published.at)
        count = "1 key" if len(event.key_ids) == 1 else f"{len(event.key_ids)} keys"
        text = count if good else event.error or f"answered {event.status}"
        missing = event.wanted_key_id and event.wanted_key_id not in event.key_ids
        state = "warning" if good and missing else "ok" if good else "bad"
        self._judge(
            "jwks",
            state,
            f"{text}, none called {event.wanted_key_id}" if missing else text,
            published.at,
            event.duration_ms,
        )

    def _note_change(self, event: McpAuthJwksFetched, at: datetime) -> None:
        """Write down that the keys are others than before, and for which token that was noticed."""
        before, now = self.view.jwks_key_ids, list(event.key_ids)
        if before and set(before) != set(now):
            gone, came = ([each for each in one if each not in other] for one, other in ((before, now), (now, before)))
            change = KeyChange(stamp(at), gone, came, event.wanted_key_id or "")
            self.view.jwks_changes = [change, *self.view.jwks_changes[: _CHANGES_KEPT - 1]]

    def _skew(self, skew: float, at: datetime) -> None:
        size = abs(skew)
        self.view.skew_seconds, self.view.skew_measured = round(skew, 1), stamp(at)
        state = "bad" if size > _SKEW_BAD else "warning" if size > _SKEW_WARNING else "ok"
        side = "ahead of" if skew > 0 else "behind"
        self._judge(_CLOCK, state, f"the provider is {size:.0f} s {side} us" if size >= 1 else "in step", at)

    def _overrule(self, prefix: str, evidence: str, at: datetime) -> None:
        """Take back what a probe found wrong where it works by now."""
        wrong = [each.name for each in self._checks.values() if each.name.startswith(prefix) and each.state != "ok"]
        for name in wrong:
            self._judge(name, "ok", f"{evidence} since this was found wrong", at)

    def _forget_probes(self) -> None:
        """Forget what was probed with another configuration."""
        for name in [name for name in self._checks if name.startswith(PROBED)]:
            self.forget(name)

    def _judge(self, name: str, state: str, text: str, at: datetime, ms: float = 0.0) -> None:
        self.judge(CheckRow(name, state, text, round(ms, 1), stamp(at)))

    def judge(self, check: CheckRow) -> None:
        """Take over the verdict on one thing, from whoever looked after it."""
        before = self._checks.get(check.name)
        check.changed = before.changed if before and before.state == check.state else check.at
        check.history = before.history if before else []
        if before and before.state != check.state:
            was = StateChange(before.changed, check.at, before.state, before.text)
            check.history = [was, *before.history[: _CHANGES_KEPT - 1]]
        self._checks[check.name] = check
        if check.name.startswith(UPSTREAM):
            note = self._wrong_upstreams.discard if check.state == "ok" else self._wrong_upstreams.add
            note(check.name.removeprefix(UPSTREAM))
        self.changed = self._count.up()

    def set_clock(self, ahead: float, frozen: float, at: datetime) -> None:
        """Say that the gateway's clock is another than the machine's; nothing where it is the same."""
        self.view.clock_ahead, self.view.clock_frozen = round(ahead), frozen
        if frozen or self.view.clock_ahead:
            text = "it stands still" if frozen else f"{span_text(ahead)} ahead of the machine's"
            self.judge(CheckRow(OWN_CLOCK, "warning", text, at=stamp(at), fix=_SET_BACK, is_inside=True))
        else:
            self.forget(OWN_CLOCK)
        self.changed = self._count.up()

    def forget(self, name: str) -> None:
        """Look after this no more."""
        self._wrong_upstreams.discard(name.removeprefix(UPSTREAM))
        if self._checks.pop(name, None) is not None:
            self.changed = self._count.up()

    @property
    def is_probe_due(self) -> bool:
        """Tell whether something is wrong that a probe would take back once it is mended."""
        checks = self._checks.values()
        return any(each.state == "bad" and each.name.startswith((*PROBED, _CLOCK)) for each in checks)

    def exchanged(self, trace: Trace, now: datetime, ticks: int) -> None:
        """Count one request, at so many steady nanoseconds. On the hot path."""
        self.view.requests += 1
        self._durations.append(trace.duration_ms)
        self._turn(ticks // _SECOND_NS)
        self._in_second += 1
        if self._wrong_upstreams and trace.operation_id in self._wrong_upstreams and trace.outcome == Outcome.SUCCESS:
            self._overrule(f"{UPSTREAM}{trace.operation_id}", "a call went through", now)

    def _turn(self, second: int) -> None:
        """Close the seconds that are over."""
        if second == self._second:
            return
        if self._second is not None:
            silent = min(_SECONDS, second - self._second - 1)
            self._rates.extend([self._in_second, *[0] * silent])
        self._second, self._in_second = second, 0

    def tick(self, ticks: int) -> None:
        """Close the second, at so many steady nanoseconds.

        The view changes once a second while requests come, and once after.
        """
        before = list(self._rates)
        self._turn(ticks // _SECOND_NS)
        if list(self._rates) != before:
            self.changed = self._count.up()

    def look(self) -> HealthView:
        """Return the view, put together now."""
        self.view.checks = list(self._checks.values())
        self.view.rates = list(self._rates)
        self.view.rate = float(self._rates[-1]) if self._rates else 0.0
        self.view.p95_ms = round(percentile(self._durations, 0.95), 1)
        self.view.seq = self.changed
        return self.view


def _provider_state(event: McpAuthProviderAnswered) -> str:
    if event.status is None or event.status >= 500:
        return "bad"
    return "warning" if event.status >= 400 or event.error else "ok"
