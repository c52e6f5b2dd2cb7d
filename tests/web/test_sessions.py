"""With sessions: what GET and DELETE bring is compared with what was asked in the session."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from devgw.limits import Limits
from devgw.web.sessions import BegunSessions
from tests.support.bytes_upstream import Answer, Seen, bytes_upstream, response
from tests.support.gate import Gate, gate

SECRET = "somebody else's"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
NOTE = b'id: 1\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\n\n'
QUESTION = b'data: {"jsonrpc":"2.0","id":7,"method":"sampling/createMessage"}\n\n'
INITIALIZE: dict[str, Any] = {"jsonrpc": "2.0", "id": 0, "method": "initialize"}
CALL: dict[str, Any] = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "slow"}}
IN_SESSION = {"Mcp-Session-Id": "s-1"}


def result(identifier: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": identifier, "result": {"of": SECRET}}).encode()


def server(on_get: bytes, on_delete: bytes = b"") -> Answer:
    """Begin a session, break off each call after an event with an id, and say what is given to GET and DELETE."""

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.line.startswith("GET"):
            writer.write(on_get)
        elif seen.line.startswith("DELETE"):
            writer.write(on_delete)
        elif b"initialize" in seen.body:
            begun = json.dumps({"jsonrpc": "2.0", "id": 0, "result": {}}).encode()
            writer.write(response(begun, more="Mcp-Session-Id: s-1\r\n"))
            return
        else:
            writer.write(STREAM + NOTE)
        writer.close()

    return answer


@asynccontextmanager
async def session(answer: Answer, *, is_known: bool = True) -> AsyncIterator[tuple[Gate, httpx2.AsyncClient]]:
    """Run a gateway with sessions in which a call, id 7, was cut; `is_known`: after it saw the session begin."""
    async with (
        bytes_upstream(answer) as upstream,
        gate(upstream.url, stateful=True) as gateway,
        httpx2.AsyncClient(timeout=10, headers=gateway.bearer) as client,
    ):
        if is_known:
            assert (await client.post(gateway.url, json=INITIALIZE)).headers["mcp-session-id"] == "s-1"
        assert (await client.post(gateway.url, json=CALL, headers=IN_SESSION)).content == NOTE
        yield gateway, client


async def get(gateway: Gate, client: httpx2.AsyncClient, **headers: str) -> bytes:
    """Return what a GET brings before it ends or is cut."""
    got = b""
    try:
        async with client.stream("GET", gateway.url, headers=IN_SESSION | headers) as answer:
            async for piece in answer.aiter_raw():
                got += piece
    except httpx2.RemoteProtocolError:
        pass
    return got


async def test_a_stream_that_listens_brings_messages_and_no_response() -> None:
    """MCP 2025-11-25: the server MUST NOT send a response on it, unless it resumes a stream."""
    async with session(server(STREAM + NOTE + QUESTION)) as (gateway, client):
        assert await get(gateway, client) == NOTE + QUESTION
    async with session(server(STREAM + NOTE + QUESTION + b"data: " + result(7) + b"\n\n")) as (gateway, client):
        assert SECRET.encode() not in await get(gateway, client)

    assert gateway.traces[-1].reason_code == "upstream_answer_foreign"
    assert not any("with a JSON-RPC error" in note for note in gateway.traces[-1].notes)


async def test_a_stream_that_resumes_brings_the_answer_that_was_missed_each_time() -> None:
    content = b"data: " + result(7) + b"\n\n"
    async with session(server(STREAM + content)) as (gateway, client):
        for _ in range(2):
            assert await get(gateway, client, **{"Last-Event-ID": "1"}) == content


@pytest.mark.parametrize("identifier", [0, 8, "7"], ids=["answered as JSON", "asked by nobody", "of another type"])
async def test_a_stream_that_resumes_brings_nobody_elses_answer(identifier: Any) -> None:
    async with session(server(STREAM + b"data: " + result(identifier) + b"\n\n")) as (gateway, client):
        assert await get(gateway, client, **{"Last-Event-ID": "1"}) == b""

    assert gateway.traces[-1].reason_code == "upstream_answer_foreign"


async def test_after_a_restart_a_stream_is_resumed_all_the_same() -> None:
    """What was asked before is not known any more; the session is the upstream's, and it goes on."""
    content = b"data: " + result(7) + b"\n\n"
    async with session(server(STREAM + content), is_known=False) as (gateway, client):
        assert await get(gateway, client, **{"Last-Event-ID": "1"}) == content


@pytest.mark.parametrize("status", ["200 OK", "405 Method Not Allowed"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_who_asked_nothing_gets_nobodys_answer(method: str, status: str) -> None:
    foreign = response(result(7), status=status)
    async with session(server(foreign, foreign)) as (gateway, client):
        answer = await client.request(method, gateway.url, headers=IN_SESSION)

    assert SECRET not in answer.text
    assert gateway.traces[-1].reason_code == "upstream_answer_foreign"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_error_that_answers_no_request_passes(method: str) -> None:
    said = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Method not allowed."}}'
    refusal = response(said, status="405 Method Not Allowed")
    async with session(server(refusal, refusal)) as (gateway, client):
        answer = await client.request(method, gateway.url, headers=IN_SESSION)

    assert (answer.status_code, answer.content) == (405, said)


def test_what_is_kept_of_sessions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "SESSIONS", 2)
    monkeypatch.setattr(Limits, "SESSION_STREAMS", 2)
    sessions = BegunSessions()
    first, second, third = (("/mcp", "ada", each) for each in "abc")
    sessions.begin(first)
    sessions.begin(second)
    sessions.begin(second)
    for each in (1, 2, 1, 3):
        sessions.note(second, (each,))
    known = sessions.resumed(second)
    assert known is not None
    assert known.ids == (1, 3)

    sessions.begin(third)
    sessions.note(third, ("x" * 257,))
    assert [sessions.resumed(each) is None for each in (first, second, third)] == [True, False, True]
    sessions.note(("/mcp", "bob", "b"), (4,))
    assert known.ids == (1, 3)
