"""What fails between gateway and upstream is named, in the form that a client can read."""

import asyncio
import gzip
import json
import socket
from typing import Any

import httpx2
import pytest

from devgw.config.project import CapabilityEntry, CapabilityFilter, HeaderEdits, Route, Secret
from devgw.gateway.transport import TransportSettings
from devgw.gateway.upstream import Admitted, UpstreamCredential
from devgw.problems import Refused
from devgw.problems.upstream import ConnectRequired
from tests.support.bytes_upstream import Seen, bytes_upstream, response
from tests.support.gate import Gate, gate

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "echo"}}
RESULT = b'{"jsonrpc":"2.0","id":7,"result":{"content":[]}}'
MODERN = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "echo"}


async def call(gateway: Gate, **more: Any) -> httpx2.Response:
    async with httpx2.AsyncClient() as client:
        return await client.post(gateway.url, json=CALL, headers=gateway.bearer | more.pop("headers", {}), **more)


def said(answer: httpx2.Response) -> dict[str, Any]:
    """Return the JSON-RPC error that answers the call; every client hands it on with status 200."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["jsonrpc"], body["id"]) == (200, "2.0", 7), body
    error: dict[str, Any] = body["error"]
    return error


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_refused_connection_says_what_to_start(host: str) -> None:
    async with gate(f"http://{host}:{closed_port()}/mcp") as gateway:
        error = said(await call(gateway))

    assert error["code"] == 502
    assert error["data"]["reason"] == "upstream_refused_connection"
    assert "rewritePattern" in error["message"]
    (trace,) = gateway.traces
    assert (trace.outcome, trace.failure_origin) == ("failure", "upstream")
    assert error["data"]["traceId"] == trace.id
    assert "mcp_capability_completed" in gateway.names()


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/mcp", "http://no-such-host.invalid:{}/mcp"])
async def test_who_gave_the_url_on_a_command_line_is_sent_to_no_file(url: str) -> None:
    """The files of such a project are nobody's to mend, and are gone with the command."""
    async with gate(url.format(closed_port()), is_given=True) as gateway:
        error = said(await call(gateway))
    told = f"{error['message']} {gateway.traces[0].hint}"
    assert "the URL that you gave" in told
    assert "rewritePattern" not in told
    assert "config/" not in told


