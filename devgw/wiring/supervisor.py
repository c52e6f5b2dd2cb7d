"""Keeps helpers alive: what the gateway does beside answering may fail, and never ends anything but itself.

    supervisor.start("configuration", watcher.watch)      # again and again, with longer and longer waits
    supervisor.once("provider watch", probe())            # one piece of work; its failure is told
    await supervisor.stop("configuration")

Each helper's state, the reason of its last failure and what mends it stand in Health under its name; each change is an
event. The state goes to Health directly, because the reader of the events is a helper too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from devgw.clock import Clock
from devgw.events import Bus, FailureOrigin, Outcome
from devgw.events.taxonomy import HelperStateChanged
from devgw.monitor.health import Health
from devgw.monitor.views import CheckRow
from devgw.tasks import is_cancelled
from devgw.wiring.cause import Cause, cause_of, of_one_time

Begin = Callable[[], Awaitable[None]]
_IS_NO_FAULT = (KeyboardInterrupt, GeneratorExit)


class HelperState(StrEnum):
    """How a helper is."""

    RUNNING = "running"
    LIMITED = "limited"
    """It does its work, but not as it should."""
    WAITING = "waiting"
    """It failed and is started again after a moment."""
    DOWN = "down"
    """It failed again and again; it is tried at the longest interval."""
    STOPPED = "stopped"
    FAILED = "failed"
    """Of work that is done once: it was not done, and is not tried again."""
    DONE = "done"
    """Of such work that failed before."""


_SHOWN = {
    HelperState.RUNNING: ("ok", "runs"),
    HelperState.LIMITED: ("warning", "runs, with a limit"),
    HelperState.WAITING: ("warning", "is started again"),
    HelperState.DOWN: ("bad", "is down"),
}
"""How Health shows a state: as a check's, and in words."""


