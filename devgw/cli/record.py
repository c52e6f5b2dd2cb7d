"""`devgw record`: a flow as a test for pytest."""

from pathlib import Path

import click

from devgw.cli.joining import directory_argument, fail
from devgw.cli.printing import write_line, write_page


@click.command("record")
@click.argument("flow")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@directory_argument
def command(flow: str, file: Path | None, directory: Path) -> None:
    """Write FLOW, by its id or as a file that was saved, as a test for pytest: into a new FILE, or to the output.

    The test asks what the client asked and wants the answers that were recorded, of the gateway that
    DEVGW_TEST_GATEWAY names, devgw or another one with the same paths; without it, of one that it runs itself. Where
    people sign in at an emulator it does so; at a real provider nobody but they can.
    """
    from devgw.cli.kept import named_flow, write_source  # noqa: PLC0415  `--help` must be quick
    from devgw.monitor.recorded_test import write_test  # noqa: PLC0415  the same

    recorded = named_flow(directory, flow)
    if not recorded.exchanges:
        fail(f"None of the requests of {recorded.flow.row.id} is kept: there is nothing to ask again.")
    source = write_test(recorded)
    if file is None:
        write_page(source.rstrip("\n"))
        return
    write_source(file, source)
    write_line(f"Written: {file}. Run it: python -m pytest {file}", err=True)