@pytest.mark.parametrize("is_given", [True, False])
async def test_who_gave_the_url_is_sent_to_no_setting_where_no_answer_comes(*, is_given: bool) -> None:
    async def hang(_seen: Seen, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    settings = TransportSettings(response_timeout=0.2, are_proxy_settings=True)
    async with bytes_upstream(hang) as upstream, gate(upstream.url, timeouts=settings, is_given=is_given) as gateway:
        error = said(await call(gateway))
    assert ("[proxy]" in error["message"]) is not is_given


async def test_a_name_that_does_not_resolve_is_named() -> None:
    async with gate("http://no-such-host.invalid:1/mcp") as gateway:
        error = said(await call(gateway))

    assert error["data"]["reason"] == "upstream_name_unknown"
    assert "no-such-host.invalid" in error["message"]


async def test_tls_spoken_to_a_plain_port_says_so() -> None:
    async def plain(seen: Seen, writer: asyncio.StreamWriter) -> None:
        raise AssertionError("a TLS greeting is no request")

    async with bytes_upstream(plain) as upstream:
        server = await asyncio.start_server(_speak_plainly, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with gate(f"https://127.0.0.1:{port}/mcp") as gateway:
            error = said(await call(gateway))
        server.close()

    assert upstream.seen == []
    assert error["data"]["reason"] == "upstream_tls_failed"
    assert "http://" in error["data"]["hint"]


async def _speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    writer.close()


async def test_an_upstream_that_never_answers_is_given_up() -> None:
    never = asyncio.Event()

    async def silent(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await never.wait()

    limits = TransportSettings(response_timeout=0.1)
    async with bytes_upstream(silent) as upstream, gate(upstream.url, timeouts=limits) as gateway:
        error = said(await call(gateway))
        await asyncio.wait_for(upstream.ended.wait(), 5)

    assert (error["code"], error["data"]["reason"]) == (504, "upstream_answer_timed_out")


async def test_an_upstream_that_hangs_up_is_named() -> None:
    async def hang_up(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with bytes_upstream(hang_up) as upstream, gate(upstream.url) as gateway:
        error = said(await call(gateway))

    assert error["data"]["reason"] == "upstream_closed_early"
    assert len(upstream.seen) == 1  # a tool may have run: nothing is sent twice


async def test_a_json_answer_that_breaks_off_is_an_error_and_not_half_an_answer() -> None:
    async def half(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.close()

    async with bytes_upstream(half) as upstream, gate(upstream.url) as gateway:
        error = said(await call(gateway))

    assert error["data"]["reason"] == "upstream_closed_early"
    assert "after 1 bytes" in error["message"]


async def test_what_is_no_http_is_named() -> None:
    async def gibberish(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")

    async with bytes_upstream(gibberish) as upstream, gate(upstream.url) as gateway:
        error = said(await call(gateway))

    assert error["data"]["reason"] == "upstream_answer_malformed"


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        ("500 Internal Server Error", "text/html", b"<html><title>Server Error</title><p>long</p></html>"),
        ("502 Bad Gateway", "application/json", b'{"detail": "Server Error"}'),
        ("200 OK", "text/html; charset=utf-8", b"<style>p{}</style><p>Server <b>Error</b></p>"),
        ("503 Service Unavailable", "text/plain", b"Server Error"),
    ],
)
async def test_a_page_instead_of_an_answer_is_quoted_and_kept(status: str, content_type: str, body: bytes) -> None:
    async def page(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(body, status=status, content_type=content_type))

    async with bytes_upstream(page) as upstream, gate(upstream.url) as gateway:
        error = said(await call(gateway))

    assert error["data"]["reason"] == ("upstream_failed" if status[0] == "5" else "upstream_answer_not_mcp")
    assert "Server Error" in error["message"]
    assert "<" not in error["message"]
    (trace,) = gateway.traces
    assert trace.upstream_body is not None
    assert trace.upstream_body.content == body
    assert trace.upstream_status == int(status[:3])


async def test_a_5xx_with_a_jsonrpc_error_is_the_upstreams_own_answer() -> None:
    body = b'{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"x"}}'

    async def fail(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(body, status="500 Internal Server Error"))

    async with bytes_upstream(fail) as upstream, gate(upstream.url) as gateway:
        answer = await call(gateway)

    assert (answer.status_code, answer.content) == (500, body)


async def test_a_notification_is_answered_with_http_where_it_fails() -> None:
    async with gate(f"http://127.0.0.1:{closed_port()}/mcp") as gateway, httpx2.AsyncClient() as client:
        note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        answer = await client.post(gateway.url, json=note, headers=gateway.bearer)

    assert answer.status_code == 502
    assert answer.json()["reason"] == "upstream_refused_connection"


async def test_each_request_of_a_batch_gets_the_error() -> None:
    async with gate(f"http://127.0.0.1:{closed_port()}/mcp") as gateway, httpx2.AsyncClient() as client:
        batch = [CALL, {"jsonrpc": "2.0", "method": "notifications/x"}, CALL | {"id": 8}]
        answer = await client.post(gateway.url, json=batch, headers=gateway.bearer)

    assert [each["id"] for each in answer.json()] == [7, 8]


# --- redirects --------------------------------------------------------------------------------------------------------


def redirecting(status: str) -> Any:
    async def redirect(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.line.split()[1] == "/mcp/":
            writer.write(response(RESULT))
        else:
            writer.write(response(b"", status=status, more="Location: /mcp/\r\n"))

    return redirect


async def test_a_redirect_to_the_slash_names_both_urls() -> None:
    """PROXY-01."""
    async with bytes_upstream(redirecting("307 Temporary Redirect")) as upstream, gate(upstream.url) as gateway:
        error = said(await call(gateway))

    assert error["data"]["reason"] == "upstream_redirected"
    assert f"Write {upstream.url}/ as rewritePattern" in error["message"]
    assert "slash" in error["message"]


async def test_a_redirect_is_followed_where_the_route_says_so() -> None:
    async with (
        bytes_upstream(redirecting("307 Temporary Redirect")) as upstream,
        gate(upstream.url, follow_redirects=True) as gateway,
    ):
        answer = await call(gateway)

    assert answer.content == RESULT
    assert [seen.line for seen in upstream.seen] == ["POST /mcp HTTP/1.1", "POST /mcp/ HTTP/1.1"]
    assert upstream.seen[1].body == upstream.seen[0].body
    assert any("rewritePattern" in note for note in gateway.traces[0].notes)


async def test_a_followed_302_loses_the_message_as_it_does_with_fetch() -> None:
    async with (
        bytes_upstream(redirecting("302 Found")) as upstream,
        gate(upstream.url, follow_redirects=True) as gateway,
    ):
        await call(gateway)

    assert upstream.seen[1].line == "GET /mcp/ HTTP/1.1"
    assert any("turns POST into GET" in note for note in gateway.traces[0].notes)


async def test_redirects_in_a_circle_come_to_an_end() -> None:
    async def circle(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"", status="308 Permanent Redirect", more="Location: /mcp\r\n"))

    async with bytes_upstream(circle) as upstream, gate(upstream.url, follow_redirects=True) as gateway:
        error = said(await call(gateway))

    assert error["data"]["reason"] == "upstream_too_many_redirects"
    assert len(upstream.seen) == 6


# --- credentials ------------------------------------------------------------------------------------------------------


class Credentials:
    """Hands out `Bearer old`, then `Bearer new`; or refuses to."""

    def __init__(self, *, problem: ConnectRequired | None = None, renewable: bool = True) -> None:
        self.problem = problem
        self.renewable = renewable
        self.challenges: list[str] = []

    async def obtain(self, _route: Route, _admitted: Admitted, _origin: str) -> UpstreamCredential:
        if self.problem:
            raise Refused(self.problem)
        return UpstreamCredential(((b"authorization", b"Bearer old"),), renewable=self.renewable)

    async def renew(
        self,
        _route: Route,
        _admitted: Admitted,
        _origin: str,
        challenge: str,
        rejected: UpstreamCredential | None = None,
    ) -> UpstreamCredential:
        assert rejected is not None
        self.challenges.append(challenge)
        return UpstreamCredential(((b"authorization", b"Bearer new"),))


async def wants_new(seen: Seen, writer: asyncio.StreamWriter) -> None:
    if seen.header("authorization") == "Bearer new":
        writer.write(response(RESULT))
    else:
        writer.write(response(b"{}", status="401 Unauthorized", more='WWW-Authenticate: Bearer error="x"\r\n'))


async def test_a_401_renews_the_credential_and_asks_once_more() -> None:
    credentials = Credentials()
    async with bytes_upstream(wants_new) as upstream, gate(upstream.url, credentials=credentials) as gateway:
        answer = await call(gateway)

    assert answer.content == RESULT
    assert credentials.challenges == ['Bearer error="x"']
    assert [seen.header("authorization") for seen in upstream.seen] == ["Bearer old", "Bearer new"]


async def test_a_401_of_the_upstream_never_looks_like_one_of_the_gateway() -> None:
    """The client would throw its good token away, and look for the upstream's authorization server."""

    async def refuse(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"no entry", status="401 Unauthorized", more="WWW-Authenticate: Bearer\r\n"))

    async with bytes_upstream(refuse) as upstream, gate(upstream.url, credentials=Credentials()) as gateway:
        answer = await call(gateway)

    assert said(answer)["data"]["reason"] == "upstream_credential_refused"
    assert "www-authenticate" not in answer.headers
    assert len(upstream.seen) == 2
    assert gateway.traces[0].upstream_body is not None
    assert gateway.traces[0].upstream_body.content == b"no entry"


CONNECT = ConnectRequired(
    state="authenticating",
    upstream_server_id="linear",
    display_name="Linear",
    operation_id="sample",
    auth_url="http://localhost:9000/auth/connections/linear/connect",
    auth_profile_id="linear:user-oauth",
)


async def test_a_missing_connection_is_a_url_elicitation_error_for_2025_clients() -> None:
    async def unasked(seen: Seen, writer: asyncio.StreamWriter) -> None:
        raise AssertionError("nothing may reach the upstream")

    credentials = Credentials(problem=CONNECT)
    async with bytes_upstream(unasked) as upstream, gate(upstream.url, credentials=credentials) as gateway:
        error = said(await call(gateway, headers={"MCP-Protocol-Version": "2025-11-25"}))

    assert upstream.seen == []
    assert error["code"] == -32042
    assert error["data"]["authUrl"] == CONNECT.auth_url
    assert error["data"]["nextAction"] == "redirect"
    (elicitation,) = error["data"]["elicitations"]
    assert (elicitation["mode"], elicitation["url"]) == ("url", CONNECT.auth_url)
    assert gateway.traces[0].outcome == "connect_required"


async def test_a_missing_connection_is_a_tools_own_error_for_2026_clients_that_open_no_urls() -> None:
    """MCP 2026-07-28, Error Codes: -32042 is gone."""
    async with gate("http://127.0.0.1:1/mcp", credentials=Credentials(problem=CONNECT)) as gateway:
        answer = await call(gateway, headers=MODERN)

    result = answer.json()["result"]
    assert result["isError"] is True
    assert CONNECT.auth_url in result["content"][0]["text"]


async def test_a_secret_with_a_line_break_is_named_and_not_sent() -> None:
    edits = (HeaderEdits(set=(("X-Api-Key", Secret("k\r\nX-Evil: 1"), True),)),)
    async with gate("http://127.0.0.1:1/mcp", header_edits=edits) as gateway:
        error = said(await call(gateway))

    assert error["data"]["reason"] == "header_unsendable"
    assert "x-api-key" in error["message"]
    assert "Evil" not in error["message"]
    assert gateway.traces[0].failure_origin == "gateway"


# --- what policies act on ---------------------------------------------------------------------------------------------


@pytest.fixture
def filtered() -> dict[str, Any]:
    return {"capability_filter": CapabilityFilter("only-echo", tools=(CapabilityEntry("echo"),))}


async def list_tools(seen: Seen, writer: asyncio.StreamWriter) -> None:
    tools = [{"name": "echo"}, {"name": "secret"}]
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "result": {"tools": tools}}).encode()
    if "stream" in seen.line:
        writer.write(response(b"data: " + body + b"\n\n", content_type="text/event-stream"))
    else:
        writer.write(response(body))


@pytest.mark.parametrize("query", ["", "?stream=1"])
async def test_a_filtered_list_shows_what_may_be_seen(filtered: dict[str, Any], query: str) -> None:
    async with (
        bytes_upstream(list_tools) as upstream,
        gate(upstream.url, **filtered) as gateway,
        httpx2.AsyncClient() as client,
    ):
        body = CALL | {"method": "tools/list", "params": {}}
        answer = await client.post(gateway.url + query, json=body, headers=gateway.bearer)

    assert upstream.seen[0].header("accept-encoding") == "identity"
    assert b"echo" in answer.content
    assert b"secret" not in answer.content


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("encoding", ["gzip", "br", "broken"])
async def test_a_filtered_answer_is_never_let_through_unread(
    filtered: dict[str, Any], encoding: str, is_stream: bool
) -> None:
    """The upstream compresses although it was asked not to: what can be read is filtered, the rest is refused."""
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "result": {"tools": [{"name": "echo"}, {"name": "secret"}]}}).encode()
    packed = gzip.compress(b"data: " + body + b"\n\n" if is_stream else body) if encoding == "gzip" else b"secret"
    kind = "text/event-stream" if is_stream else "application/json"

    async def compressed(seen: Seen, writer: asyncio.StreamWriter) -> None:
        more = f"Content-Encoding: {'gzip' if encoding == 'broken' else encoding}\r\n"
        writer.write(response(packed, content_type=kind, more=more))

    async with (
        bytes_upstream(compressed) as upstream,
        gate(upstream.url, **filtered) as gateway,
        httpx2.AsyncClient() as client,
    ):
        listing = CALL | {"method": "tools/list", "params": {}}
        try:
            answer = await client.post(gateway.url, json=listing, headers=gateway.bearer)
            content = answer.content
        except httpx2.RemoteProtocolError:
            content = b""  # a stream whose head had gone out is cut

    assert b"secret" not in content
    assert (b"echo" in content) is (encoding == "gzip")
    if encoding != "gzip":
        assert gateway.traces[0].reason_code == "upstream_encoding_unreadable"


