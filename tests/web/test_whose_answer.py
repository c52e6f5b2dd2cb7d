"""An answer to another request than the one that was asked goes no further, in whatever form it comes."""

import asyncio
import gzip
import json
import random
import zlib
from typing import Any

import httpx2
import pytest

from tests.support.bytes_upstream import Answer, Seen, bytes_upstream, response
from tests.support.gate import Gate, gate

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "echo"}}
SECRET = "somebody else's"
NOISE = random.Random(1).randbytes(1_000_000).hex()
"""What packs to half its length."""
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def result(identifier: Any, text: str = SECRET, **more: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": identifier, "result": {"content": text}} | more).encode()


def id_last(identifier: Any, text: str) -> bytes:
    return b'{"result":{"content":%s},"jsonrpc":"2.0","id":%s}' % (
        json.dumps(text).encode(),
        json.dumps(identifier).encode(),
    )


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def written(*pieces: bytes) -> Answer:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return answer


async def ask(gateway: Gate, message: Any = CALL) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=20) as client:
        return await client.post(gateway.url, json=message, headers=gateway.bearer)


def refused(answer: httpx2.Response) -> dict[str, Any]:
    """Return the error that was answered in place of the foreign answer."""
    assert SECRET not in answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert (error["code"], error["data"]["reason"]) == (502, "upstream_answer_foreign")
    return error


@pytest.mark.parametrize(
    "content",
    [
        response(result(8)),
        response(result("7")),
        response(result(None)),
        response(b"[" + result(8) + b"]"),
        response(b'{"id":7,' + result(8)[1:]),
        response(result(8), status="500 Internal Server Error"),
        response(result(8), status="404 Not Found"),
        response(result(8), content_type="application/vnd.mcp+json"),
        response(result(8), status="404 Not Found", content_type="text/html"),
        response(b"\r\n " + result(8), status="400 Bad Request", content_type=""),
        response(gzip.compress(result(8)), more="Content-Encoding: gzip\r\n"),
        response(gzip.compress(result(8)), status="404 No", content_type="a/b", more="Content-Encoding: gzip\r\n"),
        response(zlib.compress(result(8)), status="400 No", content_type="", more="Content-Encoding: Deflate\r\n"),
        response(gzip.compress(b" ") + gzip.compress(result(8)), more="Content-Encoding: gzip\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"".join(chunk(bytes([each])) for each in result(8))
        + b"0\r\n\r\n",
        response(id_last(8, SECRET + "x" * 600_000)),
        response(gzip.compress(id_last(8, SECRET + NOISE)), more="Content-Encoding: gzip\r\n"),
    ],
    ids=[
        "another id", "another type", "null", "in an array", "a second id", "with 500", "with 404", "another JSON type",
        "as HTML", "as nothing", "packed", "packed as another type", "packed as nothing", "packed twice",
        "in chunks", "long, with its id last", "long and packed",
    ],
)  # fmt: skip
async def test_a_foreign_answer_is_refused_and_its_connection_closed(content: bytes) -> None:
    async with bytes_upstream(written(content)) as upstream, gate(upstream.url) as gateway:
        error = refused(await ask(gateway))
        await asyncio.wait_for(upstream.ended.wait(), 5)

    assert "asked for" in error["message"]
    (trace,) = gateway.traces
    assert (trace.outcome, trace.failure_origin, trace.reason_code) == (
        "failure",
        "upstream",
        "upstream_answer_foreign",
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-16", "text/event-stream"])
async def test_an_answer_in_an_encoding_that_clients_guess_is_not_let_through_unseen(encoding: str, kind: str) -> None:
    """RFC 8259 §8.1 has UTF-8 alone; Python's reader takes the others as well."""
    text = result(8).decode()
    content = (f"data: {text}\n\n" if kind.startswith("text") else text).encode(encoding)
    async with bytes_upstream(written(response(content, content_type=kind))) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway)

    assert SECRET not in answer.content.replace(b"\0", b"").decode("utf-8", "replace")
    said = json.loads(answer.text.rpartition("data: ")[2])
    assert (said["id"], said["error"]["data"]["reason"]) == (7, "upstream_response_malformed")


@pytest.mark.parametrize("body", [b"<html>{}</html>", b'{"message": "no such page"}', b"", b"[", b"\xff\0"])
async def test_an_error_in_a_form_of_its_own_is_relayed_byte_for_byte(body: bytes) -> None:
    refusal = response(body, status="404 Not Found", content_type="text/html")
    async with bytes_upstream(written(refusal)) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway)

    assert (answer.status_code, answer.content) == (404, body)


