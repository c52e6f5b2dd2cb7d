"""One answer of a server is one thing, whoever got it: the proxy before an upstream, `watch`, and `doctor URL`."""

import json
from gzip import compress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Verdict
from devgw.events.taxonomy import WatchedStepTaken
from devgw.outbound.server_doctor import examine_server
from tests.diagnosis.fixes.upstream import upstream as upstream_of
from tests.diagnosis.stories.test_connecting_refused import connecting, says, told
from tests.diagnosis.stories.test_upstreams import Given, answering, behind
from tests.diagnosis.third_party import METADATA, RESOURCE, go, named
from tests.outbound.upstream import Asked, running_upstream
from tests.support.gateway import mcp_request
from tests.support.hostile import hostile
from tests.support.hostile import says as says_bytes
from tests.support.serving import serve
from tests.watched.bench import watching

HTML, JSON, TEXT = ({"content-type": each} for each in ("text/html", "application/json", "text/plain"))
FLARE, PACKED = {"server": "cloudflare"}, {"content-encoding": "gzip"}
EVENTS = {"content-type": "text/event-stream"}
ANSWER = '{"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}'


def rpc(code: int, message: str, request_id: int | None = None) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}).encode()


@pytest.mark.parametrize(
    ("answer", "name", "words"),
    [
        ((404, HTML | {"ngrok-error-code": "ERR_NGROK_3200"}, b"offline"), "PROXY-26", "ngrok answered 404"),
        ((530, TEXT | FLARE, b"error code: 1033"), "PROXY-26", "Cloudflare Tunnel answered 530"),
        ((503, TEXT, b"no healthy upstream"), "PROXY-26", "Envoy answered 503"),
        ((404, TEXT | {"x-vercel-error": "DEPLOYMENT_NOT_FOUND"}, b""), "PROXY-26", "Vercel answered 404"),
        ((403, HTML | FLARE | {"cf-mitigated": "challenge"}, b""), "PROXY-27", "wants to see a browser"),
        ((403, JSON, b'{"message":"Missing Authentication Token"}'), "PROXY-27", "a path or method that it has not"),
        ((403, HTML, b"Access Denied Reference #18.8d1f.1700"), "PROXY-27", "Akamai answered 403"),
        ((401, HTML, b"<a href=https://vercel.com/sso-api?url=x>"), "PROXY-22", "Vercel answered 401"),
        ((200, HTML, b'<title>Sign in</title><input type="password">'), "PROXY-22", "sign in with a browser"),
        ((401, JSON, b'{"message":"No API key found in request"}'), "PROXY-28", "Kong answered 401"),
        ((404, JSON, b'{"message":"no Route matched with those values"}'), "PROXY-13", "Kong answered 404"),
        ((503, HTML, b"<iframe src=//www.herokucdn.com/error-pages/application-error.html>"), "PROXY-19", "Heroku"),
        ((403, JSON | FLARE, b'{"message":"Tenant acme is disabled"}'), "PROXY-18", "“Tenant acme is disabled"),
        ((403, {"content-type": "application/problem+json"}, b'{"title":"No","detail":"not on the list"}'), "PROXY-18",
         "“not on the list”"),
        ((404, TEXT, b"404 page not found"), "PROXY-13", "404 page not found"),
        ((405, {"allow": "GET"}, b""), "PROXY-15", "405"),
        ((501, TEXT, b"Unsupported method ('POST')"), "PROXY-15", "Unsupported method"),
        ((426, {"upgrade": "h2c"}, b""), "PROXY-20", "Upgrade: h2c"),
        ((429, {"retry-after": "30"}, b""), "PROXY-17", "429"),
        ((502, JSON, rpc(-32603, "CRM did not answer", 1)), "PROXY-19", "“CRM did not answer”"),
        ((404, JSON, rpc(-32001, "Session not found")), "PROXY-20", "“Session not found”"),
        ((200, JSON, b""), "PROXY-21", "an empty body"),
        ((200, JSON, b"null"), "PROXY-21", "“null”"),
        ((200, JSON, b"{}"), "PROXY-21", "“{}”"),
        ((200, JSON, ANSWER.encode("utf-16")), "NET-06", "it is in UTF-16"),
        ((200, EVENTS, f"data: {ANSWER}".encode("utf-16-be")), "NET-06", "it is in UTF-16"),
        ((200, JSON, ANSWER.encode("utf-32")), "NET-06", "it is in UTF-32"),
        ((200, JSON, compress(ANSWER.encode())), "NET-06", "packed with gzip once more than"),
        ((200, EVENTS, compress(f"data: {ANSWER}\n\n".encode())), "NET-06", "packed with gzip"),
        ((200, JSON | PACKED, compress(compress(ANSWER.encode()))), "NET-06", "gzip once more than"),
        ((403, JSON, '{"message":"no such tenant"}'.encode("utf-16")), "PROXY-18", "“no such tenant”"),
        ((429, JSON, compress(b'{"message":"too many"}')), "PROXY-17", "“too many”"),
        ((500, JSON, compress(b'{"error":"CRM is down"}')), "PROXY-19", "“CRM is down”"),
        ((200, {"content-type": "text/json"}, ANSWER.encode()), "NET-06", "with text/json where MCP has"),
        ((200, {"content-type": "application/json-rpc"}, ANSWER.encode()), "NET-06", "application/json-rpc where"),
        ((200, JSON, b'{"error":"unauthorized","message":"API key missing"}'), "PROXY-21", "“API key missing”"),
        ((200, JSON, ANSWER.replace("1,", "null,").encode()), "PROXY-10", "with id null where id 1"),
        ((200, JSON, f"{ANSWER}\n{ANSWER}".encode()), "NET-06", "it is no JSON: Extra data"),
        ((200, JSON, (ANSWER + ANSWER.replace("[]", f'["{"x" * 9_000}"]')).encode()), "NET-06", "Extra data"),
        ((200, JSON, f'{ANSWER}{ANSWER.replace("1", "2")}'.encode()), "NET-06", "it is no JSON: Extra data"),
        ((200, EVENTS, f"data: {ANSWER}\ndata: {ANSWER}\n\n".encode()), "NET-06", "it is no JSON: Extra data"),
        ((200, JSON | PACKED, compress(f"{ANSWER}{ANSWER}".encode())), "NET-06", "it is no JSON: Extra data"),
        ((200, EVENTS, f"data: {ANSWER}".encode()), "NET-06", "no blank line ends its event"),
        ((200, EVENTS, f"data: {ANSWER}\r\n".encode()), "NET-06", "no blank line ends its event"),
        ((200, EVENTS, f'data: {{"method":"x"}}\n\ndata: {ANSWER}\n'.encode()), "NET-06", "no blank line ends its"),
        ((200, EVENTS, f"data: {ANSWER}\n\ndata: {ANSWER}\n\n".encode()), "PROXY-10", "with id 1 again where id 1"),
        ((200, EVENTS, f"data: {ANSWER}\r\rdata: {ANSWER}\r\r".encode()), "PROXY-10", "with id 1 again where id 1"),
        ((200, EVENTS, f"data: {ANSWER}\n\ndata: {ANSWER.replace('1', '2')}\n\n".encode()), "PROXY-10", "with id 2"),
        ((999, TEXT, b"denied"), "PROXY-20", "answered 999"),
        ((308, {"location": "/mcp"}, b""), "PROXY-11", ""),
        ((200, EVENTS, b'data: {"jsonrpc":"2.0","method":"notifications/x"}\n\n'), "PROXY-21", "notifications/x"),
        ((200, HTML, "<title>Acme</title><p>Moved".encode("utf-16")), "NET-06", "Acme: Moved"),
        ((302, {"location": "https://github.dev/pf-signin?id=x"}, b""), "PROXY-22", "https://github.dev/pf-signin"),
    ],
    ids=str,
)  # fmt: skip
async def test_the_same_answer_is_told_alike_everywhere(tmp_path: Path, answer: Given, name: str, words: str) -> None:
    (tmp_path / "project").mkdir()
    async with (
        serve(answering(answer)) as origin,
        behind(tmp_path / "project", f"{origin}/mcp") as (gateway, headers, http),
    ):
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        (found,) = await gateway.said()
    assert (found.id, words in found.cause) == (name, True), found.cause
    async with running_upstream() as upstream:
        upstream.answers["/mcp"] = answer
        async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
            await go(watched)
            made = await named(watched, name)
        assert words in (made.explanation or ""), made.explanation
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
    saw = [each.saw for each in checks if each.verdict is Verdict.FAIL and each.diagnosis_id == name]
    assert any(words in each for each in saw), [(each.diagnosis_id, each.saw) for each in checks]


