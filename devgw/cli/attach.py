"""`devgw attach`: a dashboard on a gateway that runs already. Leaving it leaves the gateway running."""

import os
import shlex
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devgw.cli.printing import write_line
from devgw.dashboard.theme_choice import THEME_NAMES

if TYPE_CHECKING:
    from devgw.dashboard.child import GatewayChild


@click.command("attach")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--state-dir", help="Directory of the gateway's socket (.devgw).")
@click.option("--theme", type=click.Choice(THEME_NAMES), help="Colours; TEXTUAL_THEME and NO_COLOR work too.")
@click.option("--ascii", "is_ascii", is_flag=True, help="No other signs than ASCII.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@click.option("--read-only", is_flag=True, help="Look, but revoke and reveal nothing.")
@click.option("--show-cursor", is_flag=True, help="Show the terminal's cursor on the selected row.")
@click.option("--web", "in_browser", is_flag=True, help="In one browser on this machine, read-only.")
def command(directory: Path, state_dir: str | None, in_browser: bool, **wishes: Any) -> None:
    """Open a dashboard on the gateway that runs for the project in DIRECTORY (here, if not given)."""
    from devgw.config.settings_file import read_settings  # noqa: PLC0415  `--help` need not wait for it
    from devgw.control.state_place import folder_to_join  # noqa: PLC0415
    from devgw.dashboard.terminal import why_none  # noqa: PLC0415

    reason = why_none(os.environ)
    if reason and not in_browser:
        write_line(f"devgw: no dashboard here: {reason}. `devgw tail` prints the events as lines.", err=True)
        sys.exit(2)
    given = {"state_dir": state_dir} if state_dir else {}
    settings, _ = read_settings(directory.resolve(), os.environ, given)
    folder = folder_to_join(settings, os.environ)
    if not folder.is_dir():
        write_line(f"devgw: no gateway has run in {directory.resolve()}: start one with `devgw up`.", err=True)
        sys.exit(1)
    if in_browser:
        sys.exit(in_one_browser(directory, folder, None))
    sys.exit(_in_terminal(folder, wishes))


def _in_terminal(state_dir: Path, wishes: dict[str, Any]) -> int:
    from devgw.dashboard.entry import DashboardOptions, run_dashboard  # noqa: PLC0415  imported when it is wanted

    options = DashboardOptions(
        wishes["theme"] or "", wishes["is_ascii"], not wishes["no_mouse"], wishes["read_only"], wishes["show_cursor"]
    )
    return run_dashboard(state_dir, None, options)


def _wanted_for_web() -> str:
    """Return what --web needs beside devgw, as pip wants it."""
    wanted = requires("devgw") or []
    return next(
        (each.partition(";")[0].strip() for each in wanted if each.startswith("textual-serve")), "textual-serve"
    )


def in_one_browser(directory: Path, state_dir: Path, child: "GatewayChild | None") -> int:
    """Serve the dashboard to one browser; return the exit status."""
    try:
        from devgw.dashboard.serve import serve_dashboard  # noqa: PLC0415  an optional extra
    except ImportError:
        install = shlex.join([sys.executable, "-m", "pip", "install", _wanted_for_web()])
        write_line(f"devgw: --web needs textual-serve, which is not installed here: {install}", err=True)
        return 2
    return serve_dashboard(directory.resolve(), state_dir, child)
