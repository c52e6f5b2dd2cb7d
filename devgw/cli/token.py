"""`devgw token`: an access token for a route, for whatever has to send one."""

from pathlib import Path

import click

from devgw.cli.box import client_at, person_option, route_argument, run_client
from devgw.cli.joining import directory_argument, fail
from devgw.cli.printing import write_line


@click.command("token")
@route_argument
@person_option
@directory_argument
def command(route: str, person: str | None, directory: Path) -> None:
    """Print an access token that a route takes, and nothing else; sign in first where nobody has.

    It is a secret: use it where it goes, as in curl -H "Authorization: Bearer $(devgw token)".
    ROUTE is its path, the last part of it, its operation id or its URL; without it, the first one is meant.
    """
    client = client_at(directory, route, person)
    if not client.is_protected:
        fail(f"{client.resource} asks for no login: there is no token for it.", "Send none.")
    write_line(run_client(client, client.session).access_token)
