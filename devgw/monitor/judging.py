"""Which flows are judged, and when: those that changed first, those that wait after them.

A tick has a budget of time. What it does not reach comes first in the next one, and a judgement goes on with the rule
at which it paused.
"""

from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from devgw.clock import Clock
from devgw.events.flow import Diagnosis, Flow
from devgw.events.guard import Guard
from devgw.events.trace import Trace
from devgw.ids import FlowId

BUDGET_NS = 6_000_000
"""Of one tick: the longest that requests wait for rules, but for the one rule that is being asked."""
_GATEWAY = FlowId("")
Judgement = Generator[None, None, Sequence[Diagnosis]]
"""Pauses after each rule, and returns what all of them say."""


class Diagnoser(Protocol):
    """Names what went wrong: rules that are asked again after each change."""

    def judge(self, flow: Flow, traces: Sequence[Trace], now: datetime) -> Judgement:
        """Judge a flow by what was seen and what failed to come.

        Args:
            flow: the flow as it stands.
            traces: its requests, oldest first, as far as they are still kept.
            now: the gateway's time, for absences.
        """

    def judge_gateway(self, now: datetime) -> Judgement:
        """Judge the gateway as a whole; asked once a second."""


class Judging:
    """The flows that are to be judged, in order."""

    def __init__(self, clock: Clock, guard: Guard, begin: Callable[[Flow | None], Judgement]) -> None:
        self._clock = clock
        self._guard = guard
        self._begin = begin
        self._changed: OrderedDict[FlowId, Flow] = OrderedDict()
        self._waiting: OrderedDict[FlowId, Flow | None] = OrderedDict()
        self._current: tuple[Flow | None, Judgement] | None = None
        self.done: Callable[[Flow | None, Sequence[Diagnosis]], None] = lambda _flow, _found: None
        """Told what was found of each flow; None stands for the gateway."""

    @property
    def is_idle(self) -> bool:
        """Tell whether everything that was to be judged is."""
        return not (self._changed or self._waiting or self._current)

    def add_changed(self, flows: Iterable[Flow]) -> None:
        """Let these flows be judged soon."""
        for flow in flows:
            self._changed.setdefault(flow.id, flow)

    def add_waiting(self, flows: Iterable[Flow]) -> None:
        """Let the gateway, and these flows in which nothing moved, be judged after those that changed."""
        self._waiting.setdefault(_GATEWAY, None)
        for flow in flows:
            self._waiting.setdefault(flow.id, flow)

    def forget(self, flow: Flow) -> None:
        """Judge this flow no more: it is kept no longer, and more may come than can be judged."""
        self._changed.pop(flow.id, None)
        self._waiting.pop(flow.id, None)

    def run(self) -> None:
        """Judge until everything is judged or the budget is spent."""
        until = self._clock.ticks() + BUDGET_NS
        while not self.is_idle:
            self._guard.call("diagnosis", self._on, self._step)
            if self._clock.ticks() >= until:
                return

    @property
    def _on(self) -> str:
        flow = self._current[0] if self._current else None
        return flow.id if flow is not None else "the gateway"

    def _step(self) -> None:
        """Begin the next judgement, or ask one rule more."""
        if self._current is None:
            flow = self._next()
            self._current = flow, self._begin(flow)
        flow, judgement = self._current
        try:
            next(judgement)
        except StopIteration as end:
            self._current = None
            self.done(flow, end.value)
        except BaseException:
            self._current = None
            raise

    def _next(self) -> Flow | None:
        if not self._changed:
            return self._waiting.popitem(last=False)[1]
        flow = self._changed.popitem(last=False)[1]
        self._waiting.pop(flow.id, None)
        return flow

    def clear(self) -> None:
        """Forget what was to be judged."""
        self._changed.clear()
        self._waiting.clear()
        self._current = None
