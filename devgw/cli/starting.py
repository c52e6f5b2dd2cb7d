"""Bringing the gateway up from the command line: settings, build, and a clear word when it cannot start."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from devgw.config.finding import Finding
from devgw.config.settings_file import read_settings
from devgw.events import Published
from devgw.monitor.lines import line_of
from devgw.store.database import StateUnusable
from devgw.web.listening import PortTaken
from devgw.wiring.building import CannotStart, build
from devgw.wiring.runtime import Runtime


def start(directory: Path, overrides: dict[str, Any], *, as_json: bool) -> Runtime | None:
    """Return a runtime that is ready to be served; None after saying why there is none."""
    settings, findings = read_settings(directory, os.environ, overrides)
    say_findings(findings)
    if any(finding.severity == "error" for finding in findings):
        return None
    try:
        runtime = build(settings, os.environ, hear=printer(as_json=as_json))
    except CannotStart as error:
        say_findings(error.findings)
    except PortTaken as error:
        say_port_taken(error)
    except (StateUnusable, OSError) as error:
        click.secho(str(error), fg="red", err=True)
    else:
        say_findings(runtime.loaded.findings)
        return runtime
    return None


def printer(*, as_json: bool) -> Callable[[Published], None]:
    """Return what prints each event as a line."""

    def show(published: Published) -> None:
        line = line_of(published)
        click.echo(f"{published.at:%H:%M:%S} {line.name} {line.text}" if not as_json else str(line.fields))

    return show


def say_findings(findings: tuple[Finding, ...]) -> None:
    """Print what is wrong with the configuration."""
    for finding in findings:
        colour = {"error": "red", "warning": "yellow"}.get(finding.severity)
        click.secho(f"{finding.severity}: {finding.place}: {finding.message} {finding.fix}", fg=colour, err=True)


def say_port_taken(error: PortTaken) -> None:
    """Say that somebody else listens there, and what another port changes."""
    click.secho(
        f"Port {error.port} on {error.host} is taken by another process. Stop that one, or start with "
        f"--port {error.port + 1}; then http://localhost:{error.port + 1}/oauth/callback has to be registered as a "
        "redirect URI at the identity provider.",
        fg="red",
        err=True,
    )
