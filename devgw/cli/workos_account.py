"""A WorkOS account for a new project: from flags, the shell or two questions, kept in `.env`, and tried at once."""

import asyncio
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devgw.cli.printing import ask, ask_hidden, write_line, write_page
from devgw.config.dotenv_file import FILE as DOTENV_FILE
from devgw.config.draft import quoted, stands_for_itself
from devgw.config.emulator import CLIENT_ID_NAME, SECRET_NAME

if TYPE_CHECKING:
    from devgw.config.finding import Finding
    from devgw.diagnosis.verdicts import Check
    from devgw.outbound.doctor import Patient

FLAGS = ("workos_client_id", "workos_key_env")
_KEY_NAMES = (SECRET_NAME, "WORKOS_API_KEY")
"""Variables that may hold the key: the project's name for it, and WorkOS's own."""
_VISIBLE = re.compile(r"[!-~]+")
_DASHBOARD = "In the WorkOS dashboard (https://dashboard.workos.com), in the environment that is meant (Staging):"
_QUESTIONS = 3
"""How often it is asked for what is no id of a client, before nobody seems to have one."""
_COPY = "API Keys; copy the Client ID with its button, create a key, which is shown once, and write both into {dotenv}."
_CLICKS = {
    "RURI-04": "Redirects; add {callback} exactly so, and save.",
    **dict.fromkeys(("WORK-01", "IDT-05", "IDT-30", "RURI-05", "TOK-07", "WORK-08"), _COPY),
}
"""By the diagnosis of a check: where to click."""
_OF_THE_ID = "WORK-01"


@dataclass(frozen=True, slots=True)
class WorkosAccount:
    """A client id, and the API key of the same environment."""

    client_id: str
    key: str = field(repr=False)

    def lines(self) -> str:
        """Return what `.env` says of it."""
        return "".join(f"{name}={quoted(value)}\n" for name, value in self.variables().items())

    def variables(self) -> dict[str, str]:
        """Return it by the names that a project's policy asks for."""
        return {CLIENT_ID_NAME: self.client_id, SECRET_NAME: self.key}


