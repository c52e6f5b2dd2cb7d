"""`devgw check`: all findings of a project, for people, editors, pre-commit hooks and code scanning."""

import os
from dataclasses import replace
from pathlib import Path

import click

from devgw.cli.printing import own_line, write_line, write_lines, write_page
from devgw.config.environment import EnvironmentUse
from devgw.config.finding import Finding, Severity
from devgw.config.load import Loaded, has_config
from devgw.config.nearby import nearby_project
from devgw.config.report import FORMATS, one_for_people, tally
from devgw.config.settings_file import read_settings
from devgw.wiring.reading import read_project

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


@click.command("check")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False, exists=True), default=".")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="human", help="How findings are printed.")
def command(directory: Path, form: str) -> None:
    """Check the configuration in DIRECTORY and print every finding; exit 1 where one is an error."""
    loaded, findings = read(directory)
    if form != "human":
        write_page(FORMATS[form](findings))
    else:
        _print(directory, loaded, findings)
    if any(each.severity is Severity.ERROR for each in findings):
        raise SystemExit(1)


def read(directory: Path) -> tuple[Loaded, tuple[Finding, ...]]:
    """Return what `devgw up` would read in `directory`, and the findings of project and settings together."""
    settings, of_settings = read_settings(directory, os.environ)
    loaded = read_project(settings, os.environ)
    return loaded, tuple(_seen_from_here(each, directory, loaded) for each in (*of_settings, *loaded.findings))


def _seen_from_here(finding: Finding, directory: Path, loaded: Loaded) -> Finding:
    """Return the finding with a file name that an editor or a pull request finds from the current directory."""
    root = loaded.read_from if (loaded.read_from / finding.file).exists() else directory
    if finding.line == 0 and not (root / finding.file).exists():
        return finding
    return replace(finding, file=Path(os.path.relpath(root / finding.file)).as_posix())


def _row(use: EnvironmentUse) -> str:
    """Return one name of the environment: what may be shown of it, where it comes from, where it is used."""
    defined = f" line {use.defined_at.line}" if use.defined_at else ""
    used = ", ".join(f"{at.file}:{at.line}" for at in use.used_at)
    return f"{use.name} = {use.masked or '–'}  (from {use.origin.value}{defined}; used at {used})"


def _as_deployed(directory: Path) -> str:
    """Say whether devgw does here what the deployed gateway does, by its settings alone: the marks need a server."""
    if read_settings(directory, os.environ)[0].deployed.strict:
        return "As deployed: strict; `devgw explain deployed` lists what no setting makes the same."
    return "As deployed: not strict; `devgw explain deployed` lists where devgw differs on purpose."


def _print(directory: Path, loaded: Loaded, findings: tuple[Finding, ...]) -> None:
    if not has_config(directory):
        meant = nearby_project(directory)
        there = f" There is one in {meant}: `{own_line('check', meant)}`." if meant else ""
        text = f"No project in {directory.absolute()}: this is the built-in sample. `devgw init` copies it.{there}"
        write_lines((text, ""))
    for each in findings:
        write_page(one_for_people(each) + "\n", colour=_COLOURS[each.severity])
    for use in loaded.environment:
        write_line(_row(use))
    write_line(_as_deployed(directory))
    write_line(tally(findings))
