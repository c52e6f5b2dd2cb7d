"""What a gateway that was made for one session leaves behind: nothing here, and at third parties what they keep."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from devgw.clock import Clock, SystemClock
from devgw.control.folder import DATABASE, KEY
from devgw.events import Bus
from devgw.foreign.text import clean
from devgw.gateway.connection import UpstreamClient, UpstreamConnection
from devgw.outbound.upstream_oauth.deregistration import SECONDS, deregister
from devgw.outbound.upstream_oauth.fetching import Fetching
from devgw.outbound.upstream_oauth.revoking import revoke
from devgw.outbound.upstream_oauth.token_requests import TokenRequests
from devgw.store.connections import SealedConnections
from devgw.store.database import Database
from devgw.store.failure import StateUnusable
from devgw.store.migrations import MIGRATIONS
from devgw.store.sealing import Sealer, load_key


@dataclass(frozen=True, slots=True)
class _Kept:
    """What third parties have of a session."""

    clients: tuple[UpstreamClient, ...] = ()
    connections: tuple[UpstreamConnection, ...] = ()


async def left_by(folder: Path, state: Path) -> list[str]:
    """Remove the project in `folder`, with its state; return what is left at third parties, in sentences.

    Tokens are revoked there, and what was registered is deleted, where the server says how.
    """
    kept = _read(state)
    shutil.rmtree(folder, ignore_errors=True)
    tokens = await _revoked(kept.connections, SystemClock())
    reasons = await asyncio.gather(*(deregister(each) for each in kept.clients))
    return [*tokens, *(_said(each, why_left) for each, why_left in zip(kept.clients, reasons, strict=True))]


def _read(state: Path) -> _Kept:
    if not (state / DATABASE).exists():
        return _Kept()
    try:
        store = SealedConnections(Database(state / DATABASE, MIGRATIONS), Sealer(load_key(state / KEY)))
        clients = tuple(each for each in store.upstream_clients() if each.registered_by == "dcr")
        return _Kept(clients, tuple(each for each in store.connections() if each.secrets.access_token))
    except StateUnusable:
        return _Kept()


async def _revoked(connections: tuple[UpstreamConnection, ...], clock: Clock) -> list[str]:
    """Take the tokens back before the client goes that had them; say what became of each."""
    requests = TokenRequests(Fetching(clock, Bus(clock), seconds=SECONDS), clock)
    reasons = await asyncio.gather(*(revoke(requests, each) for each in connections))
    return [_said_of_token(each, why_left) for each, why_left in zip(connections, reasons, strict=True)]


def _said_of_token(connection: UpstreamConnection, why_left: str) -> str:
    issuer = clean(connection.issuer, 200)
    if not why_left:
        return f"devgw had a token of {issuer}, and has revoked it."
    ends = f" until {connection.expires_at:%H:%M} UTC" if connection.expires_at else ""
    return (
        f"A token of {issuer} that devgw had stays good{ends}: {why_left}. Nobody keeps it here; to end it, take the "
        f"application {clean(connection.client_id, 200)} out of your account there."
    )


def _said(client: UpstreamClient, why_left: str) -> str:
    issuer, name = clean(client.issuer, 200), clean(client.client_id, 200)
    if not why_left:
        return f"devgw was registered at {issuer} as {name}, and has deleted that."
    return (
        f"devgw stays registered at {issuer} as {name}, for {client.redirect_uri}: {why_left}. "
        f"Delete the client {name} in its console, or leave it to expire."
    )
