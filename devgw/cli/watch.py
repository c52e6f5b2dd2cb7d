"""`devgw watch URL`: between a client and somebody's MCP server, with the dashboard or without."""

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from devgw.cli.behind import WithCommand, command_behind
from devgw.cli.printing import write_line, write_page
from devgw.cli.servers import say
from devgw.cli.serving import (
    ServedGateway,
    may_open_files,
    say_untried,
    serve_until_asked,
    settle_memory,
    why_no_dashboard,
    why_not_here,
)
from devgw.cli.target import ServerArgument, ServerUrl
from devgw.dashboard.theme_choice import THEME_NAMES
from devgw.platforms.here import here
from devgw.platforms.own_program import own_command

if TYPE_CHECKING:
    from devgw.cli.event_lines import EventLines
    from devgw.dashboard.child import GatewayChild
    from devgw.settings import Settings
    from devgw.wiring.watched_runtime import WatchedRuntime


@dataclass(frozen=True, slots=True)
class _WatchGiven:
    """What was typed, and where the server's ports are remembered."""

    url: ServerUrl
    settings: "Settings"

    def command(self) -> list[str]:
        """Return the command that watches the same server without a dashboard, once it was looked at."""
        settings = self.settings
        flags = [f"--port={settings.port}", f"--state-dir={settings.state_path}", "--looked"]
        return own_command("watch", self.url, "--headless", *flags)


