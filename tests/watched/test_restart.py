"""What is remembered from one `devgw watch` to the next, and what is judged anew."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from devgw.control.folder import WATCHED
from devgw.gateway.watched.clients import WatchedClient
from devgw.gateway.watched.legs import Leg
from devgw.limits import Limits
from devgw.store.watched import WatchedFile, WatchedRecord
from tests.outbound.upstream import Upstream, running_upstream
from tests.watched.bench import watching
from tests.watched.raw import RawClient


async def test_a_client_that_stayed_renews_its_token_after_a_restart_though_the_endpoint_has_an_origin_of_its_own(
    tmp_path: Path,
) -> None:
    async with (
        running_upstream() as upstream,
        running_upstream() as server,
        httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http,
    ):
        server.access_tokens = upstream.access_tokens
        upstream.resource_metadata = {"authorization_servers": [server.issuer]}
        url = f"{upstream.origin}/mcp"
        async with watching(url, tmp_path) as watched:
            client = RawClient(http, watched.url)
            assert await client.go() == "passes"
            ports = watched.runtime.watched.origins.ports
        async with watching(url, tmp_path, port=ports[upstream.origin]) as again:
            async with asyncio.timeout(5):
                while again.runtime.watched.origins.ports != ports:
                    await asyncio.sleep(0.01)
            await client.refresh()
            assert await client.call() == "passes"


async def test_what_a_public_server_led_to_before_is_judged_anew(tmp_path: Path) -> None:
    async with running_upstream() as upstream, running_upstream() as inside:
        url, folder = f"{upstream.origin}/mcp", tmp_path / ".devgw"
        async with watching(url, tmp_path) as watched:
            watched.runtime.watched.legs.learn(f"{inside.origin}/token", Leg.TOKEN, inside.issuer)
            watched.runtime.watched.keep()
        assert inside.origin in (folder / "watched.json").read_text()
        async with watching(url, tmp_path, is_local=False) as again:
            await again.runtime.watched.origins.meet([f"{inside.origin}/"])  # as it is done at the start, and once more
            assert list(again.runtime.watched.origins.ports) == [upstream.origin]


@pytest.mark.parametrize("content", [b"", b'{"ports": {', b"[]"], ids=["empty", "half", "another"])
async def test_what_was_remembered_and_cannot_be_read_is_said_to_be_lost_and_begins_anew(
    upstream: Upstream, tmp_path: Path, content: bytes
) -> None:
    url = upstream.origin + upstream.mcp_path
    async with watching(url, tmp_path) as watched:
        assert watched.runtime.lost == ""
        file = watched.runtime.settings.state_path / WATCHED
        watched.runtime.watched.keep()
    file.write_bytes(content)
    async with watching(url, tmp_path) as watched:
        assert watched.runtime.notes[0].startswith(f"What was remembered of this server is lost: {file} cannot be read")
        watched.runtime.watched.keep()
    async with watching(url, tmp_path) as watched:
        assert watched.runtime.lost == ""


def test_as_many_clients_as_are_kept_are_read_again(tmp_path: Path) -> None:
    file = WatchedFile(tmp_path / WATCHED)
    clients = tuple(
        WatchedClient("https://x.example", f"{number:04}{'c' * 400}", (f"http://localhost:1/{'p' * 200}",) * 2)
        for number in range(Limits.WATCHED_CLIENTS)
    )
    file.write(WatchedRecord(clients=clients))
    assert file.read().clients == clients
