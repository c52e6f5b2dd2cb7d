"""How a gateway ends: what it cannot do without is watched, and everything is closed in order, in bounded time."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Mapping

from devgw.control.folder import passing_folder
from devgw.events.taxonomy import GatewayStopping
from devgw.settings import Settings
from devgw.store.failure import StateRefused
from devgw.wiring.cause import cause_of
from devgw.wiring.runtime import Runtime

LISTENERS_SECONDS = 1.5
"""How long the public listener may take to end its requests."""
COMPLETION_SECONDS = 2.8
"""How long after the wish to stop a token endpoint may still answer; most take far less than a second."""
HELPERS_SECONDS = 1.1
"""How long helpers, emulators and the control socket may take, all at once."""


class EssentialEnded(Exception):  # noqa: N818  it reads as what happened
    """What the gateway cannot do without has ended; the message is one sentence for the person."""


async def until_stopped(
    stopping: asyncio.Event, essentials: Mapping[str, "asyncio.Future[None]"]
) -> EssentialEnded | None:
    """Wait for `stopping`; set it, and return why, where one of the `essentials` ended before."""
    waiting: asyncio.Future[object] = asyncio.ensure_future(stopping.wait())
    awaited: list[asyncio.Future[object]] = [waiting, *essentials.values()]  # type: ignore[list-item]  # invariant
    await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
    if stopping.is_set():
        return None
    stopping.set()
    return next(_ended(name, task) for name, task in essentials.items() if task.done())


def _ended(name: str, task: "asyncio.Future[None]") -> EssentialEnded:
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    cause = cause_of(error) if error else None
    why = f"{cause.reason}. {cause.fix}" if cause else "It ended by itself."
    return EssentialEnded(f"devgw ends, because {name} has ended: {why}")


async def stop(runtime: Runtime, essentials: Mapping[str, "asyncio.Future[None]"]) -> None:
    """Close everything in order: who asks us, whom we ask, who works for us, what we keep."""
    begun = asyncio.get_running_loop().time()
    runtime.companions.close()
    listener, *others = essentials.values()
    await end(listener, LISTENERS_SECONDS)
    await _finish(runtime, begun + COMPLETION_SECONDS)
    runtime.companions.end_all()
    for each in others:
        each.cancel()
    await asyncio.gather(
        runtime.supervisor.close(HELPERS_SECONDS),
        *(end(each, HELPERS_SECONDS) for each in others),
    )
    for save in (runtime.upstreams.oauth.save_held, runtime.ground.live.write_down_uses):
        with contextlib.suppress(sqlite3.Error, StateRefused):
            save()
    if runtime.archive is not None:
        runtime.archive.close()
    if runtime.lock is not None:
        forget_passing(runtime.settings)
    runtime.client.close()
    with contextlib.suppress(sqlite3.Error):
        runtime.database.close()


async def _finish(runtime: Runtime, until: float) -> None:
    """Bring to its end what is under way at providers and upstreams; say what cannot be waited for."""
    cut = await runtime.ground.completion.finish(until - asyncio.get_running_loop().time())
    if cut:
        runtime.bus.publish(GatewayStopping(cause="asked to", unfinished=cut))


async def end(task: "asyncio.Future[None]", within: float) -> None:
    """Let a task come to its end; one that does not in time is cut off."""
    await asyncio.wait([task], timeout=within)
    task.cancel()
    await asyncio.wait([task], timeout=0.2)
    if task.done() and not task.cancelled():
        task.exception()  # looked at, so that nobody complains of it later


def forget_passing(settings: Settings) -> None:
    """Remove the folder of a gateway that keeps nothing; its name is nobody else's."""
    if settings.ephemeral:
        shutil.rmtree(passing_folder(settings.root), ignore_errors=True)