async def test_why_a_challenge_refuses_is_said_where_the_body_says_nothing(tmp_path: Path) -> None:
    answer = (401, {"www-authenticate": 'Bearer error="invalid_token", error_description="aud mismatch"'}, b"")
    async with serve(answering(answer)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        (found,) = await gateway.said()
    assert (found.id, "“aud mismatch”" in found.cause) == ("UPST-19", True), found.cause


@pytest.mark.parametrize("challenge", ['Basic realm="x"', "Negotiate, NTLM", 'Digest realm="x", nonce="y"', "tunnel"])
async def test_a_challenge_for_no_token_does_not_say_that_a_token_is_not_taken(tmp_path: Path, challenge: str) -> None:
    async with running_upstream() as upstream:
        upstream.answers["/mcp"] = (401, {"www-authenticate": challenge}, b"")
        async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
            await go(watched)
            made = await named(watched, "BEAR-01")
            steps = watched.events(WatchedStepTaken)
    assert challenge in (made.explanation or "")
    assert not [each for each in steps if each.diagnosis_id == "BEAR-09"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n""',
    ],
)
async def test_a_success_that_ends_without_a_message_is_told_while_watching(tmp_path: Path, answer: bytes) -> None:
    async with upstream_of(answer) as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        assert "no response to initialize" in ((await named(watched, "PROXY-21")).explanation or "")


