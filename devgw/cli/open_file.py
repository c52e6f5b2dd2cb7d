"""`devgw open`: a flow that somebody saved, without any gateway."""

from pathlib import Path

import click

from devgw.cli.joining import fail, json_option
from devgw.cli.kept import read_file
from devgw.cli.meant import near_ids
from devgw.cli.printing import own_line, write_json, write_lines, write_page
from devgw.cli.tables import write_table
from devgw.cli.trace import HEADS, SPARE, cells, lines
from devgw.clock import wall_time
from devgw.monitor.recorded_flow import RecordedFlow


@click.command("open")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("trace", required=False)
@json_option
def command(file: Path, trace: str | None, *, as_json: bool) -> None:
    """Show the flow in FILE, as `devgw flows FLOW --save FILE` wrote it: its ladder, why, and its requests.

    With TRACE, the id of one of them, that request with both messages. No gateway need run, and nothing is asked.
    """
    recording = read_file(file)
    if trace is not None:
        _exchange(recording, trace, as_json=as_json)
    elif as_json:
        write_json(recording)
    else:
        show(recording, own_line("open", file))


def show(recording: RecordedFlow, again: str) -> None:
    """Print a flow that is kept; `again` is the command that opens one of its requests, without the id."""
    run = recording.run
    write_page(recording.flow.report.rstrip("\n"))
    write_lines(["", f"Seen by devgw {run.version}, in the run of {wall_time(run.started):%Y-%m-%d %H:%M:%S}.", ""])
    write_table(HEADS, [cells(each.row) for each in recording.exchanges], "None of its requests is kept.", SPARE)
    if recording.left_out:
        write_lines([f"{recording.left_out} requests between the first and the newest were not kept."])
    if recording.exchanges:
        write_lines(["", f"`{again} TRACE` shows one of them."])


def _exchange(recording: RecordedFlow, id_: str, *, as_json: bool) -> None:
    found = recording.exchange(id_)
    if found is None:
        near = near_ids(id_, [each.row.id for each in recording.exchanges])
        fail(f"There is no request {id_} in this flow.", f"Near it: {', '.join(near)}." if near else "")
    if as_json:
        write_json(found)
    else:
        write_lines(lines(found.to_object()))
