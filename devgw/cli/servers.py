"""What `devgw up URL` and `devgw init --from URL` share: their options, the look at the servers, and what is said."""

import asyncio
import os
import shlex
import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devgw.cli.printing import own_line, write_line, write_page
from devgw.cli.target import ServerUrl, read_header
from devgw.foreign.addresses import is_this_machine
from devgw.foreign.urls import read_url
from devgw.settings import Settings

if TYPE_CHECKING:
    from devgw.config.draft import Login
    from devgw.control.lock import ProjectLock
    from devgw.problems import Problem
    from devgw.wiring.drafting import Drafted, Wanted

LOGINS = ("dev-login", "workos")
USUAL_PORT = Settings().port
OTHER_PORTS = range(9010, 9100)
"""Of which the gateway takes one where a server has its usual port; no emulator has one of them."""
FLAGS = ("policy", "headers", "client_id", "client_secret_env")


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that go with a URL."""
    for option in (
        click.option("--client-secret-env", help="With a URL: the variable that holds that client's secret."),
        click.option("--client-id", help="With a URL: the id of a client that you registered there by hand."),
        click.option("--header", "headers", multiple=True, help="With a URL: what opens the server, 'Name: value'."),
        click.option("--policy", type=click.Choice(LOGINS), help="With a URL: how people sign in (dev-login)."),
    ):
        command = option(command)
    return command


def check_unused(flags: Mapping[str, Any]) -> None:
    """Refuse options that go with a URL where there is none."""
    if any(flags.values()):
        raise click.UsageError("--policy, --header, --client-id and --client-secret-env go with a URL.")


def wanted_of(urls: Sequence[ServerUrl], flags: Mapping[str, Any]) -> "Wanted":
    """Return what the person wants, as it was typed."""
    from devgw.config.draft import GivenClient, GivenHeader, stands_for_itself  # noqa: PLC0415  only with a URL
    from devgw.wiring.drafting import Wanted  # noqa: PLC0415  the same

    headers = tuple(GivenHeader(*read_header(each)) for each in flags["headers"])
    variable = flags["client_secret_env"]
    if variable and not os.environ.get(variable):
        raise click.BadParameter(f"the variable {variable} is not set.", param_hint="--client-secret-env")
    if not all(map(stands_for_itself, (*(each.value for each in headers), os.environ.get(variable or "", "")))):
        raise click.UsageError("A value with ${ cannot stand in .env, where that begins the name of a variable.")
    if variable and not flags["client_id"]:
        raise click.UsageError("--client-secret-env goes with --client-id.")
    if (headers or flags["client_id"]) and len(urls) > 1:
        raise click.UsageError("--header and --client-id go with one URL: they are one server's.")
    client = GivenClient(flags["client_id"], os.environ[variable] if variable else "") if flags["client_id"] else None
    login: Login = "workos" if flags["policy"] == "workos" else "dev-login"
    return Wanted(tuple(map(str, urls)), login, headers, client)


@dataclass(frozen=True, slots=True)
class DraftedSession:
    """A project for one session, in a folder of its own that is removed at the end."""

    folder: Path
    drafted: "Drafted"
    state: Path
    """Where a gateway of it keeps its state."""
    urls: tuple[str, ...]
    """As they may be shown."""
    lock: "ProjectLock"
    """Held as long as the session lasts; what is not is removed by the next one."""

    async def farewell(self) -> None:
        """Remove it, and say what is left at third parties; whatever cannot be said is removed all the same."""
        from devgw.wiring.leaving import left_by  # noqa: PLC0415  only at the end

        for each in await left_by(self.folder, self.state):
            write_line(each, err=True)
        self.lock.release()

    def leave(self) -> None:
        """Do the same where no loop runs."""
        asyncio.run(self.farewell())


def new_session(urls: Sequence[ServerUrl], flags: Mapping[str, Any], overrides: dict[str, Any]) -> DraftedSession:
    """Return a project in front of the servers; say why there is none, and end with 1, where there is none.

    A port that may be any is chosen here, in `overrides`: the project has to name it where people sign in.
    """
    from devgw.clock import SystemClock  # noqa: PLC0415  only with a URL
    from devgw.config.settings_file import read_settings  # noqa: PLC0415  the same
    from devgw.wiring.drafting import draft_for  # noqa: PLC0415  the same
    from devgw.wiring.session_folder import session_folder  # noqa: PLC0415  the same

    wanted = wanted_of(urls, flags)
    if overrides.get("port") == 0:
        overrides["port"] = _free_port()
    _make_room(urls, overrides)
    say_swept()
    folder, lock = session_folder()
    try:
        settings, _ = read_settings(folder, os.environ, overrides)
        drafted = asyncio.run(draft_for(wanted, settings, _nothing_kept(), os.environ, SystemClock()))
    except BaseException:  # Ctrl+C too
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shown = tuple(each.partition("?")[0] for each in urls)
    session = DraftedSession(folder, drafted, settings.state_path, shown, lock)
    for each in drafted.says:
        write_line(each, err=True)
    if drafted.refusals or drafted.findings:
        session.leave()
        for problem in drafted.refusals:
            say(problem)
        for finding in drafted.findings:
            write_line(f"{finding.file}: {finding.message}", colour="red", err=True)
        raise SystemExit(1)
    return session


def say_swept() -> None:
    """Remove what sessions left that were killed, and say what is left of them at third parties."""
    from devgw.wiring.session_folder import sweep  # noqa: PLC0415  only with a URL

    for each in asyncio.run(sweep()):
        write_line(each, err=True)


def _make_room(urls: Sequence[ServerUrl], overrides: dict[str, Any]) -> None:
    """Let the gateway have another port where its own is that of a server: both cannot listen there."""
    read = [read_url(each) for each in urls]
    taken = {each.port for each in read if is_this_machine(each.host)}
    if overrides.get("port", USUAL_PORT) not in taken:
        return
    if "port" in overrides:
        raise click.UsageError(f"Port {overrides['port']} is the server's own: give devgw another --port.")
    overrides["port"] = next(port for port in OTHER_PORTS if port not in taken)
    write_line(f"Port {USUAL_PORT} is the server's: devgw answers on {overrides['port']}.", err=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def say(problem: "Problem", urls: Sequence[str] = (), colour: str = "red") -> None:
    """Say what was seen, and what to try; what devgw.toml mends needs a project first."""
    from devgw.problems.upstream_document import DocumentProblem  # noqa: PLC0415  only with a URL

    write_line(problem.explain(), colour=colour, err=True)
    first = f"Run devgw init {_given(urls)} DIR for a project in which this can be mended. " if urls else ""
    if advice := problem.advise():
        write_line(f"{first if isinstance(problem, DocumentProblem) else ''}{advice}", err=True)


def _given(urls: Sequence[str]) -> str:
    """Return the options that name these servers, for a shell."""
    return " ".join(f"--from {shlex.quote(each)}" for each in urls)


def show_plan(session: DraftedSession) -> None:
    """Say in a line each what would be written."""
    draft = session.drafted.draft
    write_line("", err=True)
    write_line(f"  config/policies.json    {draft.login_name}, by which people sign in", err=True)
    for name, server in draft.named():
        means = [f"{name}-headers"] if server.headers else []
        means += [f"mcp-token-exchange-{name}"] if server.is_connected else []
        with_ = f" with {' and '.join(means)}" if means else ""
        write_line(f"  config/routes.oas.json  POST /mcp/{name} → {server.url.partition('?')[0]}{with_}", err=True)
    for name in ("devgw.toml", ".env"):
        if name in draft.files():
            write_line(f"  {name:<22}  {_WHAT[name]}", err=True)
    write_line("", err=True)
    write_line(f"Other commands find it by its folder: {own_line('why', '-C', session.folder)}", err=True)
    write_line(f"`devgw init {_given(session.urls)} DIR`, with the same options, writes it to stay.", err=True)
    if any(server.is_connected for _, server in draft.named()):
        write_line(
            f"Your clients log in at devgw; to see their own login at the server, use devgw watch {session.urls[0]}",
            err=True,
        )


_WHAT = {"devgw.toml": "settings of devgw's own", ".env": "values of the headers and secrets that you gave"}


def show_files(session: DraftedSession) -> None:
    """Print what would be written, but for values that nobody should see."""
    for name, content in session.drafted.draft.files().items():
        shown = "".join(f"{line.partition('=')[0]}=…\n" for line in content.splitlines()) if name == ".env" else content
        write_page(f"--- {name}\n{shown}")


def _nothing_kept() -> Any:
    from devgw.cli.doctor import nothing_kept  # noqa: PLC0415  only with a URL

    return nothing_kept()
