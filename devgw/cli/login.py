"""`devgw login`: the built-in client signs in at a route, in the browser or by itself as somebody of the emulator."""

from pathlib import Path

import click

from devgw.cli.box import client_at, person_option, route_argument, run_client
from devgw.cli.joining import directory_argument
from devgw.cli.printing import write_line


@click.command("login")
@route_argument
@person_option
@directory_argument
def command(route: str, person: str | None, directory: Path) -> None:
    """Sign in at a route of the gateway that runs in this project, and keep the login for `devgw call` and `token`.

    ROUTE is its path, the last part of it, its operation id or its URL; without it, the first one is meant.
    """
    client = client_at(directory, route, person)
    if not client.is_protected:
        write_line(f"{client.resource} asks for no login: `devgw call` goes without.")
        return
    run_client(client, client.sign_in)
    write_line(f"Signed in at {client.resource}.", colour="green")
