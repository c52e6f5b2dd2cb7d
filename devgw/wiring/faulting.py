"""Faults on purpose: what the emulators that run can be made to do wrong, and that Health says so while it lasts."""

import asyncio
from typing import Any

from devgw.clock import Clock
from devgw.control.actions import NotPossible
from devgw.control.commands import FaultRow
from devgw.monitor.health import Health
from devgw.monitor.views import CheckRow
from devgw.wiring.companions import Companions

WORKOS, UPSTREAM = "WorkOS", "upstream"
HEALTH_ROW = "faults on purpose"
EVERY = 1.0
_CLEAR = "`devgw fault --clear` ends it."


class Faults:
    """What can be made to go wrong, by one name each, whichever emulator has it."""

    def __init__(self, companions: Companions, health: Health, clock: Clock) -> None:
        self._companions = companions
        self._health = health
        self._clock = clock

    def rows(self) -> list[FaultRow]:
        """Return every fault of the emulators that run, and how it is set."""
        return [*self._of_workos(), *self._of_upstream()]

    def set(self, name: str, times: int, seconds: float) -> None:
        """Let a fault happen so many times, or until it is cleared where `times` is 0.

        Raises:
            NotPossible: where no emulator that runs has one of this name.
        """
        wanted = name.replace("_", "-").casefold()
        found = next((each for each in self.rows() if each.name == wanted), None)
        if found is None:
            raise NotPossible(f"There is no fault {name} here.", self._known(wanted))
        if found.place == WORKOS:
            self._arm(wanted, times)
        else:
            from devgw.emulators.upstream_auth import SampleFault  # noqa: PLC0415  only where that emulator runs

            fault = next(each for each in SampleFault if each.value == wanted.replace("-", "_"))
            self._companions.upstream_auth.faults.set(fault, times=times or None, seconds=seconds)
        self.look()

    def clear(self) -> None:
        """Let nothing go wrong on purpose any more."""
        if (emulator := self._companions.emulator) is not None:
            emulator.faults.clear()
            for environment in emulator.environments.values():
                environment.remember()
        if (upstream := self._companions.upstream_auth) is not None:
            upstream.faults.clear()
        self.look()

    async def run(self) -> None:
        """Keep the row in Health, until cancelled: faults are used up, or set at an emulator, and emulators begin."""
        while True:
            for each in (self._companions.emulator, self._companions.upstream_auth):
                if each is not None:
                    each.faults.on_change = self.look
            self.look()
            await asyncio.sleep(EVERY)

    def look(self) -> None:
        """Say in Health what is set now, and nothing where nothing is."""
        found = (
            []
            if self._is_quiet()
            else [
                f"{each.name} at {each.place}{f', {each.left} more' if each.left else ''}"
                for each in self.rows()
                if each.is_set
            ]
        )
        if found:
            text = f"set: {'; '.join(found)}"
            self._health.judge(CheckRow(HEALTH_ROW, "warning", text, at=self._clock.now().timestamp(), fix=_CLEAR))
        else:
            self._health.forget(HEALTH_ROW)

    def _is_quiet(self) -> bool:
        """Tell whether nothing is set, which is so for most seconds, without a look at all that could be."""
        emulator, upstream = self._companions.emulator, self._companions.upstream_auth
        is_sound = emulator is None or not any(each.has_forgotten for each in emulator.environments.values())
        return is_sound and not (emulator and emulator.faults.armed()) and not (upstream and upstream.faults.is_any_set)

    def _known(self, wanted: str) -> str:
        from devgw.config.finding import nearest_name  # noqa: PLC0415  rarely wanted

        names = [each.name for each in self.rows()]
        if not names:
            return "No emulator runs: faults are those of the emulated WorkOS and of the sample upstream with OAuth."
        nearest = nearest_name(wanted, names)
        return f"Did you mean {nearest}?" if nearest else "`devgw fault` lists them."

    def _arm(self, name: str, times: int) -> None:
        from devgw.emulators.workos.scenarios import UNREGISTERED, faults_of  # noqa: PLC0415  only where it runs

        emulator = self._companions.emulator
        if name == UNREGISTERED:
            for environment in emulator.environments.values():
                environment.redirect_uris.clear()
        emulator.faults.arm(*(each.model_copy(update={"times": times or None}) for each in faults_of(name)))

    def _of_workos(self) -> list[FaultRow]:
        emulator = self._companions.emulator
        if emulator is None:
            return []
        from devgw.emulators.workos.scenarios import SCENARIOS, UNREGISTERED, faults_of  # noqa: PLC0415  the same

        armed = [(_bare(fault), left) for fault, left in emulator.faults.armed()]
        rows = []
        for name, (label, *_) in SCENARIOS.items():
            wanted = [_bare(each) for each in faults_of(name)]
            left = [next((left for fault, left in armed if fault == each), -1) for each in wanted]
            is_set = any(each != -1 for each in left)
            if name == UNREGISTERED:
                is_set = any(each.has_forgotten for each in emulator.environments.values())
            rows.append(FaultRow(name, WORKOS, label, is_set, max((0, *(each or 0 for each in left)))))
        return rows

    def _of_upstream(self) -> list[FaultRow]:
        upstream = self._companions.upstream_auth
        if upstream is None:
            return []
        rows: list[dict[str, Any]] = upstream.faults.as_json()
        return [
            FaultRow(each["name"].replace("_", "-"), UPSTREAM, each["meaning"], each["set"], each.get("times") or 0)
            for each in rows
        ]


def _bare(fault: Any) -> Any:
    """Return a fault without how often it happens: by that two of one kind are told to be the same."""
    return fault.model_copy(update={"times": None})
