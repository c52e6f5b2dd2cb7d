"""What is printed where too much comes at once, or where devgw ends meanwhile, is done to the letter, and it helps."""

import asyncio
import json
from pathlib import Path

import httpx2
import pytest

from devgw.limits import Limits
from tests.diagnosis.fixes.upstream import GOOD, result, signed_in, upstream
from tests.diagnosis.fixes.way import ACCEPT, Client, left, said
from tests.support.bytes_upstream import Seen, response
from tests.support.gateway import mcp_request
from tests.support.mending import mends

MB = 1_000_000
SECONDS = 20


def calling(client: Client, **arguments: str) -> "asyncio.Task[httpx2.Response]":
    """Begin a call with a connection of its own."""

    async def call() -> httpx2.Response:
        headers = {"authorization": f"Bearer {client.tokens['access_token']}", "accept": ACCEPT}
        async with httpx2.AsyncClient(timeout=SECONDS) as http:
            message = mcp_request("tools/call", {"name": "long", "arguments": arguments})
            return await http.post(client.gateway.mcp_url, json=message, headers=headers)

    return asyncio.ensure_future(call())


@mends("LIMIT-22")
async def test_connections_that_are_closed_as_printed_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "CONNECTIONS", 6)
    async with upstream(GOOD) as there, signed_in(tmp_path, f"{there.origin}/mcp") as client:
        there.slow = SECONDS
        held = [calling(client) for _ in range(12)]
        ended, held_ = await asyncio.wait(held, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
        assert {each.result().status_code for each in ended} == {503}
        assert "Close connections that are not needed" in (await said(client.gateway, "LIMIT-22")).fix

        for each in held_:
            each.cancel()
        await asyncio.wait(held_)
        there.slow = 0
        async with httpx2.AsyncClient(timeout=SECONDS) as http:
            client.http = http
            await client.works()
        client.gateway.wait(121)
        assert "LIMIT-22" not in await left(client.gateway)


@mends("LIMIT-40")
async def test_an_upstream_that_writes_the_id_first_as_printed_is_not_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "HELD_TOGETHER_BYTES", 3 * MB)
    filler = "x" * 2 * MB
    late = json.dumps({"result": {"content": [filler]}, "jsonrpc": "2.0", "id": 1}).encode()

    def long(_: Seen) -> bytes:
        return response(late)[:-4]

    async with upstream(long) as there, signed_in(tmp_path, f"{there.origin}/mcp") as client:
        held = [calling(client) for _ in range(3)]
        ended, left_ = await asyncio.wait(held, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
        assert "LIMIT-40" in next(iter(ended)).result().text
        assert "an upstream that writes id before result is seldom held" in (await said(client.gateway, "LIMIT-40")).fix
        for each in left_:
            each.cancel()

        there.at["/mcp"] = result(result={"content": [filler]})
        answers = await asyncio.gather(*(calling(client) for _ in range(3)))
        assert all(filler in each.text for each in answers)
        assert "LIMIT-40" not in await left(client.gateway)


@mends("LIMIT-41")
async def test_a_long_request_that_is_sent_again_as_printed_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "BODIES_TOGETHER_BYTES", 3 * MB)
    async with upstream(GOOD) as there, signed_in(tmp_path, f"{there.origin}/mcp") as client:
        there.slow = SECONDS
        ended, waiting = await asyncio.wait(
            [calling(client, text="x" * 2 * MB) for _ in range(2)],
            timeout=SECONDS,
            return_when=asyncio.FIRST_COMPLETED,
        )
        assert "LIMIT-41" in next(iter(ended)).result().text
        assert "Send it again when fewer" in (await said(client.gateway, "LIMIT-41")).fix

        there.slow = 0
        for each in waiting:
            each.cancel()
        await asyncio.wait(waiting)
        assert "result" in (await calling(client, text="x" * 2 * MB)).text
        assert "LIMIT-41" not in await left(client.gateway)


@mends("LIMIT-42")
async def test_messages_that_are_sent_in_several_requests_as_printed_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "BATCH_MESSAGES", 3)
    async with upstream(GOOD) as there, signed_in(tmp_path, f"{there.origin}/mcp") as client:
        messages = [mcp_request("tools/list") for _ in range(4)]
        headers = {"authorization": f"Bearer {client.tokens['access_token']}", "accept": ACCEPT}
        refused = await client.http.post(client.gateway.mcp_url, json=messages, headers=headers)
        assert refused.status_code == 400
        assert "Send the messages in several requests" in (await said(client.gateway, "LIMIT-42")).fix

        for message in messages:
            answer = await client.http.post(client.gateway.mcp_url, json=message, headers=headers)
            assert "result" in answer.text
        assert "LIMIT-42" not in await left(client.gateway)


@mends("LIMIT-50")
async def test_devgw_that_is_started_again_as_printed_answers(tmp_path: Path) -> None:
    async with upstream(GOOD) as there:
        async with signed_in(tmp_path, f"{there.origin}/mcp") as client:
            there.slow = SECONDS
            call = calling(client)
            async with asyncio.timeout(SECONDS):
                while not there.seen:
                    await asyncio.sleep(0.01)
        error = (await call).json()["error"]["data"]
        assert (error["diagnosis"], "Start devgw again" in error["hint"]) == ("LIMIT-50", True)

        there.slow = 0
        async with signed_in(tmp_path, f"{there.origin}/mcp") as client:
            await client.works()
            assert await left(client.gateway) == []
