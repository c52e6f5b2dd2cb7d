"""`devgw doctor`: probe everything that a login depends on."""

import asyncio
import os
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import click

from devgw.cli.printing import write_json, write_line, write_lines, write_marked
from devgw.cli.trust import Trust, wish_of
from devgw.clock import SystemClock, from_epoch
from devgw.config.load import Loaded, load
from devgw.config.sample import emulated_environ
from devgw.config.settings_file import read_settings
from devgw.control.client import Lost, welcome_once
from devgw.control.folder import SOCKET, folder_to_join
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.problems import Refused
from devgw.settings import Settings

COLOURS = {Verdict.PASS: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red", Verdict.NOT_APPLICABLE: "dim"}
SIGNS = {Verdict.PASS: "ok  ", Verdict.WARN: "warn", Verdict.FAIL: "FAIL", Verdict.NOT_APPLICABLE: "-   "}


@click.command("doctor")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False, exists=True), default=".")
@click.option("--port", type=int, help="The gateway's port, where it is not the configured one.")
@click.option("--callback", default="", help="A client's redirect URI: say who listens there.")
@click.option("--trust", is_flag=True, help="Let the project use this shell's environment without being asked.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@click.option("--all", "everything", is_flag=True, help="Also print what is in order, with what was done.")
def command(directory: Path, port: int | None, callback: str, trust: bool, as_json: bool, everything: bool) -> None:
    """Probe the identity provider, this machine, the gateway's metadata and every upstream; exit 1 where one fails."""
    settings, findings = read_settings(directory, os.environ)
    if refusal := Trust(trust).refusal(wish_of(settings, findings, os.environ), os.environ):
        write_line(refusal, colour="red", err=True)
        raise SystemExit(1)
    checks = examine_directory(directory, port, callback)
    if as_json:
        write_json([asdict(check) for check in checks], indent=2)
    else:
        for check in checks:
            _print(check, everything=everything)
        write_lines(("", _tally(checks)))
    if any(check.verdict is Verdict.FAIL for check in checks):
        raise SystemExit(1)


def examine_directory(directory: Path, port: int | None = None, callback: str = "") -> list[Check]:
    """Return every check for the project in `directory`, as `devgw up` would run it."""
    from devgw.outbound.doctor import Patient, examine  # noqa: PLC0415  an HTTP client that --help does not need

    settings, _ = read_settings(directory, os.environ)
    settings = replace(settings, port=port or running_port(folder_to_join(settings)) or settings.port)
    clock = SystemClock()
    loaded = _load(directory, settings, clock.now())
    if loaded.project is None:
        return [_unreadable(loaded)]
    patient = Patient(
        loaded.project,
        settings,
        os.environ,
        dotenv_changed_at=_changed_at(directory / ".env"),
        gateway_started_at=_changed_at(folder_to_join(settings) / SOCKET),
        is_emulated=loaded.wants_emulator,
        client_callback=callback,
    )
    return asyncio.run(examine(patient, clock))


def running_port(state_dir: Path) -> int | None:
    """Return the port of the gateway that runs over this state, however it was started; None where none runs."""
    try:
        welcome = asyncio.run(welcome_once(state_dir))
    except (Refused, Lost, OSError):
        return None
    return urlsplit(welcome.gateway.origin).port


def _load(directory: Path, settings: Settings, now: datetime) -> Loaded:
    emulator = f"http://localhost:{settings.emulators.workos_port}"
    offered = emulated_environ(directory)
    return load(directory, os.environ, settings, fallback_environ=offered, workos_origin=emulator, read_at=now)


def _unreadable(loaded: Loaded) -> Check:
    first = next((str(each.message) for each in loaded.findings if each.severity == "error"), "it cannot be read")
    todo = "Run `devgw check` for every finding."
    return Check("configuration", Verdict.FAIL, "read the project", first, todo, "CONF-05")


def _changed_at(path: Path) -> datetime | None:
    try:
        return from_epoch(path.stat().st_mtime)
    except OSError:
        return None


def _print(check: Check, *, everything: bool) -> None:
    """Print one check; what is in order takes one line."""
    failure_id = f"  [{check.diagnosis_id}]" if check.diagnosis_id else ""
    write_marked(SIGNS[check.verdict], f"  {check.name}: {check.saw}{failure_id}", colour=COLOURS[check.verdict])
    is_fine = check.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE)
    if everything or not is_fine:
        write_line(f"      did: {check.did}")
    for line in check.marks:
        write_line(f"           {line}")
    if check.todo:
        write_line(f"      do:  {check.todo}")


def _tally(checks: list[Check]) -> str:
    counted = [(sum(check.verdict is verdict for check in checks), verdict.value) for verdict in Verdict]
    return ", ".join(f"{count} {word}" for count, word in counted if count)