async def test_a_message_that_is_sent_to_another_path_is_told(tmp_path: Path) -> None:
    async with running_upstream() as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        upstream.answers["/sse"] = (404, TEXT, b"Not found")
        async with httpx2.AsyncClient(timeout=10) as http:
            await http.post(f"{watched.origin}/sse", json=mcp_request("initialize"))
        made = await named(watched, "PROXY-13")
    assert "Correct the path of the client's URL" in (made.hint or "")


async def test_redirect_uris_that_were_registered_otherwise_are_told(tmp_path: Path) -> None:
    async with running_upstream() as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        upstream.answers["/register"] = (201, {}, {"client_id": "c", "redirect_uris": ["https://a.example/cb"]})
        upstream.answers["/authorize"] = (400, HTML, b"<h1>redirect_uri is not registered</h1>")
        await go(watched)
        made = await named(watched, "REG-20")
        said = [each for flow in watched.flows() for each in flow.diagnoses if each.id == "REG-20"]
    assert "registered https://a.example/cb" in (made.explanation or "")
    assert [each.certain for each in said] == [False]


@pytest.mark.parametrize("at", ["token", "mcp"])
async def test_a_proof_of_possession_that_is_not_taken_is_a_kind_of_its_own(tmp_path: Path, at: str) -> None:
    """The client proves for the local URL, so that it may be devgw that stands in the way."""
    async with running_upstream() as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        if at == "token":
            upstream.answers["/token"] = (400, {}, {"error": "invalid_dpop_proof", "error_description": "htu"})
        else:
            usual = upstream._mcp

            def refused(asked: Asked) -> tuple[int, dict[str, str], Any]:
                challenge = {"www-authenticate": 'DPoP error="invalid_dpop_proof"'}
                return (401, challenge, b"") if "authorization" in asked.headers else usual(asked)

            upstream._mcp = refused  # type: ignore[method-assign]
        await go(watched)
        made = await named(watched, "REQ-12")
    assert "devgw watch URL -- COMMAND" in (made.hint or "")


