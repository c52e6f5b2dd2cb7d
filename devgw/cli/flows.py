"""`devgw flows`: each client's way, how far it came, and why it stopped; those of earlier runs too."""

from pathlib import Path

import click

from devgw.cli.joining import directory_argument, find_gateway, json_option, opened, run, state_dir_of
from devgw.cli.printing import own_line, write_json, write_line, write_page
from devgw.cli.tables import write_table
from devgw.clock import wall_time
from devgw.control.client import snapshot_once
from devgw.control.messages import FlowRow

NO_FLOW = "No flow has begun since this gateway started. Connect a client; one that still has a good token begins none."
_NONE_KEPT = "No flow that can be read is kept of this run or of earlier ones."
HEADS = ("STATE", "START", "FLOW", "CLIENT", "DRAICSKTM", "STEP", "WHY / LAST SEEN")
SPARE = ("START", "STEP")
"""What a narrow terminal goes without."""


@click.command("flows")
@click.argument("flow", required=False)
@directory_argument
@json_option
@click.option("--all", "shows_all", is_flag=True, help="Those of earlier runs too, whether a gateway runs or not.")
@click.option(
    "--save", type=click.Path(path_type=Path), help="With FLOW: write it, with its requests, into a new file."
)
def command(flow: str | None, directory: Path, *, as_json: bool, shows_all: bool, save: Path | None) -> None:
    """List the flows of the gateway that runs in this project, newest first; or show one, as a Markdown report.

    A file that --save writes can go into an issue report: `devgw open` shows it anywhere. Secrets and
    mail addresses are masked in it; names, and what tools were asked and said, are not.
    """
    if save is not None and flow is None:
        raise click.UsageError("--save goes with the id of a flow.")
    if save is not None:
        _save(directory, str(flow), save)
    elif flow is not None:
        _show(directory, flow, as_json=as_json)
    else:
        _list(directory, as_json=as_json, shows_all=shows_all)


def _list(directory: Path, *, as_json: bool, shows_all: bool) -> None:
    rows = _rows(directory, shows_all=shows_all)
    shown = sorted((row for row in rows if shows_all or not row.run), key=lambda row: row.started, reverse=True)
    if as_json:
        for row in shown:
            write_json(row)
    elif shows_all:
        write_table(("RUN", *HEADS), [[_run(row), *cells(row)] for row in shown], _NONE_KEPT, SPARE)
    else:
        earlier = f" `devgw flows --all` has {len(rows)} of earlier runs." if rows else ""
        write_table(HEADS, [cells(row) for row in shown], NO_FLOW + earlier, SPARE)


def _rows(directory: Path, *, shows_all: bool) -> list[FlowRow]:
    if not shows_all:
        return run(snapshot_once(state_dir_of(directory), ["flow"])).of("flow", FlowRow)
    from devgw.cli.kept import kept_rows  # noqa: PLC0415  a third of a second, rarely wanted

    return kept_rows(directory)


def _run(row: FlowRow) -> str:
    return f"{wall_time(row.run):%b %d %H:%M}" if row.run else "this one"


def _save(directory: Path, flow: str, path: Path) -> None:
    from devgw.cli.kept import kept_flow, save_file  # noqa: PLC0415  the same

    recording = kept_flow(directory, flow)
    save_file(path, recording)
    write_line(
        f"Written: {path}, with {len(recording.exchanges)} requests. {own_line('open', path)} shows it.", err=True
    )
    write_line("Secrets and mail addresses are masked; names, and what tools were asked and said, are not.", err=True)


def _show(directory: Path, flow: str, *, as_json: bool) -> None:
    state_dir = state_dir_of(directory)
    if find_gateway(state_dir) is not None:
        detail = opened(state_dir, "flow", flow)
        write_json(detail) if as_json else write_page(detail["report"].rstrip("\n"))
        return
    from devgw.cli.kept import kept_flow  # noqa: PLC0415  the same

    recording = kept_flow(directory, flow)
    write_json(recording.flow) if as_json else write_page(recording.flow.report.rstrip("\n"))


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
