"""The asking of rules: each guarded and timed, and one that fails or is slow again and again is asked no more."""

from datetime import datetime
from typing import TypeVar

from devgw.clock import Clock
from devgw.diagnosis.rule import RuleOver
from devgw.events.bus import Bus
from devgw.events.flow import Diagnosis

S = TypeVar("S")


class RuleAsker:
    """Asks rules one at a time, as long as they are fit to be asked."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._guard = bus.guard
        self._fitness = bus.fitness
        self._clock = clock

    def ask(self, rule: RuleOver[S], subject: S, now: datetime, on: str) -> list[Diagnosis]:
        """Return what `rule` says; nothing where it fails or was set aside.

        Args:
            rule: one of those in `rules/`.
            subject: a view for a `Rule`, the surroundings for a `GatewayRule`.
            now: the gateway's time.
            on: the id of the flow, for the record of a fault.
        """
        who = f"rule {rule.name}"
        if who in self._fitness.set_aside:
            return []
        began = self._clock.ticks()
        self._fitness.begin(began)
        try:
            return list(rule.ask(subject, now))
        except Exception as error:  # noqa: BLE001  whatever a rule does, the others are asked
            self._guard.failed(who, on, error)
            self._fitness.note_failure(who, type(error).__name__)
            return []
        finally:
            self._fitness.note_time(who, began, self._clock.ticks())