async def test_a_hidden_tool_is_unknown_before_it_reaches_the_upstream(filtered: dict[str, Any]) -> None:
    async with (
        bytes_upstream(list_tools) as upstream,
        gate(upstream.url, **filtered) as gateway,
        httpx2.AsyncClient() as client,
    ):
        body = CALL | {"params": {"name": "secret"}}
        answer = await client.post(gateway.url, json=body, headers=gateway.bearer)

    assert said(answer)["code"] == -32601
    assert upstream.seen == []
    assert gateway.traces[0].outcome == "denied"


async def test_a_header_that_contradicts_the_body_is_refused_where_a_policy_acts_on_it(
    filtered: dict[str, Any],
) -> None:
    """MCP 2026-07-28, Server Validation: 400 and -32020."""
    async with bytes_upstream(list_tools) as upstream, gate(upstream.url, **filtered) as gateway:
        answer = await call(gateway, headers=MODERN | {"Mcp-Name": "secret"})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == -32020
    assert upstream.seen == []


async def test_without_a_policy_a_contradicting_header_is_noted_and_passed_on() -> None:
    async def answer_result(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(RESULT))

    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway:
        await call(gateway, headers=MODERN | {"Mcp-Name": "=?base64?c2VjcmV0?="})

    assert len(upstream.seen) == 1
    assert any("Mcp-Name" in note for note in gateway.traces[0].notes)
