"""What `devgw watch` says at its beginning and at its end."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from devgw.foreign.shell import add_to_claude, server_name
from devgw.foreign.text import clean
from devgw.gateway.watched.clients import WatchedClient
from devgw.gateway.watched.notes import NOTES
from devgw.wiring.seat_notes import seat_notes


def beginning(url: str, port: int, folder: Path) -> Iterator[str]:
    """Yield what is said once the port answers."""
    parts = urlsplit(url)
    local = parts._replace(scheme="http", netloc=f"localhost:{port}", fragment="").geturl()
    yield f"Watching {clean(url.partition('?')[0])}: give the client this URL instead."
    yield f"  {clean(local)}   {add_to_claude(server_name(f'watched-{parts.hostname}'), local)}"
    yield from NOTES
    yield from seat_notes(os.environ, [port])
    yield f"Other commands find it by its folder: devgw why -C {folder}"


def ending(clients: Sequence[WatchedClient]) -> Iterator[str]:
    """Yield what is left at third parties, and how each is removed."""
    for each in clients:
        name = f"{clean(each.name, 80)} ({clean(each.client_id, 200)})" if each.name else clean(each.client_id, 200)
        yield f"Registered at {clean(each.issuer, 200)}: {name}. {_removal(each)}"
    if clients:
        yield "They are remembered, so that these clients can log in the next time."


def _removal(client: WatchedClient) -> str:
    if client.management:
        where = clean(client.management, 300)
        return f"To delete it: DELETE {where} with the registration_access_token that the client holds (RFC 7592)."
    return "The server names no way to delete it: look in its console, or leave it to expire."
