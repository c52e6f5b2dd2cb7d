"""`devgw sessions`: which browsers are signed in, and as whom."""

from pathlib import Path

import click

from devgw.cli.joining import directory_argument, json_option
from devgw.cli.listing import CliListing, clock_time
from devgw.cli.tokens import span
from devgw.control.messages import SessionRow


def cells(row: SessionRow, now: float) -> list[str]:
    """Return one line of the table."""
    until = min(filter(None, (row.expires, row.idle_expires)), default=0.0)
    left = span(until - now) if row.state == "live" and until else row.ended_by or row.state
    return [row.email or row.subject_id, row.state, clock_time(row.started), left, str(row.grants), row.browser, row.id]


LISTING: CliListing[SessionRow] = CliListing(
    "session",
    ("PERSON", "STATE", "SINCE", "LEFT", "GRANTS", "BROWSER", "ID"),
    cells,
    lambda row: (row.state != "live", -row.started),
    "Nobody has signed in yet.",
    ("BROWSER", "GRANTS"),
)


@click.command("sessions")
@click.argument("session", required=False)
@directory_argument
@json_option
def command(session: str | None, directory: Path, *, as_json: bool) -> None:
    """List the browsers that are signed in at the gateway that runs in this project; or show one by its id."""
    LISTING.tell(directory, session, as_json=as_json)