async def test_a_packed_page_is_relayed_byte_for_byte() -> None:
    packed = gzip.compress(b"<html>{}</html>")
    content = response(packed, content_type="text/html", more="Content-Encoding: gzip\r\n", status="404 No")
    async with bytes_upstream(written(content)) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway)

    assert (answer.status_code, answer.text) == (404, "<html>{}</html>")


async def test_a_packed_answer_that_answers_nothing_is_refused_and_not_quoted() -> None:
    content = response(gzip.compress(b'{"jsonrpc":"2.0"}'), more="Content-Encoding: gzip\r\n")
    async with bytes_upstream(written(content)) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway)

    assert answer.json()["error"]["data"]["reason"] == "upstream_gave_no_answer"
    assert "\\ufffd" not in answer.text


async def test_a_page_in_a_packing_that_nobody_asked_for_is_named() -> None:
    content = response(result(8), status="404 No", content_type="text/html", more="Content-Encoding: br\r\n")
    async with bytes_upstream(written(content)) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway)

    assert SECRET not in answer.text
    assert gateway.traces[0].reason_code == "upstream_encoding_unreadable"


@pytest.mark.parametrize("first", ["identity", ""])
async def test_an_encoding_that_clients_undo_is_no_way_around_the_look(first: str) -> None:
    """RFC 9110 §5.3: several headers of one name are one list."""
    encodings = f"Content-Encoding: {first}\r\nContent-Encoding: deflate\r\n"
    content = response(zlib.compress(result(8)), status="404 No", more=encodings)
    async with bytes_upstream(written(content)) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway)

    assert SECRET not in answer.text
    assert gateway.traces[0].reason_code in {"upstream_encoding_unreadable", "upstream_answer_foreign"}


async def test_a_foreign_answer_in_a_batch_takes_the_whole_batch_with_it() -> None:
    content = b"[" + result(7, "own") + b"," + result(9) + b"]"
    async with bytes_upstream(written(response(content))) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway, [CALL, CALL | {"id": 8}])

    assert SECRET not in answer.text
    assert [each["id"] for each in answer.json()] == [7, 8]
    assert {each["error"]["data"]["reason"] for each in answer.json()} == {"upstream_answer_foreign"}


@pytest.mark.parametrize(
    "content",
    [
        response(b"[" + result(7) + b"," + result(7) + b"]"),
        response(b"data: " + result(7) + b"\n\ndata: " + result(7) + b"\n\n", content_type="text/event-stream"),
    ],
    ids=["in an array", "in two events"],
)
async def test_an_answer_that_came_before_is_named_as_that_and_not_as_anothers(content: bytes) -> None:
    async with bytes_upstream(written(content)) as upstream, gate(upstream.url) as gateway:
        said = (await ask(gateway)).text

    assert "answered with id 7 again where id 7 was asked for" in said


@pytest.mark.parametrize("second", [7, 8])
async def test_a_second_answer_behind_the_first_makes_both_no_json_and_ends_the_connection(second: int) -> None:
    content = response(result(7) + b"\r\n" + result(second))
    async with bytes_upstream(written(content)) as upstream, gate(upstream.url) as gateway:
        said = [(await ask(gateway)).text for _ in range(2)]

    assert all("it is no JSON: Extra data" in each for each in said)
    assert upstream.connections == 2


async def test_a_batch_may_be_answered_in_any_order_and_in_part() -> None:
    content = b"[" + result("b", "own") + b"," + result(7, "own") + b"]"
    async with bytes_upstream(written(response(content))) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway, [CALL, CALL | {"id": "b"}, CALL | {"id": "c"}])

    assert answer.content == content


@pytest.mark.parametrize("identifier", [None, "server-error"])
async def test_an_error_that_answers_no_request_in_particular_passes(identifier: str | None) -> None:
    """JSON-RPC 2.0 §5: null where the id could not be read; the Python SDK before 2.0 writes a word instead."""
    body = json.dumps({"jsonrpc": "2.0", "id": identifier, "error": {"code": -32600, "message": "no"}}).encode()
    async with (
        bytes_upstream(written(response(body, status="400 Bad Request"))) as upstream,
        gate(upstream.url) as gateway,
    ):
        answer = await ask(gateway)

    assert (answer.status_code, answer.content) == (400, body)


