"""How many connections are kept beyond the limit, and which of them makes room."""

import asyncio
import gc
import socket

import pytest

from devgw.platforms.here import here
from devgw.web import connections
from devgw.web.connections import SURPLUS, OpenConnections
from tests.web.incoming import Echo, served

GET = b"GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_beyond_the_limit_no_more_are_taken_than_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs a descriptor, of which those that are at work may need the last."""
    monkeypatch.setattr(connections, "_PATIENCE_SECONDS", 0.05)
    taken = OpenConnections(4)
    surplus = [taken.expect() for _ in range(4 + SURPLUS)]
    assert surplus == [False] * 4 + [True] * SURPLUS
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(taken.room(), 0.5)
    taken.give_up()
    await asyncio.wait_for(taken.room(), 0.5)


def test_what_nobody_has_read_yet_is_seen_and_what_is_closed_has_nothing() -> None:
    ours, theirs = socket.socketpair()
    assert not here().has_unread(ours.fileno())
    theirs.send(b"x")
    assert here().has_unread(ours.fileno())
    ours.recv(1)
    assert not here().has_unread(ours.fileno())
    ours.close()
    theirs.close()
    assert not here().has_unread(ours.fileno())


async def test_who_has_just_asked_makes_no_room_however_long_it_was_silent() -> None:
    """Where the loop is busy it hears late: the request is in the kernel, and its client waits for the answer."""
    async with served(Echo()) as port:
        client = socket.create_connection(("127.0.0.1", port))
        async with asyncio.timeout(5):
            while not (serving := _serving()) or not any(each.is_begun for each in serving[-1]._open):
                await asyncio.sleep(0.01)
        kept = serving[-1]
        await asyncio.sleep(0.4)  # longer than any silence that spares it
        client.sendall(GET)
        assert not kept.make_room()
        client.setblocking(False)
        answer = await asyncio.get_running_loop().sock_recv(client, 1_000)
        assert answer.startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(0.4)
        assert kept.make_room()
        client.close()


def _serving() -> list[OpenConnections]:
    """Return those of servers that are alive and have a connection: the server shows them to nobody."""
    return [each for each in gc.get_objects() if isinstance(each, OpenConnections) and each._open]
