"""`devgw clients`: who registered, and what each may do now."""

from pathlib import Path

import click

from devgw.cli.joining import directory_argument, json_option
from devgw.cli.listing import CliListing, clock_time
from devgw.control.messages import ClientRow


def cells(row: ClientRow, _now: float) -> list[str]:
    """Return one line of the table."""
    counts = [str(row.tokens), str(row.grants), str(row.flows)]
    return [row.name, row.state, row.registered_by, *counts, clock_time(row.last), row.id]


LISTING: CliListing[ClientRow] = CliListing(
    "client",
    ("CLIENT", "STATE", "BY", "TOKENS", "GRANTS", "FLOWS", "LAST", "ID"),
    cells,
    lambda row: -(row.last or row.created),
    "No client is known yet: one registers at the beginning of its login.",
    ("GRANTS", "FLOWS", "STATE"),
)


@click.command("clients")
@click.argument("client", required=False)
@directory_argument
@json_option
def command(client: str | None, directory: Path, *, as_json: bool) -> None:
    """List the OAuth clients of the gateway that runs in this project, the last seen first; or show one by its id."""
    LISTING.tell(directory, client, as_json=as_json)