CHALLENGED = (403, HTML | {"cf-mitigated": "challenge"}, b"")
DEAD = (404, HTML | {"ngrok-error-code": "ERR_NGROK_3200"}, b"")


@pytest.mark.parametrize(
    ("path", "answer", "name"),
    [
        ("/register", CHALLENGED, "PROXY-27"),
        ("/register", DEAD, "PROXY-26"),
        ("/token", CHALLENGED, "PROXY-27"),
        ("/token", (503, TEXT, b"no healthy upstream"), "PROXY-26"),
    ],
)
async def test_who_answers_in_the_place_of_an_oauth_endpoint_is_named(
    tmp_path: Path, path: str, answer: Given, name: str
) -> None:
    async with running_upstream() as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        upstream.answers[path] = answer
        await go(watched)
        assert "in the place of the" in ((await named(watched, name)).explanation or "")


@pytest.mark.parametrize("path", [METADATA, RESOURCE])
async def test_who_answers_in_the_place_of_a_document_is_named_by_the_doctor(path: str) -> None:
    async with running_upstream() as upstream:
        upstream.answers[path] = CHALLENGED
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
    assert "PROXY-27" in [each.diagnosis_id for each in checks if each.verdict is Verdict.FAIL]


async def test_who_answers_in_the_place_of_an_upstreams_token_endpoint_is_named(tmp_path: Path) -> None:
    async with (
        serve(answering(CHALLENGED)) as origin,
        connecting(tmp_path, says(token_endpoint=f"{origin}/token")) as (gateway, _, _),
    ):
        (found,) = await told(gateway)
    assert (found.id, "Cloudflare answered 403" in found.cause) == ("PROXY-27", True), found


JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize(
    ("answer", "name", "words"),
    [
        (b"SSH-2.0-OpenSSH_9\r\n", "NET-09", "it begins with b'SSH-2.0-OpenSSH_'"),
        (b"220 mail ESMTP\r\n", "NET-09", "it begins with b'220 mail ESMTP"),
        (b"<html>hi</html>", "NET-09", "it begins with b'<html>hi</html>'"),
        (b"HTTP/1.1 000 Nope\r\ncontent-length: 0\r\n\r\n", "NET-09", "its first line is b'HTTP/1.1 000 Nope'"),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n", "NET-09", "switched protocols"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "NET-08", "that port speaks TLS"),
        (JSON_HEAD + b"content-length: 5\r\ncontent-length: 7\r\n\r\nhello", "PROXY-09", "one Content-Length"),
        (JSON_HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "PROXY-09", "a chunk's size is b'zz'"),
        (JSON_HEAD + b'content-length: 90\r\n\r\n{"jsonrpc"', "NET-05", "after 10 bytes of its answer"),
        (JSON_HEAD + b'transfer-encoding: chunked\r\n\r\n40\r\n{"jsonrpc"', "NET-05", "after 10 bytes of its answer"),
        (b"", "NET-05", "before it answered"),
    ],
    ids=str,
)  # fmt: skip
async def test_bytes_that_are_no_answer_are_told_by_the_doctor_as_while_watching(
    tmp_path: Path, answer: bytes, name: str, words: str
) -> None:
    async with hostile(says_bytes(answer)) as served, watching(f"{served.origin}/mcp", tmp_path) as watched:
        await go(watched)
        made = await named(watched, name)
        checks = (await examine_server(f"{served.origin}/mcp", SystemClock())).checks
    assert words in (made.explanation or ""), made.explanation
    ((found, saw),) = [(each.diagnosis_id, each.saw) for each in checks if each.verdict is Verdict.FAIL]
    assert (found, words in saw) == (name, True), saw