def account_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name an account."""
    for option in (
        click.option("--workos-key-env", metavar="NAME", help="The variable that holds its API key."),
        click.option("--workos-client-id", metavar="ID", help="Sign people in at WorkOS: your client id there."),
    ):
        command = option(command)
    return command


def account_of(flags: Mapping[str, Any], environ: Mapping[str, str], *, is_new: bool) -> WorkosAccount | None:
    """Return the account that is given; None where none is.

    Args:
        flags: what was typed, by `FLAGS`.
        environ: the person's shell.
        is_new: whether the folder holds nothing of a project; in somebody's, nothing is taken that was not typed.

    Raises:
        click.UsageError: where half of it is typed, or what no `.env` can hold.
    """
    typed, variable = flags["workos_client_id"] or "", flags["workos_key_env"] or ""
    if variable and not environ.get(variable):
        raise click.BadParameter(f"the variable {variable} is not set.", param_hint="--workos-key-env")
    may_ask = is_new and _may_ask(environ)
    client_id = (typed or _client_id(environ, may_ask=may_ask, may_take=is_new or bool(variable))).strip()
    names = (variable,) if variable else _KEY_NAMES
    key = next((environ[name] for name in names if environ.get(name)), "").strip()
    if client_id and not key and may_ask:
        key = ask_hidden("Its API key, which is not shown: ").strip()
    if typed and not key:
        raise click.UsageError(
            "An API key goes with it: set it as WORKOS_CLIENT_SECRET, or name its variable: --workos-key-env."
        )
    if variable and not client_id:
        raise click.UsageError("A client id goes with it: --workos-client-id.")
    return _checked(client_id, key) if client_id and key else None


def _client_id(environ: Mapping[str, str], *, may_ask: bool, may_take: bool) -> str:
    if may_take and environ.get(CLIENT_ID_NAME):
        return environ[CLIENT_ID_NAME]
    for _ in range(_QUESTIONS if may_ask else 0):
        given = ask("Your Client ID at WorkOS (Enter: none, an emulator signs people in): ").strip()
        if not given or given.casefold().startswith("client"):  # a slip behind that is told with the id it may be
            return given
        write_line("That is no Client ID: one begins with `client_`. Copy it from API Keys at WorkOS.", err=True)
    return ""


def _may_ask(environ: Mapping[str, str]) -> bool:
    return not environ.get("CI") and sys.stdin.isatty() and sys.stderr.isatty()


def _checked(client_id: str, key: str) -> WorkosAccount:
    for what, value in (("client id", client_id), ("API key", key)):
        if not _VISIBLE.fullmatch(value) or not stands_for_itself(value):
            raise click.UsageError(f"The {what} has a character that none at WorkOS has: copy it again.")
    return WorkosAccount(client_id, key)


def try_account(directory: Path, account: WorkosAccount) -> None:
    """Say whether WorkOS takes client id, key and redirect URI, as the doctor asks it, and where to click if not."""
    from devgw.cli.doctor import emulator_origin, nothing_kept  # noqa: PLC0415  only with an account
    from devgw.clock import SystemClock  # noqa: PLC0415  the same
    from devgw.config.settings_file import read_settings  # noqa: PLC0415
    from devgw.outbound.doctor import Patient  # noqa: PLC0415
    from devgw.outbound.trust import believe  # noqa: PLC0415
    from devgw.wiring.reading import read_project  # noqa: PLC0415

    for name, value in account.variables().items():
        if os.environ.get(name) not in {None, "", value}:
            said = f"{name} of this shell is another one, and goes before {DOTENV_FILE}: unset it."
            write_line(said, colour="yellow")
    settings, findings = read_settings(directory.resolve(), os.environ)
    environ = {**os.environ, **account.variables()}
    loaded = read_project(settings, environ, emulator_origin(settings), read_at=SystemClock().now())
    if _say_errors((*findings, *loaded.findings)) or loaded.project is None:
        return
    if loaded.wants_emulator:
        write_line("That account is the emulator's own, which signs people in.")
        return
    believe(settings.ca_file)
    _say_checks(Patient(loaded.project, settings, environ, nothing_kept()))


def _say_errors(findings: "Iterable[Finding]") -> bool:
    """Print what keeps a gateway from starting; tell whether there is anything."""
    from devgw.config.finding import Severity  # noqa: PLC0415  only with an account
    from devgw.config.report import one_for_people  # noqa: PLC0415  the same

    errors = [each for each in findings if each.severity is Severity.ERROR]
    for each in errors:
        write_page(one_for_people(each), colour="red")
    return bool(errors)


def _say_checks(patient: "Patient") -> None:
    from devgw.cli.doctor_lines import print_check  # noqa: PLC0415  only with an account
    from devgw.clock import SystemClock  # noqa: PLC0415  the same
    from devgw.outbound.doctor import examine_login, why_silent  # noqa: PLC0415

    clock = SystemClock()
    if why := asyncio.run(why_silent(patient, clock)):
        then = "`devgw doctor` tries client id, key and redirect URI once it can be"
        write_line(f"WorkOS cannot be asked now ({why}); {then}.", colour="yellow")
        return
    wrong = _wrong(asyncio.run(examine_login(patient, clock, only="provider")))
    if not wrong:
        write_line(f"WorkOS knows the client id, takes its key, and sends back to {patient.callback}.", colour="green")
    for check in wrong:
        print_check(check, everything=False)
    dotenv = patient.settings.root / DOTENV_FILE
    for clicks in dict.fromkeys(_CLICKS[each.diagnosis_id] for each in wrong if each.diagnosis_id in _CLICKS):
        write_line(f"{_DASHBOARD} {clicks.format(callback=patient.callback, dotenv=dotenv)}")


def _wrong(checks: "list[Check]") -> "list[Check]":
    """Return what is not in order, once for each diagnosis; of an unknown client id everything else follows."""
    from devgw.diagnosis.verdicts import Verdict  # noqa: PLC0415  only with an account

    wrong = [each for each in checks if each.verdict in {Verdict.FAIL, Verdict.WARN}]
    if any(each.diagnosis_id == _OF_THE_ID and each.verdict is Verdict.FAIL for each in wrong):
        wrong = [each for each in wrong if each.diagnosis_id == _OF_THE_ID]
    first: dict[str, Check] = {}
    for each in wrong:
        first.setdefault(each.diagnosis_id or each.name, each)
    return list(first.values())
