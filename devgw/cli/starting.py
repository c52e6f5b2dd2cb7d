"""Bringing the gateway up from the command line: settings, build, and a clear word when it cannot start."""

import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from devgw.cli.event_lines import EventLines
from devgw.cli.headless import LinePrinter
from devgw.cli.printing import PLAIN, padded, write_json, write_page
from devgw.cli.taken_port import port_taken
from devgw.cli.trust import Trust, wish_of
from devgw.clock import SystemClock
from devgw.config.finding import Finding, Severity
from devgw.config.report import one_for_people, tally
from devgw.config.settings_file import read_settings
from devgw.control.state_place import placed
from devgw.foreign.client_setup import CLAUDE_CODE
from devgw.foreign.shell import server_names
from devgw.foreign.text import cells, clean
from devgw.monitor.configured_secrets import ConfiguredSecrets
from devgw.outbound.trust import believe
from devgw.problems import Refused
from devgw.settings import Settings
from devgw.store.failure import StateUnusable
from devgw.web.listening import PortTaken
from devgw.wiring.building import CannotListen, CannotStart, build
from devgw.wiring.cause import cause_of
from devgw.wiring.runtime import Runtime

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


@dataclass(frozen=True, slots=True)
class Started:
    """A gateway that is ready to be served, and where its lines go."""

    runtime: Runtime
    lines: EventLines
    is_for_people: bool

    def welcome(self) -> None:
        """Say what runs, and what to do next; for a program the events say it."""
        if self.is_for_people:
            welcome(self.runtime, self.lines.say)


def start(
    directory: Path, overrides: dict[str, Any], trust: Trust, *, as_json: bool, everything: bool
) -> Started | None:
    """Return a runtime that is ready to be served; None after saying why there is none."""
    said = Complaint(directory, as_json=as_json)
    settings, findings = read_settings(directory, os.environ, overrides)
    if any(finding.severity is Severity.ERROR for finding in findings):
        said.findings(findings)
        return None
    say_findings(findings, directory)
    wish = wish_of(settings, findings, os.environ)
    if refusal := trust.refusal(wish, os.environ):
        said.text(refusal, "project_not_trusted")
        return None
    settings, moved = placed(settings, os.environ)
    if moved:
        write_page(moved, err=True)
    believe(settings.ca_file)
    clock = SystemClock()
    secrets = ConfiguredSecrets()
    printer = LinePrinter(as_json=as_json, all_lines=everything, hide=secrets.hide)
    lines = EventLines(printer, clock, all_lines=everything or as_json)
    try:
        runtime = build(settings, os.environ, clock=clock, hear=lines.hear, secrets=secrets)
    except CannotStart as error:
        said.findings(error.findings)
        return None
    except (PortTaken, CannotListen, Refused, StateUnusable, OSError) as error:
        said.text(*_why(error, settings))
        return None
    if not trust.covers_everything(os.environ):
        runtime.allowed = frozenset(wish.outflows if wish else ())
    if not as_json and not runtime.loaded.is_sample:
        say_findings(runtime.loaded.findings, settings.root)
    return Started(runtime, lines, is_for_people=not as_json)


def _why(error: Exception, settings: Settings) -> tuple[str, str]:
    """Return why there is no gateway, in words and as a reason for programs."""
    if isinstance(error, PortTaken):
        return port_taken(error, settings), "port_taken"
    if isinstance(error, Refused):
        return sentence_of(error), error.problem.reason
    if isinstance(error, CannotListen):
        return cannot_listen(settings, error.error), "cannot_listen"
    if isinstance(error, OSError):
        return sentence_of(error), "cannot_start"
    return str(error), "state_unusable"


def sentence_of(error: Exception) -> str:
    """Return what failed and what mends it, in words for a person."""
    if isinstance(error, (Refused, OSError)):
        cause = cause_of(error)
        return f"{cause.reason.rstrip('.')}. {cause.fix}".strip()
    return str(error)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Says why there is no gateway: in words, and as one more JSON object where those are read."""

    directory: Path
    as_json: bool

    def findings(self, findings: Iterable[Finding]) -> None:
        """Say what is wrong with the configuration, and how much of it."""
        found = tuple(each for each in findings if each.severity is not Severity.NOTE)
        say_findings(found, self.directory)
        where = _from_here(self.directory)
        text = f"devgw does not start: {tally(found)} {'here' if where == '.' else f'in {where}'}."
        self.text(text, "configuration_invalid", [asdict(each) for each in found])

    def text(self, text: str, reason: str, findings: list[dict[str, Any]] | None = None) -> None:
        """Say it, for a reader of lines too."""
        write_page(text, colour="red", err=True)
        if self.as_json:
            told = {"event": "gateway_not_started", "outcome": "failure", "reasonCode": reason, "text": text}
            write_json(told | ({"findings": findings} if findings else {}))


def cannot_listen(settings: Settings, error: OSError) -> str:
    """Say what the system has against the address."""
    why = error.strerror or str(error)
    advice = "A port below 1024 needs rights: take one above." if isinstance(error, PermissionError) else ""
    return (
        f"devgw cannot listen on {settings.host} port {settings.port}: {why}. "
        f"{advice or 'Leave --host out to listen on this machine alone.'}"
    )


def welcome(runtime: Runtime, say: Callable[[str], None]) -> None:
    """Say what runs, and what to do next."""
    settings = runtime.settings
    if note := runtime.sample_note:
        say(note.replace("none", "No project", 1))
    for note in runtime.notes:
        say(note)
    urls = runtime.gateway.urls(settings.canonical_origin)
    found = runtime.gateway.project.routes
    names = server_names(route.operation_id for route in found)
    routes = [(urls.resource(route), name) for route, name in zip(found, names, strict=True)]
    width = max((cells(clean(url)) for url, _ in routes), default=0)
    for url, name in routes:
        say(f"  {padded(url, width)}   {CLAUDE_CODE.adding(name, url)}")


def say_findings(findings: Iterable[Finding], directory: Path) -> None:
    """Print what is wrong with the configuration as `devgw check` does; notes are left to it."""
    for finding in findings:
        if finding.severity is not Severity.NOTE:
            text = one_for_people(_seen_from_here(finding, directory))
            write_page(f"{text}\n", colour=_COLOURS.get(finding.severity, PLAIN), err=True)


def _seen_from_here(finding: Finding, directory: Path) -> Finding:
    """Return the finding with a file name that a terminal opens from the current directory."""
    file = directory / finding.file
    return replace(finding, file=_from_here(file)) if file.is_file() else finding


def _from_here(path: Path) -> str:
    """Return a path as somebody in the current directory writes it."""
    return Path(os.path.relpath(path)).as_posix()
