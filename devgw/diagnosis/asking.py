"""The asking of rules: each guarded and timed, and one that fails or is slow again and again is asked no more."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from devgw.clock import Clock
from devgw.diagnosis.rule import GatewayRule, Rule
from devgw.diagnosis.surroundings import Surroundings
from devgw.diagnosis.view import View
from devgw.events.bus import Bus
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import Outcome, RuleSetAside

S = TypeVar("S", View, Surroundings)
OFTEN = 3
SLOW_NS = 100_000_000
"""A rule that takes so long holds up every request: it takes a thousandth of that where it works from indexes."""
SLOW_WITHIN_NS = 60_000_000_000
"""Slowness counts where it comes again within a minute: a machine that slept makes any rule slow once."""


class RuleAsker:
    """Asks rules one at a time, and remembers which of them are fit to be asked."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._failures: dict[str, int] = {}
        self._slow: dict[str, list[int]] = {}
        self.set_aside: dict[str, str] = {}
        """Why, by the name of the rule."""

    def ask(self, rule: Rule | GatewayRule, subject: View | Surroundings, now: datetime, on: str) -> list[Diagnosis]:
        """Return what `rule` says; nothing where it fails or was set aside.

        Args:
            rule: one of those in `rules/`.
            subject: a view for a `Rule`, the surroundings for a `GatewayRule`.
            now: the gateway's time.
            on: the id of the flow, for the record of a fault.
        """
        name = rule.name
        if name in self.set_aside:
            return []
        began = self._clock.ticks()
        try:
            return list(_check(rule)(subject, now))
        except Exception as error:  # noqa: BLE001  whatever a rule does, the others are asked
            self._bus.guard.failed(f"rule {name}", on, error)
            self._note_failure(name, type(error).__name__)
            return []
        finally:
            self._note_time(name, self._clock.ticks(), began)

    def _note_failure(self, name: str, kind: str) -> None:
        self._failures[name] = self._failures.get(name, 0) + 1
        if self._failures[name] >= OFTEN:
            self._set_aside(name, f"failed {self._failures[name]} times, last with {kind}")

    def _note_time(self, name: str, ended: int, began: int) -> None:
        if ended - began < SLOW_NS:
            return
        recent = [each for each in self._slow.get(name, []) if ended - each < SLOW_WITHIN_NS]
        self._slow[name] = [*recent, ended]
        if len(self._slow[name]) >= OFTEN:
            self._set_aside(name, f"was slow {OFTEN} times within a minute, last {(ended - began) / 1e6:.0f} ms")

    def _set_aside(self, name: str, cause: str) -> None:
        if name not in self.set_aside:
            self.set_aside[name] = cause
            self._bus.publish(RuleSetAside(rule=name, cause=cause, outcome=Outcome.FAILURE))


def _check(rule: Rule | GatewayRule) -> Callable[..., Iterable[Diagnosis]]:
    return rule.check
