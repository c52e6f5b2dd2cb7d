"""`devgw up`: the gateway, and the dashboard beside it."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devgw.cli.printing import write_line, write_page
from devgw.cli.sectioned import Sectioned
from devgw.cli.servers import FLAGS, check_unused, new_session, say, server_options, show_files, show_plan
from devgw.cli.serving import (
    ServedGateway,
    may_open_files,
    say_untried,
    serve_until_asked,
    settle_memory,
    somebody_answers,
    why_no_dashboard,
    why_not_here,
)
from devgw.cli.target import ProjectOrServer, ServerUrl
from devgw.cli.typed_settings import settings_of, text_of
from devgw.dashboard.theme_choice import THEME_NAMES
from devgw.platforms.own_program import own_command

if TYPE_CHECKING:
    from devgw.cli.trust import Trust
    from devgw.dashboard.child import GatewayChild

_SETTINGS = {"strict": "deployed.strict", "stateful": "proxy.stateful"}
"""The settings of flags that are called otherwise."""


async def _nothing_to_leave() -> None:
    """Leave a project of the person's own as it is."""


@dataclass(frozen=True, slots=True)
class _Given:
    """What was typed, as the child is started with it again."""

    directory: Path
    overrides: dict[str, Any]
    trust: "Trust"
    farewell: Callable[[], Coroutine[Any, Any, None]] = _nothing_to_leave
    """What is done once the gateway has ended, whatever ended it."""

    def command(self, wish: str) -> list[str]:
        """Return the command that runs the same gateway without a dashboard."""
        flags = [f"--set={name}={text_of(value)}" for name, value in self.overrides.items()]
        flags += ["--trust"] if self.trust.is_given else [f"--wish={wish}"] if wish else []
        return own_command("up", str(self.directory), "--headless", *flags)


_SECTIONS = {
    "What is shown": ("--headless", "--json", "--all", "--web", "--theme", "--ascii", "--no-mouse"),
    "Settings for this run": (
        *("--port", "--host", "--origin", "--state-dir", "--ephemeral"),
        *("--strict", "--stateful", "--set"),
    ),
    "With a URL": ("--policy", "--header", "--client-id", "--client-secret-env", "--dry-run"),
}