@click.command("watch", cls=WithCommand)
@click.argument("url", type=ServerArgument(), required=False)
@click.option(
    "--origin", "origins", type=ServerArgument(), multiple=True, help="With a command: an origin that is opened, too."
)
@click.option("--headless", is_flag=True, help="No dashboard: print event lines.")
@click.option("--json", "as_json", is_flag=True, help="With --headless: one JSON object per line.")
@click.option("--all", "everything", is_flag=True, help="With --headless: also each request that went well.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the URL that clients are given (9000).")
@click.option("--state-dir", type=click.Path(file_okay=False, path_type=Path), help="Where clients are remembered.")
@click.option("--theme", type=click.Choice(THEME_NAMES), help="Colours of the dashboard.")
@click.option("--ascii", "is_ascii", is_flag=True, help="No other signs than ASCII.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@click.option("--web", "in_browser", is_flag=True, help="The dashboard in one browser on this machine, read-only.")
@click.option("--parent-pipe", type=int, hidden=True, help="Stop when this file descriptor closes.")
@click.option("--looked", is_flag=True, hidden=True, help="The server was looked at already.")
@click.pass_context
def command(ctx: click.Context, /, url: ServerUrl | None, headless: bool, as_json: bool, **others: Any) -> None:
    """Stand between a client and the MCP server at URL: the client logs in there itself, and its legs are seen.

    Give the client the local URL that is printed. What the server says reaches it as it is, but for the origins of
    URLs.

    With `-- COMMAND`, the client itself is started, with a proxy of devgw's in its environment: it keeps the server's
    own URL, and nothing is changed on the way. Only the server's origin, those to which its documents lead, and each
    --origin are opened; everything else is tunnelled unseen. devgw speaks on stderr, and exits as the command does.
    """
    if line := command_behind(ctx):
        sys.exit(_run_command(url, line, others | {"headless": headless, "as_json": as_json}))
    if url is None or others["origins"]:
        raise click.UsageError("Name the server: devgw watch URL. --origin goes with a command: devgw watch URL -- …")
    if not others["looked"]:
        say_untried()
        url = _looked_at(url)
    given = _WatchGiven(url, _settings(url, others["port"], others["state_dir"]))
    if others["in_browser"] and not headless and not as_json:
        sys.exit(_with_farewell(given, _run_in_browser))
    if headless or as_json or (reason := why_no_dashboard()):
        if not headless and not as_json:
            write_line(f"devgw: no dashboard here ({reason}); these are the events.", err=True)
        everything = others["everything"]
        sys.exit(_run_headless(given, others["parent_pipe"], as_json=as_json, everything=everything))
    sys.exit(_with_farewell(given, partial(_run_dashboard, others=others)))


def _run_command(url: ServerUrl | None, line: tuple[str, ...], wishes: dict[str, Any]) -> int:
    """Run a command whose requests are watched; return its exit code."""
    from devgw.cli.command_process import NOT_FOUND  # noqa: PLC0415  `--help` need not wait for it
    from devgw.cli.watch_command import find_program, run_command, wanted  # noqa: PLC0415  the same

    server = url or next(iter(wishes["origins"]), None)
    if server is None:
        raise click.UsageError("Name the server that is watched: devgw watch URL -- COMMAND, or --origin.")
    if wishes["port"] or wishes["state_dir"]:
        raise click.UsageError("--port and --state-dir go with no command: its proxy has any port, and keeps nothing.")
    say_untried()
    return run_command(wanted(_looked_at(server), line, wishes)) if find_program(line[0]) else NOT_FOUND


def _looked_at(url: ServerUrl) -> ServerUrl:
    """Return the URL of the MCP endpoint that answers at `url`; say why there is none, and end with 1."""
    from devgw.clock import SystemClock  # noqa: PLC0415  `--help` need not wait for it
    from devgw.diagnosis.verdicts.server_endpoint import unfit  # noqa: PLC0415
    from devgw.outbound.server_doctor import seen_at  # noqa: PLC0415

    seen = asyncio.run(seen_at(str(url), SystemClock()))
    problem = unfit(seen)
    if problem is not None:
        say(problem)
        sys.exit(1)
    if seen.url != str(url):
        write_line(f"The MCP server is at {seen.url.partition('?')[0]}, which is watched.", err=True)
    return ServerUrl(seen.url)


def _settings(url: ServerUrl, port: int | None, state_dir: Path | None) -> "Settings":
    from devgw.control.folder import WATCHED  # noqa: PLC0415  `--help` need not wait for it
    from devgw.settings import Settings  # noqa: PLC0415
    from devgw.store.watched import WatchedFile  # noqa: PLC0415
    from devgw.web.listening import PortTaken  # noqa: PLC0415
    from devgw.wiring.watched_folder import folder_of, port_of  # noqa: PLC0415

    root = state_dir.resolve().parent if state_dir else folder_of(str(url), os.environ)
    settings = Settings(root=root, state_dir=state_dir.resolve() if state_dir else None)
    kept = WatchedFile(settings.state_path / WATCHED).read().ports
    try:
        return replace(settings, port=port_of(str(url), kept, port))
    except PortTaken as taken:
        _refuse_port(taken.port, is_known=port is None)


def _refuse_port(port: int, *, is_known: bool) -> NoReturn:
    """Say who has the port, and end with 1."""
    known = ", which clients of this server know," if is_known else ""
    then = " (they log in anew then)" if is_known else ""
    who = here().owner_of(port) or "another process"
    write_line(f"Port {port}{known} is taken by {who}. Stop it, or give another --port{then}.", colour="red", err=True)
    sys.exit(1)


def _run_headless(given: _WatchGiven, parent_pipe: int | None, *, as_json: bool, everything: bool) -> int:
    """Watch without a dashboard; return the exit code."""
    if not may_open_files():
        return 1
    from devgw.cli.event_lines import EventLines  # noqa: PLC0415  imported when it is wanted
    from devgw.cli.headless import LinePrinter  # noqa: PLC0415
    from devgw.clock import SystemClock  # noqa: PLC0415

    clock = SystemClock()
    lines = EventLines(LinePrinter(as_json=as_json, all_lines=everything), clock, all_lines=everything or as_json)
    runtime = _built(given, clock, lines)
    if runtime is None:
        return 1
    from devgw.wiring.watched_runtime import run_watched  # noqa: PLC0415  imported by now

    ready: Callable[[], None] = (
        (lambda: None) if as_json or parent_pipe is not None else partial(_welcome, runtime, lines)
    )
    serving = partial(run_watched, runtime, ready=partial(settle_memory, ready), helpers={"event lines": lines.keep})
    farewell = partial(_farewell, given, parent_pipe)
    serve_until_asked(ServedGateway(serving, runtime.stopping, given.settings.state_path, lines, farewell), parent_pipe)
    return 0


def _built(given: _WatchGiven, clock: Any, lines: "EventLines") -> "WatchedRuntime | None":
    """Return what is ready to be served; None after saying why there is none."""
    from devgw.cli.starting import sentence_of  # noqa: PLC0415  imported when it is wanted
    from devgw.outbound.guard import is_local  # noqa: PLC0415
    from devgw.problems import Refused  # noqa: PLC0415
    from devgw.wiring.watched_runtime import build_watched  # noqa: PLC0415

    try:
        near = asyncio.run(is_local(str(given.url)))
        return build_watched(str(given.url), given.settings, clock, is_local=near, hear=lines.hear)
    except (Refused, OSError) as error:
        write_line(sentence_of(error), colour="red", err=True)
        return None


def _run_dashboard(given: _WatchGiven, others: dict[str, Any]) -> int:
    from devgw.dashboard.entry import DashboardOptions, run_dashboard  # noqa: PLC0415  `--help` need not wait for it

    options = DashboardOptions(others["theme"] or "", others["is_ascii"], not others["no_mouse"])
    return run_dashboard(given.settings.state_path, _child(given), options)


def _run_in_browser(given: _WatchGiven) -> int:
    from devgw.cli.attach import in_one_browser  # noqa: PLC0415

    return in_one_browser(given.settings.root, given.settings.state_path, _child(given))


def _child(given: _WatchGiven) -> "GatewayChild":
    """Return the process that watches, to be run as a child; exit where it would not run."""
    from devgw.cli.watch_words import beginning  # noqa: PLC0415  `--help` need not wait for it
    from devgw.control.folder import LOG  # noqa: PLC0415
    from devgw.dashboard.child import GatewayChild  # noqa: PLC0415

    if not may_open_files():
        sys.exit(1)
    folder = given.settings.state_path
    if reason := why_not_here(folder):
        write_page(reason, colour="red", err=True)
        sys.exit(1)
    for each in beginning(str(given.url), given.settings.port, given.settings.root):
        write_line(each, err=True)
    return GatewayChild(given.command(), folder / LOG)


def _welcome(runtime: "WatchedRuntime", lines: "EventLines") -> None:
    """Say where clients connect, what is changed, and what cannot be seen."""
    from devgw.cli.watch_words import beginning  # noqa: PLC0415  imported when it is wanted

    origins = runtime.watched.origins
    begun = beginning(origins.url, origins.ports[origins.origin], runtime.settings.root)
    for each in (*runtime.lock.opened, *begun):
        lines.say(each)


def _with_farewell(given: _WatchGiven, run: Callable[[_WatchGiven], int]) -> int:
    try:
        return run(given)
    finally:
        asyncio.run(_farewell(given, None))


async def _farewell(given: _WatchGiven, parent_pipe: int | None) -> None:
    """Leave nothing but the kept clients, and say what is left at the server; a child leaves that to its parent."""
    if parent_pipe is not None:
        return
    from devgw.cli.watch_words import ending  # noqa: PLC0415  only at the end
    from devgw.wiring.watched_folder import leave  # noqa: PLC0415

    for each in ending(leave(given.settings)):
        write_line(each, err=True)
