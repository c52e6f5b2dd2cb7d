"""`devgw flows`: each client's way, how far it came, and why it stopped."""

from pathlib import Path
from typing import Any

import click

from devgw.cli.joining import directory_argument, json_option, opened, run, state_dir_of
from devgw.cli.printing import write_json, write_page
from devgw.cli.tables import write_table
from devgw.clock import wall_time
from devgw.control.client import snapshot_once
from devgw.control.messages import FlowRow

NO_FLOW = "No flow has begun since this gateway started. Connect a client; one that still has a good token begins none."
HEADS = ("STATE", "START", "FLOW", "CLIENT", "DRAICSKTM", "STEP", "WHY / LAST SEEN")
SPARE = ("START", "STEP")
"""What a narrow terminal goes without."""


@click.command("flows")
@click.argument("flow", required=False)
@directory_argument
@json_option
def command(flow: str | None, directory: Path, *, as_json: bool) -> None:
    """List the flows of the gateway that runs in this project, newest first; or show one, as a Markdown report."""
    state_dir = state_dir_of(directory)
    if flow is not None:
        _show(opened(state_dir, "flow", flow), as_json=as_json)
        return
    rows = run(snapshot_once(state_dir, ["flow"])).of("flow", FlowRow)
    rows.sort(key=lambda row: row.started, reverse=True)
    if as_json:
        for row in rows:
            write_json(row)
        return
    write_table(HEADS, [cells(row) for row in rows], NO_FLOW, SPARE)


def _show(detail: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        write_json(detail)
    else:
        write_page(detail["report"].rstrip("\n"))


def cells(row: FlowRow) -> list[str]:
    """Return one line of the table."""
    guess = "~" if row.guessed else ""
    found = f" [{', '.join(row.diagnoses)}]" if row.diagnoses else ""
    state = "done !" if row.needs_attention and row.state == "done" else row.state
    return [
        state,
        f"{wall_time(row.started):%H:%M:%S}",
        row.id + guess,
        row.client,
        row.track,
        row.step,
        row.why + found,
    ]
