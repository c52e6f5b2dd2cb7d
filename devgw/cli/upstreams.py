"""`devgw upstreams`: the MCP servers behind the routes, how they do, and for whom a credential is held."""

from pathlib import Path

import click

from devgw.cli.joining import directory_argument, json_option
from devgw.cli.listing import CliListing, clock_time
from devgw.control.messages import UpstreamRow


def cells(row: UpstreamRow, _now: float) -> list[str]:
    """Return one line of the table."""
    p50 = f"{row.p50_ms:.0f} ms" if row.requests else ""
    said = f"{clock_time(row.last_error_at)} {row.last_error}".strip()
    counts = [str(row.requests), str(row.errors), p50, str(len(row.connected))]
    return [row.id, row.state, *counts, row.auth_mode, row.url, said]


LISTING: CliListing[UpstreamRow] = CliListing(
    "upstream",
    ("ROUTE", "STATE", "REQUESTS", "ERRORS", "P50", "CONNECTED", "AUTH", "URL", "LAST ERROR"),
    cells,
    lambda row: row.id,
    "No route leads to an upstream.",
    ("AUTH", "P50", "REQUESTS"),
)


@click.command("upstreams")
@click.argument("upstream", required=False)
@directory_argument
@json_option
def command(upstream: str | None, directory: Path, *, as_json: bool) -> None:
    """List the upstreams of the gateway that runs in this project; or show one by its id."""
    LISTING.tell(directory, upstream, as_json=as_json)
