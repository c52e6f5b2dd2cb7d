"""What we read otherwise than an upstream might goes to none: it would act, and its answer would be nobody's."""

import asyncio
import gzip
import json
import time

import httpx2
import pytest

from devgw.settings import ProxySettings, Settings
from tests.support.bytes_upstream import Seen, bytes_upstream, response
from tests.support.gate import gate

ANSWER = b'{"jsonrpc":"2.0","id":7,"result":{"content":[]}}'
OTHERS_SECONDS = 1.0
"""Of the processor, so that it does not matter what else the machine does."""


def call(arguments: str, identifier: str = "7") -> bytes:
    params = f'{{"name":"echo","arguments":{arguments}}}'
    return f'{{"jsonrpc":"2.0","id":{identifier},"method":"tools/call","params":{params}}}'.encode()


async def answers(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(response(ANSWER))
    await writer.drain()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (call('{"x":' + "[" * 70 + "]" * 70 + "}"), "body_too_deep"),
        (call('{"x":1,"x":2}'), "body_unreadable"),
        (call("{}").replace(b'"id":7', b'"id":7,"id":8'), "body_unreadable"),
        (call('{"x":NaN}'), "body_unreadable"),
        (call('{"x":1e400}'), "body_unreadable"),
        (call('{"x":' + "9" * 5_000 + "}"), "body_unreadable"),
        (call("{}", "9" * 5_000), "body_unreadable"),
        (call("{}").decode().encode("utf-16"), "body_unreadable"),
        (call('{"x":"\xff"}').decode().encode("latin-1"), "body_unreadable"),
        (call('{"x":[' + "1," * 1_000_001 + "1]}"), "body_unreadable"),
    ],
    ids=[
        "deep", "a member twice", "two ids", "NaN", "a number beyond all", "many digits", "an id of many digits",
        "UTF-16", "no UTF-8", "a million values",
    ],
)  # fmt: skip
async def test_what_could_be_read_in_two_ways_is_refused_with_a_reason_and_goes_nowhere(
    body: bytes, reason: str
) -> None:
    """Its id is not known to us, so that the answer of an upstream that acted on it could be given to nobody."""
    async with bytes_upstream(answers) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as http:
        answer = await http.post(gateway.url, content=body, headers=gateway.bearer)
        assert (answer.status_code, answer.json()["reason"]) == (400, reason)
        assert upstream.seen == []
        assert gateway.traces[-1].reason_code == reason


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
async def test_a_compressed_body_is_told_by_its_content_encoding(encoding: str) -> None:
    """Nothing is undone on the way up: who reads it would be the upstream alone."""
    body = gzip.compress(call("{}"))
    async with bytes_upstream(answers) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as http:
        headers = gateway.bearer | {"content-encoding": encoding}
        said = (await http.post(gateway.url, content=body, headers=headers)).json()
        assert said["diagnosis"] == "REQ-07"
        assert f"Content-Encoding: {encoding}" in said["detail"]
        assert "without Content-Encoding" in said["hint"]
        again = await http.post(gateway.url, content=call("{}"), headers=gateway.bearer)
        assert again.status_code == 200


@pytest.mark.parametrize("body", [b"{", b"hello", b"{'a': 1}", call("{}") + b" x"])
async def test_what_is_no_json_to_anybody_is_the_upstreams_to_complain_of(body: bytes) -> None:
    """JSON-RPC 2.0 §5.1: a parse error is answered with the id null."""
    complaint = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}'

    async def complain(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(complaint, status="400 Bad Request"))

    async with bytes_upstream(complain) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as http:
        answer = await http.post(gateway.url, content=body, headers=gateway.bearer)
        assert (answer.status_code, answer.content) == (400, complaint)
        assert [each.body for each in upstream.seen] == [body]


async def test_a_body_of_many_values_holds_nobody_else_up_and_is_passed_on() -> None:
    """Read at once, it would stop the loop for two seconds."""
    members = ",".join(f'"a{number}":{{"b":1}}' for number in range(450_000))
    body = call("{" + members + "}")
    slowest = 0.0
    async with bytes_upstream(answers) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as http:
        asked = asyncio.ensure_future(http.post(gateway.url, content=body, headers=gateway.bearer, timeout=60))
        while not asked.done():
            began = time.thread_time()
            await asyncio.sleep(0.01)
            slowest = max(slowest, time.thread_time() - began)
        assert (await asked).json() == json.loads(ANSWER)
        assert [each.body for each in upstream.seen] == [body]
    assert slowest < OTHERS_SECONDS


async def test_a_raised_request_limit_lets_a_longer_message_be_read() -> None:
    """`[proxy] request_limit` is the one limit of a message."""
    body = call('{"x":"' + "y" * 33_600_000 + '"}')
    settings = Settings(proxy=ProxySettings(request_limit=40_000_000))
    async with (
        bytes_upstream(answers) as upstream,
        gate(upstream.url, settings=settings) as gateway,
        httpx2.AsyncClient(timeout=60) as http,
    ):
        answer = await http.post(gateway.url, content=body, headers=gateway.bearer)
        assert answer.json() == json.loads(ANSWER)