@click.command("up", cls=Sectioned, sections=_SECTIONS)
@click.argument("targets", metavar="[DIRECTORY|URL...]", type=ProjectOrServer(), nargs=-1)
@server_options
@click.option("--dry-run", is_flag=True, help="With a URL: print the project that would run, and start nothing.")
@click.option("--headless", is_flag=True, help="No dashboard: print event lines.")
@click.option("--json", "as_json", is_flag=True, help="With --headless: one JSON object per line.")
@click.option("--all", "everything", is_flag=True, help="With --headless: also each accepted request.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the gateway (9000).")
@click.option("--host", help="Address to bind (localhost: both loopback families).")
@click.option("--state-dir", help="Directory of database, socket and key (.devgw).")
@click.option("--ephemeral", is_flag=True, default=None, help="Keep all state in memory.")
@click.option("--origin", help="Origin of browser pages, where it is not http://localhost:PORT.")
@click.option(
    "--strict", is_flag=True, default=None, help="Do as the deployed gateway does in every point that can be."
)
@click.option("--stateful", is_flag=True, default=None, help="Forward GET, DELETE and Mcp-Session-Id too.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Any setting of devgw.toml, by its name.")
@click.option("--trust", is_flag=True, help="Let the project use this shell's environment without being asked.")
@click.option("--wish", default="", hidden=True, help="What the person was asked about already.")
@click.option("--theme", type=click.Choice(THEME_NAMES), help="Colours of the dashboard.")
@click.option("--ascii", "is_ascii", is_flag=True, help="No other signs than ASCII.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@click.option("--web", "in_browser", is_flag=True, help="The dashboard in one browser on this machine, read-only.")
@click.option("--parent-pipe", type=int, hidden=True, help="Stop when this file descriptor closes.")
def command(
    targets: tuple[Path | ServerUrl, ...],
    headless: bool,
    as_json: bool,
    everything: bool,
    in_browser: bool,
    parent_pipe: int | None,
    **others: Any,
) -> None:
    """Start the gateway for the project in DIRECTORY (here, if not given), and the dashboard beside it.

    With URLs of MCP servers (localhost:3000/mcp will do): look at them, and start a gateway in front of them without
    any files. It lasts as long as the command.
    """
    theme, is_ascii, no_mouse = (others.pop(name) for name in ("theme", "is_ascii", "no_mouse"))
    from devgw.cli.trust import Trust  # noqa: PLC0415  `--help` need not wait for it

    trust = Trust(others.pop("trust"), others.pop("wish"))
    flags = {name: others.pop(name) for name in (*FLAGS, "dry_run")}
    overrides = settings_of(others.pop("settings"))
    overrides |= {_SETTINGS.get(name, name): value for name, value in others.items() if value is not None}
    if parent_pipe is None:
        say_untried()
    given = _given(targets, flags, overrides, trust)
    if in_browser and not headless and not as_json:
        sys.exit(_and_leave(given, _run_in_browser))
    if headless or as_json or (reason := why_no_dashboard()):
        if not headless and not as_json:
            write_line(f"devgw: no dashboard here ({reason}); these are the events.", err=True)
        run = partial(_run_headless, as_json=as_json, everything=everything, parent_pipe=parent_pipe)
        sys.exit(_and_leave(given, run))
    shown = partial(_run_dashboard, theme=theme or "", is_ascii=is_ascii, has_mouse=not no_mouse)
    sys.exit(_and_leave(given, shown))


def _given(
    targets: tuple[Path | ServerUrl, ...], flags: Mapping[str, Any], overrides: dict[str, Any], trust: "Trust"
) -> _Given:
    """Return what is run: a project's folder, or one that was made for URLs."""
    urls = [each for each in targets if isinstance(each, ServerUrl)]
    if not urls:
        check_unused(flags)
        if len(targets) > 1:
            raise click.UsageError("One project at a time; several URLs may be given.")
        return _Given(Path(*targets).resolve(), overrides, trust)
    if len(urls) < len(targets):
        raise click.UsageError("Give a project's folder, or URLs, not both.")
    overrides.pop("ephemeral", None)  # it is, and what it registers has to be found at the end
    session = new_session(urls, flags, overrides)
    if flags["dry_run"]:
        show_files(session)
        session.leave()
        sys.exit(0)
    if session.drafted.doubts:
        session.leave()
        for problem in session.drafted.doubts:
            say(problem, urls)
        sys.exit(1)
    show_plan(session)
    return _Given(session.folder, overrides, trust, session.farewell)


def _and_leave(given: _Given, run: Callable[[_Given], int]) -> int:
    """Run the gateway, and do what is to be done at the end; return the exit code."""
    try:
        return run(given)
    finally:
        asyncio.run(given.farewell())


def _run_dashboard(given: _Given, theme: str, *, is_ascii: bool, has_mouse: bool) -> int:
    """Run the gateway as a child and the dashboard in this process; return the exit code."""
    from devgw.dashboard.entry import DashboardOptions, run_dashboard  # noqa: PLC0415  `--help` need not wait for it

    state_dir, child = _child(given)
    return run_dashboard(state_dir, child, DashboardOptions(theme, is_ascii, has_mouse))


def _run_in_browser(given: _Given) -> int:
    """Run the gateway as a child and serve the dashboard to one browser; return the exit code."""
    from devgw.cli.attach import in_one_browser  # noqa: PLC0415

    state_dir, child = _child(given)
    return in_one_browser(given.directory, state_dir, child)


def _child(given: _Given) -> "tuple[Path, GatewayChild]":
    """Return the folder of its control socket and the gateway that will run as a child; exit where it would not run."""
    if not may_open_files():
        sys.exit(1)
    from devgw.cli.trust import wish_of  # noqa: PLC0415  `--help` need not wait for it
    from devgw.config.settings_file import read_settings  # noqa: PLC0415  `--help` need not wait for it
    from devgw.control.folder import LOG, control_folder  # noqa: PLC0415
    from devgw.control.state_place import placed  # noqa: PLC0415
    from devgw.dashboard.child import GatewayChild  # noqa: PLC0415

    settings, findings = read_settings(given.directory, os.environ, given.overrides)
    wish = wish_of(settings, findings, os.environ)
    if refusal := given.trust.refusal(wish, os.environ):
        write_page(refusal, colour="red", err=True)
        sys.exit(1)
    settings, moved = placed(settings, os.environ)
    if moved:
        write_page(moved, err=True)
    folder = control_folder(settings)
    if reason := why_not_here(folder, settings):
        write_page(reason, colour="red", err=True)
        sys.exit(1)
    if somebody_answers(settings.host, settings.port):
        from devgw.cli.taken_port import why_taken  # noqa: PLC0415  it takes the gateway's own imports

        if reason := why_taken(settings):
            write_page(reason, colour="red", err=True)
            sys.exit(1)
    return folder, GatewayChild(given.command(wish.digest if wish else ""), folder / LOG)


def _run_headless(given: _Given, *, as_json: bool, everything: bool, parent_pipe: int | None) -> int:
    """Run the gateway alone; return the exit code."""
    if not may_open_files():
        return 1
    import gc  # noqa: PLC0415  the next line has to come first

    gc.disable()  # collections during the imports cost a fifth of the start
    from devgw.cli.starting import start  # noqa: PLC0415  the gateway is imported when it is wanted

    started = start(given.directory, given.overrides, given.trust, as_json=as_json, everything=everything)
    if started is None:
        return 1
    from devgw.wiring.running import run  # noqa: PLC0415  imported by now

    runtime, lines = started.runtime, started.lines
    serving = partial(run, runtime, ready=partial(settle_memory, started.welcome), helpers={"event lines": lines.keep})
    state = None if runtime.settings.ephemeral else runtime.settings.state_path
    serve_until_asked(ServedGateway(serving, runtime.stopping, state, lines, given.farewell), parent_pipe)
    return 0
