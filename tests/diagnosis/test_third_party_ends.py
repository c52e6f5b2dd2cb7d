"""How an answer of somebody's server ends is said as it ended: by parameters, a redirect, in the midst of an event."""

import asyncio
import gzip
from pathlib import Path

import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Verdict
from devgw.outbound.server_doctor import examine_server
from tests.diagnosis.fixes.upstream import upstream as upstream_of
from tests.diagnosis.third_party import go, named, sends_back, told
from tests.outbound.upstream import running_upstream
from tests.watched.bench import Watching, watching


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("access_token=a-b-c&token_type=bearer", "with access_token, token_type, state alone"),
        ("code=a&code=b", "with code (twice or more), state alone"),
        ("code=", "with code (empty), state alone"),
        ("session=1", "with session, state alone"),
    ],
)
async def test_what_a_browser_was_sent_back_with_is_named(query: str, words: str, tmp_path: Path) -> None:
    async with running_upstream() as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        sends_back(upstream, query)
        await go(watched)
        said = (await named(watched, "UPST-22")).explanation or ""
    assert words in said
    assert "a-b-c" not in said


@pytest.mark.parametrize("path", ["/register", "/token"])
async def test_where_an_endpoint_leads_is_said_and_it_is_not_called_an_answer_without_words(
    path: str, tmp_path: Path
) -> None:
    answer = (302, {"location": "https://sso.example/login?next=1"}, b"")
    async with running_upstream() as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        upstream.answers[path] = answer
        await go(watched)
        made = await named(watched, "DISC-05")
    assert "answered 302 and leads to https://sso.example/login: clients send no form on there" in str(made.explanation)
    assert "past a login" in str(made.hint)


async def test_the_doctor_says_where_a_token_endpoint_leads() -> None:
    async with running_upstream() as upstream:
        upstream.answers["/token"] = (307, {"location": "/sso"}, b"")
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
    (found,) = [each for each in checks if each.verdict is Verdict.FAIL and each.name == "issuer.token"]
    assert (found.diagnosis_id, "leads to /sso" in found.saw) == ("DISC-05", True), found


async def wait_for_exchange(watched: Watching) -> None:
    async with asyncio.timeout(5):
        while not watched.traces():
            await asyncio.sleep(0.01)


def stream(events: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: "
    return head + str(len(events)).encode() + b"\r\n\r\n" + events


def answer(body: bytes) -> bytes:
    return stream(body).replace(b"text/event-stream", b"application/json")


OTHER = b'{"jsonrpc":"2.0","id":99,"result":{}}'


@pytest.mark.parametrize(
    ("sent", "name", "words"),
    [
        (stream(b"event: error\ndata: Unauthorized\n\n"), "PROXY-21", "Unauthorized"),
        (stream(b'data: {"jsonrpc":"2.0","id":1,"res'), "PROXY-21", "no response to initialize"),
        (stream(b"data: " + OTHER + b"\n\n"), "PROXY-10", "answered with id 99 where id 1 was asked for"),
        (answer(OTHER), "PROXY-10", "answered with id 99 where id 1 was asked for"),
        (answer(OTHER.replace(b"99", b'"1"')), "PROXY-10", 'answered with id "1" where id 1'),
    ],
)
async def test_a_stream_or_body_without_the_answer_is_named_while_watching_and_by_the_doctor(
    sent: bytes, name: str, words: str, tmp_path: Path
) -> None:
    async with upstream_of(sent) as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        made = await named(watched, name)
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
    assert words in (made.explanation or ""), made.explanation
    assert "upstream" not in f"{made.explanation}{made.hint}"
    (saw,) = [each.saw for each in checks if each.verdict is Verdict.FAIL and each.diagnosis_id == name]
    assert saw.startswith(f"{upstream.origin}/mcp answered"), saw


@pytest.mark.parametrize(
    "events", [b'data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n', b"event: endpoint\ndata: /m?s=1\n\n"]
)
async def test_a_stream_of_other_events_alone_is_named_while_watching(events: bytes, tmp_path: Path) -> None:
    sent = stream(events)
    async with upstream_of(sent) as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        assert "no response to initialize" in ((await named(watched, "PROXY-21")).explanation or "")


@pytest.mark.parametrize(
    "sent",
    [
        stream(b"id: 1\nretry: 500\ndata: \n\n"),
        stream(b': ping\n\ndata: {"jsonrpc":"2.0","method":"x"}\n\ndata: ' + OTHER.replace(b"99", b"1") + b"\n\n"),
        stream(b"data: " + OTHER.replace(b"99", b"1").replace(b",", b",\ndata: ", 1) + b"\n\n"),
        answer(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}'),
        answer(OTHER.replace(b"99", b"1.0")),
    ],
)
async def test_of_an_answer_that_comes_in_another_way_nothing_is_said(sent: bytes, tmp_path: Path) -> None:
    """A stream that ends may be taken up again; an error without an id is everybody's."""
    async with upstream_of(sent) as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        await wait_for_exchange(watched)
    assert told(watched) == []


async def test_a_body_that_is_not_packed_as_it_says_is_named_while_watching_and_by_the_doctor(tmp_path: Path) -> None:
    sent = answer(OTHER.replace(b"99", b"1")).replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n", 1)
    async with upstream_of(sent) as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        made = await named(watched, "PROXY-23")
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
    assert "says that its answer is gzip, and it cannot be unpacked" in (made.explanation or "")
    assert "PROXY-23" in [each.diagnosis_id for each in checks if each.verdict is Verdict.FAIL]


async def test_of_a_body_that_is_packed_as_it_says_nothing_is_said(tmp_path: Path) -> None:
    packed = gzip.compress(OTHER.replace(b"99", b"1"))
    sent = answer(packed).replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n", 1)
    async with upstream_of(sent) as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        await wait_for_exchange(watched)
    assert told(watched) == []
