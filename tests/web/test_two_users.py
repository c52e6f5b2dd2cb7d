"""What one person's request leaves behind at an upstream never answers another person's."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from tests.support.gate import Gate, gate

CALLS = 100


def answer_to(head: bytes, body: bytes) -> bytes:
    """Return the answer of a server that speaks to whoever asks; the path tells who that was."""
    message = json.loads(body)
    result = {"jsonrpc": "2.0", "id": message["id"], "result": {"asked": head.split(b" ", 2)[1].decode()}}
    content = json.dumps(result).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content) + content


class UnreadBody:
    """A server with keep-alive that refuses some bodies without reading them: they are its next request."""

    def __init__(self, status: bytes) -> None:
        self._refusal = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
        self.smuggled = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.smuggled += b"/smuggled" in head
                if b"text/plain" in head:
                    writer.write(self._refusal)
                    continue
                if b"/smuggled" in head:
                    await asyncio.sleep(0.01)  # a tool takes a while: its answer meets whoever asks next
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
                writer.write(answer_to(head, await reader.readexactly(length)))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()


@asynccontextmanager
async def unread_body(status: bytes) -> AsyncIterator[tuple[UnreadBody, str]]:
    upstream = UnreadBody(status)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    yield upstream, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
    server.close()


def smuggled() -> bytes:
    """Return a body that is itself a request."""
    call = json.dumps({"jsonrpc": "2.0", "id": 666, "method": "tools/call", "params": {"name": "echo"}}).encode()
    return b"POST /smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(call) + call


async def attack(gateway: Gate, headers: dict[str, str]) -> None:
    async with httpx2.AsyncClient() as client:
        for _ in range(CALLS):
            await client.post(gateway.url, content=smuggled(), headers=headers | {"Content-Type": "text/plain"})


async def call(gateway: Gate, headers: dict[str, str], who: str) -> list[dict[str, object]]:
    """Call again and again; return the answers that are not one's own."""
    foreign = []
    async with httpx2.AsyncClient() as client:
        for number in range(CALLS):
            message = {"jsonrpc": "2.0", "id": f"{who}-{number}", "method": "tools/call", "params": {"name": "echo"}}
            said = (await client.post(gateway.url, json=message, headers=headers)).json()
            if said["id"] != message["id"] or said.get("result") != {"asked": "/mcp"}:
                foreign.append(said)
    return foreign


@pytest.mark.parametrize("status", [b"415 Unsupported Media Type", b"401 Unauthorized", b"500 Oops", b"303 See Other"])
async def test_a_request_in_another_ones_body_answers_nobody_else(status: bytes) -> None:
    """Six interleaved callers, of whom three put a request into a body that the upstream refuses unread."""
    async with unread_body(status) as (upstream, url), gate(url) as gateway:
        users = [gateway.bearer_of(who) for who in ("anne", "ben", "cleo")]
        attackers = [attack(gateway, gateway.bearer_of(who)) for who in ("eve", "mallory", "trudy")]
        callers = [call(gateway, headers, str(number)) for number, headers in enumerate(users)]
        found = await asyncio.wait_for(asyncio.gather(*callers, *attackers), 60)

    assert [foreign for foreign in found[:3] if foreign] == []
    assert upstream.smuggled  # the upstream does take such a body for a request


@pytest.mark.parametrize("status", [b"200 OK", b"204 No Content"])
async def test_a_success_that_left_the_body_unread_harms_nobody_but_its_sender(status: bytes) -> None:
    """Nothing on the wire tells that the body was not read; but the connection carries that one caller's requests."""
    async with unread_body(status) as (_, url), gate(url) as gateway:
        anne, eve = gateway.bearer_of("anne"), gateway.bearer_of("eve")
        found = await asyncio.wait_for(asyncio.gather(call(gateway, anne, "anne"), attack(gateway, eve)), 60)

    assert found[0] == []


async def test_without_an_oauth_policy_two_connections_of_clients_are_two_callers() -> None:
    """Nobody is known on an open route, so what tells callers apart is over which connection they came."""
    async with unread_body(b"200 OK") as (_, url), gate(url, protected=False) as gateway:
        found = await asyncio.wait_for(asyncio.gather(call(gateway, {}, "anne"), attack(gateway, {})), 60)

    assert found[0] == []
