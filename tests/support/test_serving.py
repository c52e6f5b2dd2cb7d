import asyncio
from typing import Any

import httpx2

from tests.support.serving import listen, origin_of, serve


async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise NotImplementedError
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


async def endless(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise NotImplementedError
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    await asyncio.Event().wait()


async def test_an_app_answers_on_a_free_port_and_is_gone_after_the_block() -> None:
    async with httpx2.AsyncClient() as client:
        async with serve(hello) as origin:
            assert (await client.get(origin)).text == "hi"
        try:
            await client.get(origin)
        except httpx2.ConnectError:
            return
    raise AssertionError("it still answers")


async def test_the_origin_can_be_known_before_the_app() -> None:
    listener = listen()
    before = origin_of(listener)
    async with serve(hello, on=listener) as origin:
        assert origin == before


async def test_an_endless_stream_does_not_hold_up_the_end() -> None:
    async with httpx2.AsyncClient() as client, serve(endless) as origin, client.stream("GET", origin) as answer:
        assert await anext(aiter(answer.aiter_raw())) == b"first"
