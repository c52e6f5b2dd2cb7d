"""`devgw doctor`: probe everything that a login depends on."""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from devgw.cli.doctor_lines import print_check, tally
from devgw.cli.printing import write_json, write_line, write_lines
from devgw.cli.target import ProjectOrServer, ServerUrl, read_header
from devgw.cli.trust import Trust, wish_of
from devgw.clock import SystemClock
from devgw.config.finding import Finding, Severity
from devgw.config.settings_file import read_settings
from devgw.control.client import Lost, ask_once, welcome_once
from devgw.control.state_place import folder_to_join
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.gateway.connection import ConnectionStore
from devgw.problems import Refused
from devgw.problems.control import GatewaySilent
from devgw.settings import Settings
from devgw.wiring.reading import read_project


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that runs, and what it found when it looked at itself."""

    port: int | None
    checks: tuple[Check, ...]


@click.command("doctor")
@click.argument("target", metavar="[DIRECTORY|URL]", type=ProjectOrServer(), default=".")
@click.option(
    "--port", type=int, help="Look whether devgw up would work on this port; a gateway that runs is left out."
)
@click.option("--callback", default="", help="A client's redirect URI: say who listens there.")
@click.option("--trust", is_flag=True, help="Let the project use this shell's environment without being asked.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@click.option("--all", "everything", is_flag=True, help="Also print what is in order, with what was done.")
@click.option("--header", "headers", multiple=True, help="With a URL: sent to the server, 'Name: value'.")
@click.option("--register", "registers", is_flag=True, help="With a URL: also register a client there, and delete it.")
@click.option("--login", "logs_in", is_flag=True, help="With a URL: also sign in there with a browser, and call it.")
@click.option("--client-id", default="", help="With --login: the id of a client that you registered by hand.")
def command(target: Path | ServerUrl, as_json: bool, everything: bool, **others: Any) -> None:
    """Probe the identity provider, this machine, the gateway's metadata and every upstream; exit 1 where one fails.

    With a URL: examine that MCP server as clients meet it, and say which of them pass. Nothing is changed there unless
    --register or --login is given. Exit 0 where nothing fails, 1 where a check does, 2 where there is no MCP server.
    """
    port, callback, trust = (others[name] for name in ("port", "callback", "trust"))
    headers = dict(map(read_header, others["headers"]))
    changes = {name: others[name] for name in ("registers", "logs_in", "client_id")}
    if isinstance(target, ServerUrl):
        if port is not None or callback or trust:
            raise click.UsageError("--port, --callback and --trust are about a project, not about a URL.")
        from devgw.cli.doctor_server import AllowedSteps, examine  # noqa: PLC0415  a project does not need it

        raise SystemExit(examine(target, AllowedSteps(headers, **changes), as_json=as_json, everything=everything))
    if headers or any(changes.values()):
        raise click.UsageError("--header, --register, --login and --client-id go with a URL.")
    _examine_project(target, port, Trust(trust), callback, as_json=as_json, everything=everything)


def _examine_project(
    directory: Path, port: int | None, trust: Trust, callback: str, *, as_json: bool, everything: bool
) -> None:
    """Examine the project in a folder, print what was found, and exit with 1 where a check fails."""
    settings, findings = read_settings(directory, os.environ)
    running = find_running(folder_to_join(settings, os.environ)) if port is None else None
    if running is None:
        if refusal := trust.refusal(wish_of(settings, findings, os.environ), os.environ):
            write_line(refusal, colour="red", err=True)
            raise SystemExit(1)
        checks = _unreadable(findings) or _examine_resting(replace(settings, port=port or settings.port), callback)
    else:
        checks = _examine_running(settings, running, callback)
    if as_json:
        write_json([asdict(check) for check in checks], indent=2)
    else:
        for check in checks:
            print_check(check, everything=everything)
        write_lines(("", tally(checks)))
    if any(check.verdict is Verdict.FAIL for check in checks):
        raise SystemExit(1)


def find_running(state_dir: Path) -> Running | None:
    """Return the gateway that runs over this state and what it says of itself; None where none runs.

    It examines itself: it alone knows with which configuration, ports and environment it runs.
    """
    try:
        welcome = asyncio.run(welcome_once(state_dir))
    except Refused as refused:
        silent = refused.problem
        if isinstance(silent, GatewaySilent):
            return Running(None, (_silent(silent.pid, silent.explain()),))
        return None
    except (Lost, OSError):
        return None
    port = urlsplit(welcome.gateway.origin).port
    try:
        answer = asyncio.run(ask_once(state_dir, "examine"))
    except (Refused, Lost, OSError) as reason:
        return Running(port, (_silent(welcome.gateway.pid, str(reason)),))
    if not answer.ok:
        return Running(port, (_silent(welcome.gateway.pid, answer.explanation),))
    return Running(port, tuple(read_check(each) for each in answer.result["checks"]))


def read_check(told: dict[str, Any]) -> Check:
    """Return a check as the control socket tells it."""
    return Check(**{**told, "verdict": Verdict(told["verdict"]), "marks": tuple(told.get("marks", ()))})


def _silent(pid: int, why: str) -> Check:
    todo = f"Stop it (process {pid}) and start devgw up again."
    return Check("gateway", Verdict.FAIL, "asked the running gateway to look at itself", why, todo)


def _examine_running(settings: Settings, running: Running, callback: str) -> list[Check]:
    """Return the checks of this machine as this shell sees it, and those that the gateway made."""
    from devgw.outbound.doctor import Machine, examine_machine  # noqa: PLC0415  an HTTP client that --help does not need

    machine = Machine(running.port or settings.port, os.environ, callback, is_running=True)
    return [*asyncio.run(examine_machine(machine)), *running.checks]


def _examine_resting(settings: Settings, callback: str) -> list[Check]:
    """Return every check for the project of these settings, as `devgw up` would run it."""
    from devgw.outbound.doctor import Patient, examine  # noqa: PLC0415  an HTTP client that --help does not need
    from devgw.outbound.trust import believe  # noqa: PLC0415  the same

    believe(settings.ca_file)
    clock = SystemClock()
    loaded = read_project(settings, os.environ, emulator_origin(settings), read_at=clock.now())
    if loaded.project is None:
        return _unreadable(loaded.findings)
    emulated = loaded.wants_emulator
    patient = Patient(
        loaded.project, settings, os.environ, nothing_kept(), is_emulated=emulated, client_callback=callback
    )
    return asyncio.run(examine(patient, clock))


def emulator_origin(settings: Settings) -> str:
    """Return where the emulator would answer; where its port is the gateway's, a start takes any free one."""
    port = settings.emulators.workos_port
    return "http://localhost" if port == settings.port else f"http://localhost:{port}"


def nothing_kept() -> ConnectionStore:
    """Return a store in memory: what the gateway of a folder keeps is its own."""
    from devgw.store.connections import SealedConnections  # noqa: PLC0415  only where no gateway runs
    from devgw.store.database import Database  # noqa: PLC0415  the same
    from devgw.store.migrations import MIGRATIONS  # noqa: PLC0415  the same
    from devgw.store.sealing import Sealer, load_key  # noqa: PLC0415  the same

    return SealedConnections(Database(None, MIGRATIONS), Sealer(load_key(None)))


def _unreadable(findings: Iterable[Finding]) -> list[Check]:
    """Return that `devgw up` would not start, with the first reason; empty where none is an error."""
    errors = [each for each in findings if each.severity is Severity.ERROR]
    todo = "Run `devgw check` for every finding."
    saw = [f"{each.file}: {each.message}" for each in errors[:1]]
    return [Check("configuration", Verdict.FAIL, "read the project", each, todo, "CONF-05") for each in saw]