@pytest.mark.parametrize("message", [{"jsonrpc": "2.0", "method": "notifications/x"}, "no JSON-RPC", {"id": None}])
async def test_who_asked_nothing_gets_nobodys_answer(message: Any) -> None:
    async with bytes_upstream(written(response(result(8)))) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway, message)

    assert (answer.status_code, answer.json()["reason"]) == (502, "upstream_answer_foreign")
    assert SECRET not in answer.text


# --- streams ----------------------------------------------------------------------------------------------------------


async def test_a_foreign_response_in_a_stream_ends_it_with_an_error_before_any_of_it() -> None:
    note = b'data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n'
    question = b'data: {"jsonrpc":"2.0","id":99,"method":"sampling/createMessage"}\n\n'
    foreign = b"data: " + result(8) + b"\n\n"
    pieces = [STREAM, chunk(note), chunk(question), *(chunk(bytes([each])) for each in foreign), b"0\r\n\r\n"]
    async with bytes_upstream(written(*pieces)) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway)

    assert SECRET not in answer.text
    assert answer.content.startswith(note + question + b"event: message\ndata: ")
    said = json.loads(answer.text.rpartition("data: ")[2])
    assert (said["id"], said["error"]["data"]["reason"]) == (7, "upstream_answer_foreign")


@pytest.mark.parametrize(
    "event",
    [
        b"data: " + result(8) + b"\r\n\r\n",
        b"data: " + result(8) + b"\r\r",
        b'data: {"jsonrpc":"2.0",\ndata: "id":8,"result":"' + SECRET.encode() + b'"}\n\n',
        b"data: " + id_last(8, SECRET + "x" * 400_000) + b"\n\n",
        b"data: " + result(8),
    ],
    ids=["CR LF", "CR", "two lines", "long", "without an end"],
)
async def test_a_foreign_response_is_found_in_every_form_of_event(event: bytes) -> None:
    async with bytes_upstream(written(STREAM, chunk(event), b"0\r\n\r\n")) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway)

    assert SECRET not in answer.text
    assert gateway.traces[0].reason_code == "upstream_answer_foreign"


@pytest.mark.parametrize("identifier", [7, 8])
async def test_json_that_calls_itself_a_stream_is_read_as_json(identifier: int) -> None:
    """A client that goes by the second of two types would take it for its answer; by the first it is none."""
    content = response(
        b"\r\n" + result(identifier), content_type="text/event-stream", more="Content-Type: application/json\r\n"
    )
    async with bytes_upstream(written(content)) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway)

    assert answer.headers.get_list("content-type") == ["text/event-stream"]
    assert SECRET not in answer.text
    expected = "upstream_response_malformed" if identifier == 7 else "upstream_answer_foreign"
    assert gateway.traces[0].reason_code == expected


async def test_a_packed_stream_is_read_as_well() -> None:
    packed = gzip.compress(b"data: " + result(8) + b"\n\n")
    head = STREAM.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    async with bytes_upstream(written(head, chunk(packed), b"0\r\n\r\n")) as upstream, gate(upstream.url) as gateway:
        with pytest.raises(httpx2.HTTPError):  # an event of ours in the middle of gzip would be noise: it is cut
            await ask(gateway)

    assert gateway.traces[0].reason_code == "upstream_answer_foreign"


@pytest.mark.parametrize("size", [300_000, 3_000_000])
@pytest.mark.parametrize("form", [result, id_last])
@pytest.mark.parametrize("is_stream", [False, True])
async def test_ones_own_long_answer_arrives_byte_for_byte(form: Any, size: int, *, is_stream: bool) -> None:
    body = form(7, 'x\\"{' * (size // 4))
    content = b"data: " + body + b"\n\n" if is_stream else body
    kind = "text/event-stream" if is_stream else "application/json"
    async with bytes_upstream(written(response(content, content_type=kind))) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway)

    assert answer.content == content
    assert gateway.traces[0].outcome == "success"


async def test_a_long_answer_whose_id_comes_first_is_not_held_until_its_end() -> None:
    rest_is_wanted = asyncio.Event()
    body = result(7, "x" * 400_000)

    async def slowly(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(body)[:-50])
        await rest_is_wanted.wait()
        writer.write(body[-50:])

    async with (
        bytes_upstream(slowly) as upstream,
        gate(upstream.url) as gateway,
        httpx2.AsyncClient(timeout=20) as client,
        client.stream("POST", gateway.url, json=CALL | {"params": {}}, headers=gateway.bearer) as answer,
    ):
        got = b""
        async for piece in answer.aiter_raw():
            got += piece
            rest_is_wanted.set()

    assert got == body