@dataclass(frozen=True, slots=True)
class RestartPace:
    """Seconds of the loop's time between failure and restart."""

    first: float = 0.25
    longest: float = 15.0
    settles: float = 3.0
    """How long a helper must have run without failing before what was wrong counts as over."""

    def wait(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row; it doubles."""
        return float(min(self.longest, self.first * 2 ** min(failures - 1, 30)))


@dataclass(slots=True)
class _Helper:
    name: str
    begin: Begin
    task: "asyncio.Task[None] | None" = None
    state: HelperState = HelperState.RUNNING
    failures: int = 0
    cause: Cause = field(default_factory=lambda: Cause(""))


class Supervisor:
    """Starts helpers again when they fail; `close` ends them all."""

    def __init__(self, bus: Bus, clock: Clock, health: Health, pace: RestartPace | None = None) -> None:
        self._bus = bus
        self._clock = clock
        self._health = health
        self._pace = pace or RestartPace()
        self._helpers: dict[str, _Helper] = {}
        self._works: set[asyncio.Task[None]] = set()
        self._failed_works: dict[str, Cause] = {}

    def start(self, name: str, begin: Begin) -> None:
        """Run `begin()` now, and again whenever it raises; one that returns has done its work.

        Args:
            name: how Health calls it; a helper that runs under this name already must be stopped first.
            begin: is called for each attempt.
        """
        helper = _Helper(name, begin)
        assert name not in self._helpers, name
        self._helpers[name] = helper
        self._show(helper)
        self._run(helper)

    def _run(self, helper: _Helper) -> None:
        if self._helpers.get(helper.name) is helper:
            helper.task = asyncio.ensure_future(self._keep(helper))
            helper.task.add_done_callback(lambda task: self._ended(helper, task))

    def _ended(self, helper: _Helper, task: "asyncio.Task[None]") -> None:
        """Start a helper anew whose task somebody else cancelled."""
        if self._helpers.get(helper.name) is helper and task.cancelled():
            wait = self._fail(helper, asyncio.CancelledError())
            task.get_loop().call_later(wait, self._run, helper)

    async def stop(self, name: str, within: float = 1.0) -> None:
        """End the helper of this name, if there is one, and take it out of Health."""
        helper = self._helpers.pop(name, None)
        if helper is None:
            return
        await self._end([helper.task] if helper.task else [], within)
        self._over(helper)

    def limit(self, name: str, cause: Cause | None) -> None:
        """Say that a helper works, but not as it should; None where it does again."""
        helper = self._helpers.get(name)
        if helper is not None:
            self._turn(helper, HelperState.LIMITED if cause else HelperState.RUNNING, cause or Cause(""))

    async def close(self, within: float = 1.0) -> tuple[str, ...]:
        """End everything; return the names of helpers that did not end in time."""
        helpers = list(self._helpers.values())
        self._helpers.clear()
        late = await self._end([*(each.task for each in helpers if each.task), *self._works], within)
        return tuple(each.name for each in helpers if each.task in late)

    def once(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Let one piece of work go on by itself; its failure stands in Health until one of that name succeeds."""
        task = asyncio.ensure_future(self._do(name, work))
        self._works.add(task)
        task.add_done_callback(self._works.discard)

    # --- one helper ---

    async def _keep(self, helper: _Helper) -> None:
        while (error := await self._attempt(helper)) is not None:
            wait = self._fail(helper, error)
            await asyncio.sleep(wait)
        self._helpers.pop(helper.name, None)
        self._over(helper)

    def _fail(self, helper: _Helper, error: BaseException) -> float:
        """Take note of a failure; return the seconds until the next attempt."""
        helper.failures += 1
        wait = self._pace.wait(helper.failures)
        self._turn(helper, HelperState.DOWN if wait >= self._pace.longest else HelperState.WAITING, cause_of(error))
        return wait

    async def _attempt(self, helper: _Helper) -> BaseException | None:
        """Run it once; return what it raised, None where it came to its end."""
        settling = asyncio.get_running_loop().call_later(self._pace.settles, self._settle, helper)
        try:
            await helper.begin()
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            return error
        except _IS_NO_FAULT:
            raise
        except BaseException as error:  # noqa: BLE001  whatever it is, it ends nobody else; a panic of Rust is no Exception
            return error
        finally:
            settling.cancel()
        return None

    def _settle(self, helper: _Helper) -> None:
        helper.failures = 0
        if helper.state is not HelperState.LIMITED:
            self._turn(helper, HelperState.RUNNING, Cause(""))

    def _turn(self, helper: _Helper, state: HelperState, cause: Cause) -> None:
        """Show and tell the state where it is another one than before, or has another reason."""
        if (helper.state, helper.cause) == (state, cause):
            return
        helper.state, helper.cause = state, cause
        self._show(helper)
        self._tell(helper.name, state, cause)

    def _over(self, helper: _Helper) -> None:
        self._health.forget(helper.name)
        if helper.state is not HelperState.RUNNING:
            self._tell(helper.name, HelperState.STOPPED, Cause(""))

    def _show(self, helper: _Helper) -> None:
        self._judge(helper.name, *_SHOWN[helper.state], helper.cause)

    # --- one piece of work ---

    async def _do(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except (asyncio.CancelledError, *_IS_NO_FAULT):
            raise
        except BaseException as error:  # noqa: BLE001  it concerns nobody else
            cause = of_one_time(cause_of(error))
            self._judge(name, "warning", "failed", cause)
            if self._failed_works.get(name) != cause:
                self._failed_works[name] = cause
                self._tell(name, HelperState.FAILED, cause)
        else:
            if self._failed_works.pop(name, None) is not None:
                self._health.forget(name)
                self._tell(name, HelperState.DONE, Cause(""))

    # --- telling ---

    def _judge(self, name: str, state: str, said: str, cause: Cause) -> None:
        text = f"{said}: {cause.reason}" if cause.reason else said
        at = self._clock.now().timestamp()
        self._health.judge(CheckRow(name, state, text, at=at, fix=cause.fix, is_inside=True))

    def _tell(self, name: str, state: HelperState, cause: Cause) -> None:
        is_failure = state not in {HelperState.RUNNING, HelperState.STOPPED, HelperState.DONE}
        self._bus.publish(
            HelperStateChanged(
                helper=name,
                state=state.value,
                outcome=Outcome.FAILURE if is_failure else Outcome.SUCCESS,
                failure_origin=FailureOrigin.GATEWAY if is_failure else None,
                explanation=cause.reason or None,
                hint=cause.fix or None,
            )
        )

    async def _end(self, tasks: Iterable["asyncio.Task[None]"], within: float) -> set["asyncio.Task[None]"]:
        """Cancel and wait; return those that were not done in time."""
        tasks = [each for each in tasks if each is not asyncio.current_task()]
        for each in tasks:
            each.cancel()
        return (await asyncio.wait(tasks, timeout=within))[1] if tasks else set()
