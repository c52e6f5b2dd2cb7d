"""`devgw attach`: a dashboard on a gateway that runs already. Leaving it leaves the gateway running."""

import os
import sys
from pathlib import Path

import click

from devgw.settings import Settings

THEMES = ("dark", "light", "contrast", "ansi")


@click.command("attach")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--theme", type=click.Choice(THEMES), help="Colours; TEXTUAL_THEME and NO_COLOR work too.")
@click.option("--ascii", "is_ascii", is_flag=True, help="No other signs than ASCII.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@click.option("--read-only", is_flag=True, help="Look, but revoke and reveal nothing.")
@click.option("--show-cursor", is_flag=True, help="Show the terminal's cursor on the selected row.")
def command(
    directory: Path, theme: str | None, is_ascii: bool, no_mouse: bool, read_only: bool, show_cursor: bool
) -> None:
    """Open a dashboard on the gateway that runs for the project in DIRECTORY (here, if not given)."""
    from devgw.dashboard.entry import Options, run_dashboard, why_none  # noqa: PLC0415  `--help` need not wait for it

    reason = why_none(os.environ)
    if reason:
        click.echo(f"devgw: no dashboard here: {reason}. `devgw tail` prints the events as lines.", err=True)
        sys.exit(2)
    state_dir = Settings(root=directory.resolve()).state_path
    if not state_dir.is_dir():
        click.echo(f"devgw: no gateway has run in {directory.resolve()}: start one with `devgw up`.", err=True)
        sys.exit(1)
    options = Options(theme or "", is_ascii, not no_mouse, read_only, show_cursor)
    sys.exit(run_dashboard(state_dir, None, options))
