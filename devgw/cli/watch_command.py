"""`devgw watch [URL] -- COMMAND …`: a command whose requests to one server pass through a forward proxy of its own."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devgw.cli.command_process import BY_SIGNAL, NOT_FOUND, NOT_RUN, CommandProcess
from devgw.cli.printing import as_json, write_line
from devgw.cli.servers import say_swept
from devgw.cli.serving import may_open_files
from devgw.foreign.urls import read_url
from devgw.platforms.here import here
from devgw.platforms.own_program import own_command
from devgw.platforms.signals import hear

if TYPE_CHECKING:
    from devgw.cli.event_lines import EventLines
    from devgw.clock import SystemClock
    from devgw.wiring.proxied_environment import ProxiedEnvironment
    from devgw.wiring.proxied_runtime import ProxiedRuntime

_LINES_SECONDS = 0.2
_SILENCE = timedelta(seconds=10)
"""More than the rules wait for a client that says nothing: this one has ended."""


class EarlySignal:
    """A signal that comes before the command is there, to which they go then.

    It is no exception: that would end in whatever runs just then, which may take it for a fault of its own.
    """

    code = 0
    """The exit code that it means; 0 where none came."""
    begun: asyncio.Task[Any] | None = None
    """What it ends."""

    def hear(self, number: int) -> None:
        """End what was begun, in order; where nothing was, what begins looks for the code."""
        self.code = BY_SIGNAL + number
        if self.begun is not None:
            self.begun.get_loop().call_soon_threadsafe(self.begun.cancel)


@dataclass(frozen=True, slots=True)
class WatchedCommand:
    """A command, and what is watched of it."""

    url: str
    named: tuple[str, ...]
    """Origins that are opened, too."""
    command: tuple[str, ...]
    as_json: bool = False
    everything: bool = False
    prints: bool = False
    """Whether event lines are printed while the command runs."""
    in_browser: bool = False
    early: EarlySignal = field(default_factory=EarlySignal)


def wanted(url: str, line: tuple[str, ...], wishes: Mapping[str, Any]) -> WatchedCommand:
    """Return what the options ask for."""
    named = tuple(read_url(each).origin for each in wishes["origins"])
    for_program, everything = wishes["as_json"], wishes["everything"]
    prints = wishes["headless"] or for_program or everything
    return WatchedCommand(url, named, line, for_program, everything, prints, wishes["in_browser"])


def run_command(given: WatchedCommand) -> int:
    """Run the command to its end; return its exit code."""
    if not may_open_files():
        return 1
    from devgw.control.folder import new_passing  # noqa: PLC0415  imported when it is wanted
    from devgw.wiring.session_folder import WATCH  # noqa: PLC0415  imported when it is wanted

    say_swept()
    hear(given.early.hear, bool)
    folder = new_passing(WATCH)  # for its owner alone
    try:
        return asyncio.run(_watched(given, folder.resolve()))
    except asyncio.CancelledError:
        return given.early.code
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_program(name: str) -> bool:
    """Tell whether there is such a program; say so where there is none."""
    found = shutil.which(name) is not None
    if not found:
        is_path = os.sep in name
        why = f"{name} may not be executed" if is_path and Path(name).exists() else f"there is no program {name}"
        write_line(f"devgw: {why}{'' if is_path else ' on the PATH'}.", colour="red", err=True)
    return found


async def _watched(given: WatchedCommand, folder: Path) -> int:
    from devgw.cli.event_lines import EventLines  # noqa: PLC0415  imported when it is wanted
    from devgw.cli.headless import LinePrinter  # noqa: PLC0415
    from devgw.clock import SystemClock  # noqa: PLC0415

    given.early.begun = asyncio.current_task()
    if given.early.code:
        return given.early.code
    clock = SystemClock()
    printer = LinePrinter(sys.stderr, as_json=given.as_json, all_lines=given.everything)
    lines = EventLines(printer, clock, all_lines=given.everything or given.as_json)
    runtime = await _built(given, folder, clock, lines)
    if runtime is None:
        return 1
    return await _served(given, runtime, lines, clock)


async def _built(
    given: WatchedCommand, folder: Path, clock: "SystemClock", lines: "EventLines"
) -> "ProxiedRuntime | None":
    from devgw.cli.starting import sentence_of  # noqa: PLC0415  imported when it is wanted
    from devgw.outbound.guard import is_local  # noqa: PLC0415
    from devgw.problems import Refused  # noqa: PLC0415
    from devgw.settings import Settings  # noqa: PLC0415
    from devgw.wiring.proxied_runtime import build_proxied  # noqa: PLC0415

    hear = lines.hear if given.prints else None
    try:
        near = await is_local(given.url)
        return build_proxied(given.url, given.named, Settings(root=folder), clock, is_local=near, hear=hear)
    except (Refused, OSError) as error:
        write_line(sentence_of(error), colour="red", err=True)
        return None


async def _served(given: WatchedCommand, runtime: "ProxiedRuntime", lines: "EventLines", clock: "SystemClock") -> int:
    from devgw.monitor.flow_moves import give_up  # noqa: PLC0415  imported when it is wanted
    from devgw.wiring.proxied_environment import environment_for  # noqa: PLC0415
    from devgw.wiring.watched_runtime import run_watched  # noqa: PLC0415

    ports, folder = runtime.ports, runtime.settings.root
    environment = environment_for(os.environ, ports.url, ports.authority.pem, folder, runtime.watched.origins)
    is_ready = asyncio.Event()
    serving = asyncio.ensure_future(run_watched(runtime, ready=is_ready.set, helpers={"event lines": lines.keep}))
    waiting: asyncio.Future[Any] = asyncio.ensure_future(is_ready.wait())
    try:
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        code = await _commanded(given, runtime, environment, serving) if not serving.done() else 1
        clock.travel(_SILENCE)
        runtime.bus.drain()
        await runtime.monitor.catch_up()
        for flow in runtime.monitor.flow_book.active():
            give_up(flow, clock.now(), ", until the command ended" if flow.last_words else "")
        lines.close(_LINES_SECONDS)
        _say(_ending(given, runtime, code))
    finally:
        runtime.stopping.set()
        await _over(serving)
    return code


async def _commanded(
    given: WatchedCommand,
    runtime: "ProxiedRuntime",
    environment: "ProxiedEnvironment",
    serving: "asyncio.Future[None]",
) -> int:
    """Run the command to its end; it is ended where the proxy has."""
    from devgw.cli.watch_words import proxied_beginning  # noqa: PLC0415  imported when it is wanted

    if not given.as_json:  # else the events say it
        _say(proxied_beginning(runtime.watched.origins, environment.changed, runtime.settings.root))
    command = CommandProcess(given.command, environment.variables)
    running = asyncio.ensure_future(command.run())
    stopping: asyncio.Future[Any] = asyncio.ensure_future(runtime.stopping.wait())
    with _browser(given, runtime.settings.root):
        awaited: list[asyncio.Future[Any]] = [running, serving, stopping]
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not running.done():
            command.end()
        try:
            return await running
        except OSError as error:
            said = error.strerror or type(error).__name__
            if isinstance(error, FileNotFoundError) and shutil.which(given.command[0]):  # it is there itself
                said = "the interpreter that it names is not there"
            write_line(f"devgw: {given.command[0]} cannot be started: {said}.", colour="red", err=True)
            return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUN


@contextlib.contextmanager
def _browser(given: WatchedCommand, folder: Path) -> Iterator[None]:
    """Serve the dashboard to one browser meanwhile, where it was asked for."""
    if not given.in_browser:
        yield
        return
    attach = own_command("attach", str(folder), "--web")
    apart = here().apart  # what is typed is the command's
    process = subprocess.Popen(attach, stdin=subprocess.DEVNULL, stdout=sys.stderr, **apart)  # noqa: S603  our own program
    try:
        yield
    finally:
        process.terminate()
        process.wait()


async def _over(serving: "asyncio.Future[None]") -> None:
    """Wait until the proxy has ended; say why where it ended by itself."""
    from devgw.cli.starting import sentence_of  # noqa: PLC0415  imported by now
    from devgw.problems import Refused  # noqa: PLC0415
    from devgw.wiring.stopping import EssentialEnded  # noqa: PLC0415

    try:
        await serving
    except (EssentialEnded, Refused, OSError) as error:
        write_line(sentence_of(error), colour="red", err=True)


def _ending(given: WatchedCommand, runtime: "ProxiedRuntime", code: int) -> Iterator[str]:
    from devgw.cli.watch_words import proxied_ending, proxied_facts  # noqa: PLC0415  only at the end

    watched, monitor = runtime.watched, runtime.monitor
    if given.as_json:
        yield as_json({"event": "command_ended", "exitCode": code, **proxied_facts(watched, monitor)})
    else:
        yield from proxied_ending(watched, monitor)


def _say(lines: Iterator[str] | Sequence[str]) -> None:
    """Write lines of devgw's own; that nobody reads them is no end of the command."""
    with contextlib.suppress(OSError, ValueError):
        for each in lines:
            write_line(each, err=True)
