"""What `devgw up` and `devgw watch` share: a process that serves until it is asked to end, and what hinders it."""

import asyncio
import gc
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devgw.cli.printing import write_line, write_lines
from devgw.platforms.here import here
from devgw.platforms.taken import is_taken

if TYPE_CHECKING:
    from devgw.cli.event_lines import EventLines
    from devgw.settings import Settings

LEAST_OPEN_FILES = 64
"""A gateway at rest has about thirty."""
GC_THRESHOLDS = (20_000, 20, 50)
"""Each request leaves a trace that is kept: with Python's own thresholds, looking at them again and again takes a tenth
of the time."""
FLUSH_SECONDS = 0.2
"""How long the last event lines may take to be written."""


@dataclass(frozen=True, slots=True)
class ServedGateway:
    """What is served, and what is done at its end."""

    run: Callable[[], Coroutine[Any, Any, None]]
    stopping: asyncio.Event
    """Is set by whoever wants it to end."""
    state_dir: Path | None
    lines: "EventLines"
    farewell: Callable[[], Coroutine[Any, Any, None]]
    """What is done once it has ended."""


def why_no_dashboard() -> str:
    """Say why there is no dashboard here; empty where there may be one."""
    from devgw.dashboard.terminal import why_none  # noqa: PLC0415  `--help` need not wait for it

    return why_none(os.environ)


def why_not_here(state_dir: Path, settings: "Settings | None" = None) -> str:
    """Say what keeps a gateway from this state directory, as long as the terminal is a plain one.

    Args:
        state_dir: where its lock and control socket would be.
        settings: those of a project's gateway, which may keep nothing.
    """
    from devgw.control.folder import of_project  # noqa: PLC0415  `--help` need not wait for it
    from devgw.control.lock import ProjectLock  # noqa: PLC0415  `--help` need not wait for it
    from devgw.problems import Refused  # noqa: PLC0415

    lock = ProjectLock(state_dir)
    try:
        lock.acquire()
    except Refused as refused:
        problem = of_project(refused.problem, settings) if settings else refused.problem
        return f"{problem.explain()} {problem.advise()}"
    lock.release()  # the child takes it
    write_lines(lock.opened, colour="yellow", err=True)
    return ""


def somebody_answers(host: str, port: int) -> bool:
    """Tell whether a program of this machine takes connections at the port; one that only holds it is not found."""
    addresses = ("127.0.0.1", "::1") if host == "localhost" else (host,)
    return port > 0 and any(is_taken(each, port) for each in addresses)


def say_untried() -> None:
    """Say where devgw was never tried on this system."""
    if here().at_start:
        write_line(here().at_start, colour="yellow", err=True)


def may_open_files() -> bool:
    """Tell whether this process may open as many files as it needs, and let it; say so where it may not."""
    here().raise_open_files(LEAST_OPEN_FILES)
    files = here().open_files_limit()
    is_enough = files is None or files >= LEAST_OPEN_FILES
    if not is_enough:
        said = f"devgw needs {LEAST_OPEN_FILES} open files at least, and whatever this shell starts may have {files} at"
        write_line(f"{said} most. {here().how_to_open_more()}", colour="red", err=True)
    return is_enough


def settle_memory(then: Callable[[], None]) -> None:
    """Look through what the start left once, and never again; then do what is to be done of a gateway that answers."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()
    then()


def serve_until_asked(served: ServedGateway, parent_pipe: int | None) -> None:
    """Serve on the fastest loop until a signal, or until the parent's end of the pipe closes; then end the process."""
    here().run(_serve(served, parent_pipe))


async def _serve(served: ServedGateway, parent_pipe: int | None) -> None:
    from devgw.cli.ending import EndSignals, leave  # noqa: PLC0415  imported when it is wanted
    from devgw.cli.starting import sentence_of  # noqa: PLC0415  imported by now
    from devgw.problems import Refused  # noqa: PLC0415
    from devgw.wiring.stopping import EssentialEnded  # noqa: PLC0415

    ending = EndSignals(served.stopping, served.state_dir)
    ending.listen(parent_pipe)
    watching = asyncio.ensure_future(ending.watch_once_stopping())
    code, sentence = 0, ""
    try:
        await served.run()
    except (EssentialEnded, Refused, OSError) as error:
        code, sentence = 1, sentence_of(error)
    watching.cancel()
    served.lines.close(FLUSH_SECONDS)
    await served.farewell()
    leave(code, sentence, bool)
