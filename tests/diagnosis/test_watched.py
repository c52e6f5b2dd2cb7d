"""What is named of a server that is only watched."""

import asyncio
from pathlib import Path

import httpx2

from devgw.events.taxonomy import DiagnosisMade
from tests.outbound.upstream import running_upstream
from tests.watched.bench import watching
from tests.watched.raw import RawClient


async def test_a_server_whose_documents_lead_to_many_origins_is_named(tmp_path: Path) -> None:
    async with running_upstream() as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        upstream.resource_metadata = {
            "authorization_servers": [upstream.issuer, *(f"http://127.0.0.1:{port}" for port in range(20_001, 20_021))]
        }
        async with httpx2.AsyncClient(headers={"user-agent": "raw/1"}) as http:
            await RawClient(http, watched.url).discover()
        async with asyncio.timeout(15):
            while "LIMIT-07" not in {each.diagnosis_id for each in watched.events(DiagnosisMade)}:
                await asyncio.sleep(0.05)
