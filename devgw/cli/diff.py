"""`devgw diff`: what one attempt of a client did otherwise than another, the first that matters on top."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from devgw.cli.joining import directory_argument, fail, json_option
from devgw.cli.printing import write_json, write_page

if TYPE_CHECKING:
    from devgw.monitor.recorded_flow import RecordedFlow


@click.command("diff")
@click.argument("flow")
@click.argument("other", required=False)
@directory_argument
@json_option
def command(flow: str, other: str | None, directory: Path, *, as_json: bool) -> None:
    """Compare FLOW with OTHER, step by step: what FLOW sent or was answered otherwise, the first that matters on top.

    Each is the id of a flow, of an earlier run too, or a file that `devgw flows FLOW --save FILE` wrote. Without OTHER
    it is compared with the last flow of the same client that went well.
    """
    from devgw.cli.kept import named_flow  # noqa: PLC0415  `--help` must be quick
    from devgw.monitor.comparison import compare_flows  # noqa: PLC0415  `--help` must be quick

    one = named_flow(directory, flow)
    two = named_flow(directory, other) if other is not None else _last_good(directory, one)
    compared = compare_flows(one, two)
    if as_json:
        write_json(compared)
    else:
        write_page(compared.report.rstrip("\n"))


def _last_good(directory: Path, one: "RecordedFlow") -> "RecordedFlow":
    from devgw.cli.kept import kept_flow, kept_rows  # noqa: PLC0415  the same
    from devgw.monitor.comparison import last_good  # noqa: PLC0415  the same

    row = one.flow.row
    found = last_good(kept_rows(directory), row)
    if found is None:
        fail(
            f"No flow of {row.client} is kept that went well.", "Name the flow to compare with: devgw diff FLOW OTHER."
        )
    return kept_flow(directory, found.id)
