"""What `devgw watch` says at its beginning and at its end."""

import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from devgw.cli.printing import own_line
from devgw.dashboard.look.words import plural
from devgw.foreign.client_setup import CLAUDE_CODE
from devgw.foreign.shell import server_name
from devgw.foreign.text import clean
from devgw.gateway.watched.clients import WatchedClient
from devgw.gateway.watched.legs import Leg
from devgw.gateway.watched.notes import NOTES, PROXY_NOTES
from devgw.wiring.seat_notes import seat_notes

if TYPE_CHECKING:
    from devgw.events import Trace
    from devgw.gateway.watched.origins import WatchedOrigins
    from devgw.monitor.monitor import Monitor
    from devgw.web.watched.watched import Watched


def beginning(url: str, port: int, folder: Path) -> Iterator[str]:
    """Yield what is said once the port answers."""
    parts = urlsplit(url)
    local = parts._replace(scheme="http", netloc=f"localhost:{port}", fragment="").geturl()
    yield f"Watching {clean(url.partition('?')[0])}: give the client this URL instead."
    yield f"  {clean(local)}   {CLAUDE_CODE.adding(server_name(f'watched-{parts.hostname}'), local)}"
    yield from NOTES
    yield from seat_notes(os.environ, [port])
    yield f"Other commands find it by its folder: {own_line('why', '-C', folder)}"


def ending(clients: Sequence[WatchedClient]) -> Iterator[str]:
    """Yield what is left at third parties, and how each is removed."""
    yield from _registrations(clients)
    if clients:
        yield "They are remembered, so that these clients can log in the next time."


def proxied_beginning(origins: "WatchedOrigins", changed: Sequence[str], folder: Path) -> Iterator[str]:
    """Yield what is said before a command is started."""
    yield f"Watching what the command says to {_listed(origins)}."
    yield f"Set for it, and for nobody else: {', '.join(changed)}."
    yield from PROXY_NOTES
    why = own_line("why", "-C", folder)
    yield f"See it live: {own_line('attach', folder)}; other commands find it by its folder: {why}"


def proxied_ending(watched: "Watched", monitor: "Monitor") -> Iterator[str]:
    """Yield what was seen of a command that has ended, and what was not; then why the newest failure was."""
    from devgw.cli.why import tell  # noqa: PLC0415  only at the end
    from devgw.monitor.flow_view import row_of  # noqa: PLC0415
    from devgw.monitor.why import NEWEST, why_of  # noqa: PLC0415

    flows = [row_of(each) for each in monitor.flow_book.flows]
    asked, ways = plural(len(monitor.traces), "request"), plural(len(flows), "flow")
    yield f"devgw saw {asked} to {_listed(watched.origins)}, in {ways}."
    for row in flows:
        yield f"  {row.id}  {row.client}  {row.state} at {row.step}  {row.track}  {row.why}".rstrip()
    yield from _unseen(watched, list(monitor.traces))
    for origin, why in watched.origins.left.items():
        named = clean(origin, 200)
        yield f"Not opened: {named}. {why.explain()} `--origin {shlex.quote(named)}` opens it."
    yield from _registrations(watched.clients.registered)
    told = why_of(monitor, NEWEST)
    yield from tell(told.cases) if told else ()


def proxied_facts(watched: "Watched", monitor: "Monitor") -> dict[str, Any]:
    """Return the same for a program: the first case on top, as `devgw why --json` has it."""
    from devgw.cli.why import plain  # noqa: PLC0415  only at the end
    from devgw.monitor.why import NEWEST, why_of  # noqa: PLC0415

    told = why_of(monitor, NEWEST)
    return {
        "requests": len(monitor.traces),
        "flows": told.flows if told else 0,
        "notOpened": list(watched.origins.left),
        "why": plain(told) if told and told.cases else None,
    }


def _unseen(watched: "Watched", traces: Sequence["Trace"]) -> Iterator[str]:
    """Yield what went around the proxy, as far as that shows."""
    if not traces:
        yield (
            "Nothing of it came: the command asked nothing there, or went around the proxy. "
            f"`devgw watch {clean(watched.origins.url.partition('?')[0])}` needs no proxy."
        )
        return
    calls = [each for each in traces if each.asked == Leg.MCP]
    if any(each.token_id and not each.grant_id for each in calls):
        yield "It showed a token that was not issued here: one of before, or its login went around the proxy."


def _listed(origins: "WatchedOrigins") -> str:
    return ", ".join(clean(each, 200) for each in origins)


def _registrations(clients: Sequence[WatchedClient]) -> Iterator[str]:
    """Yield who was registered at third parties, and how each is removed."""
    for each in clients:
        name = f"{clean(each.name, 80)} ({clean(each.client_id, 200)})" if each.name else clean(each.client_id, 200)
        yield f"Registered at {clean(each.issuer, 200)}: {name}. {_removal(each)}"


def _removal(client: WatchedClient) -> str:
    if client.management:
        where = clean(client.management, 300)
        return f"To delete it: DELETE {where} with the registration_access_token that the client holds (RFC 7592)."
    return "The server names no way to delete it: look in its console, or leave it to expire."
