"""Bringing the gateway up from the command line: settings, build, and a clear word when it cannot start."""

import os
from pathlib import Path
from typing import Any

import click

from devgw.cli.headless import printer
from devgw.config.finding import Finding, Severity
from devgw.config.settings_file import read_settings
from devgw.problems import Refused
from devgw.store.database import StateUnusable
from devgw.web.listening import PortTaken
from devgw.wiring.building import CannotStart, build
from devgw.wiring.companions import SeedUnusable
from devgw.wiring.runtime import Runtime

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def start(directory: Path, overrides: dict[str, Any], *, as_json: bool, everything: bool) -> Runtime | None:
    """Return a runtime that is ready to be served; None after saying why there is none."""
    settings, findings = read_settings(directory, os.environ, overrides)
    say_findings(findings)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return None
    try:
        runtime = build(settings, os.environ, hear=printer(as_json=as_json, all_lines=everything))
    except CannotStart as error:
        say_findings(error.findings)
        _complain(f"devgw does not start: {len(error.findings)} finding(s) in {directory}.")
    except PortTaken as error:
        say_port_taken(error)
    except Refused as refused:
        _complain(f"{refused.problem.explain()} {refused.problem.advise()}")
    except (StateUnusable, SeedUnusable, OSError) as error:
        _complain(str(error))
    else:
        if not as_json:
            welcome(runtime)
        return runtime
    return None


def welcome(runtime: Runtime) -> None:
    """Say what runs, and what to do next."""
    loaded, settings = runtime.loaded, runtime.settings
    if loaded.is_sample:
        click.echo(f"No project in {settings.root}: the built-in sample runs. `devgw init` copies it here.")
    else:
        say_findings(loaded.findings)
    for note in runtime.notes:
        click.echo(note)
    urls = runtime.gateway.urls(settings.canonical_origin)
    for route in runtime.gateway.project.routes:
        url = urls.resource(route)
        click.echo(f"  {url}    claude mcp add --transport http {route.operation_id} {url}")


def say_findings(findings: tuple[Finding, ...]) -> None:
    """Print what is wrong with the configuration; notes are for `devgw check`."""
    for finding in findings:
        if finding.severity is not Severity.NOTE:
            text = f"{finding.severity}: {finding.place}: {finding.message} {finding.fix}".strip()
            click.secho(text, fg=_COLOURS.get(finding.severity), err=True)


def say_port_taken(error: PortTaken) -> None:
    """Say by whom the port is taken, and what another one changes at the identity provider."""
    from devgw.outbound.probes.machine import owner_of  # noqa: PLC0415  only where it is needed

    owner = owner_of(error.port) or "another process"
    other = error.port + 1
    _complain(
        f"Port {error.port} is taken by {owner}. Stop it, or start with --port {other}; then "
        f"http://localhost:{other}/oauth/callback has to be registered at the identity provider "
        "(WorkOS: Redirects), beside or instead of the one for this port."
    )


def _complain(text: str) -> None:
    click.secho(text, fg="red", err=True)
