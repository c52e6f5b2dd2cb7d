"""Serving on real sockets, until told to stop."""

import asyncio
from typing import Any

import httpx2
import pytest

from devgw.platforms.taken import is_taken
from devgw.web.listening import listen, serve


async def endless(scope: Any, receive: Any, send: Any) -> None:
    """Begin a stream and wait for ever."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await asyncio.Event().wait()


async def test_an_endless_stream_does_not_keep_it_from_stopping() -> None:
    """Python 3.12 and later wait in `Server.wait_closed` for every connection."""
    listeners, stopping = listen("localhost", 0), asyncio.Event()
    url = f"http://localhost:{listeners.port}/"
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks, httpx2.AsyncClient() as http:
        tasks.create_task(serve(endless, listeners, stopping))
        async with http.stream("GET", url) as response:
            chunks = response.aiter_bytes()
            assert await anext(chunks) == b"begun"
            stopping.set()
            with pytest.raises(httpx2.RemoteProtocolError):
                await anext(chunks)


@pytest.mark.parametrize("host", ["a" * 64, "a..b", "..", f"box.{'a' * 64}", "ü" * 64])
def test_a_name_that_resolvers_cannot_be_asked_for_is_nobody_s_address(host: str) -> None:
    assert not is_taken(host, 9)
    for port in (0, 9):
        with pytest.raises(OSError, match="form in DNS"):
            listen(host, port)
