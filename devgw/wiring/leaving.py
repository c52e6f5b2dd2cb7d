"""What a gateway that was made for one session leaves behind: nothing here, and at third parties what they keep."""

import asyncio
import shutil
from pathlib import Path

from devgw.control.folder import DATABASE, KEY
from devgw.foreign.text import clean
from devgw.gateway.connection import UpstreamClient
from devgw.outbound.upstream_oauth.deregistration import deregister
from devgw.store.connections import SealedConnections
from devgw.store.database import Database
from devgw.store.failure import StateUnusable
from devgw.store.migrations import MIGRATIONS
from devgw.store.sealing import Sealer, load_key


async def left_by(folder: Path, state: Path) -> list[str]:
    """Remove the project in `folder`, with its state; return what is left at third parties, in sentences.

    What was registered there is deleted where the server says how.
    """
    clients = [each for each in _registered(state) if each.registered_by == "dcr"]
    shutil.rmtree(folder, ignore_errors=True)
    reasons = await asyncio.gather(*(deregister(each) for each in clients))
    return [_said(each, why_left) for each, why_left in zip(clients, reasons, strict=True)]


def _registered(state: Path) -> list[UpstreamClient]:
    if not (state / DATABASE).exists():
        return []
    try:
        return SealedConnections(
            Database(state / DATABASE, MIGRATIONS), Sealer(load_key(state / KEY))
        ).upstream_clients()
    except StateUnusable:
        return []


def _said(client: UpstreamClient, why_left: str) -> str:
    issuer, name = clean(client.issuer, 200), clean(client.client_id, 200)
    if not why_left:
        return f"devgw was registered at {issuer} as {name}, and has deleted that."
    return (
        f"devgw stays registered at {issuer} as {name}, for {client.redirect_uri}: {why_left}. "
        f"Delete the client {name} in its console, or leave it to expire."
    )
