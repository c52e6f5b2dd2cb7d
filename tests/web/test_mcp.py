"""The MCP routes over real sockets: who is let in, and what the upstream gets and answers."""

import asyncio
import gc
import gzip
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2

from devgw.clock import SystemClock
from devgw.config.project import HeaderEdits, Secret
from devgw.events.taxonomy import McpCapabilityCompleted, McpRequestRejected
from devgw.settings import ProxySettings, Settings
from tests.support.bytes_upstream import Seen, bytes_upstream, response
from tests.support.gate import PATH, Gate, gate

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "é"}}}
RESULT = b'{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"hi"}]}}'
ACCEPT = {"Accept": "application/json, text/event-stream"}


async def answer_result(seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(response(RESULT))


async def test_a_call_with_a_token_reaches_the_upstream_and_its_answer_comes_back() -> None:
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        answer = await client.post(gateway.url, json=CALL, headers=gateway.bearer | ACCEPT)

    assert (answer.status_code, answer.content) == (200, RESULT)
    assert json.loads(upstream.seen[0].body) == CALL
    assert upstream.seen[0].line == "POST /mcp HTTP/1.1"
    assert gateway.names() == [
        "mcp_auth_downstream_token_validated",
        "mcp_request_accepted",
        "mcp_capability_invoked",
        "mcp_capability_completed",
        "http_exchanged",
    ]
    (trace,) = gateway.traces
    assert (trace.kind, trace.mcp_method, trace.capability, trace.status) == ("mcp", "tools/call", "echo", 200)
    assert trace.response_body.content == RESULT
    assert json.loads(trace.request_body.content) == CALL
    assert trace.client_name == "Test client"
    completed = next(event for event in gateway.events if isinstance(event, McpCapabilityCompleted))
    assert completed.upstream_ms > 0
    assert completed.gateway_ms > 0
    assert completed.gateway_ms + completed.upstream_ms <= trace.duration_ms


async def test_without_a_token_the_answer_is_a_challenge_and_nothing_reaches_the_upstream() -> None:
    """RFC 6750 §3, RFC 9728 §5.1: and no `error` where there were no credentials."""
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        answer = await client.post(gateway.url, json=CALL)

    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert f'resource_metadata="{gateway.origin}/.well-known/oauth-protected-resource{PATH}"' in challenge
    assert "error=" not in challenge
    assert answer.json()["reason"] == "token_missing"
    assert upstream.seen == []
    rejected = next(event for event in gateway.events if isinstance(event, McpRequestRejected))
    assert (rejected.reason_code, rejected.had_credentials, rejected.status) == ("token_missing", False, 401)


async def test_refusals_do_not_break_a_kept_connection() -> None:
    """Hypercorn closes a connection on which an answer begins before the body came: the body is read first."""
    body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"x":"%s"}}' % (b"y" * 20_000)
    head = b"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    statuses = []
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway:
        host = gateway.origin.partition("://")[2]
        reader, writer = await asyncio.open_connection(*host.split(":"))
        for path in (PATH, "/nothing", PATH, "/oauth/token", PATH):
            writer.write(head % (path.encode(), host.encode(), len(body)))
            # Head and body travel in pieces, so that an answer given too early begins before all of it is there.
            for piece in (body[:100], body[100:]):
                await writer.drain()
                await asyncio.sleep(0.02)
                writer.write(piece)
            statuses.append(await read_status(reader))
        writer.close()

    assert statuses == [401, 404, 401, 404, 401]


async def read_status(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next((int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), None)
    if length is not None:
        await reader.readexactly(length)
    else:
        while await reader.readuntil(b"\r\n") != b"0\r\n":
            pass
        await reader.readuntil(b"\r\n")
    return int(head.split()[1])


async def test_what_is_the_clients_stays_here_and_what_is_mcps_goes_on() -> None:
    """MCP: the client's token never travels upstream; every Mcp-* header does."""
    sent = {
        "Mcp-Param-Region": "=?base64?ZcOp?=",
        "Mcp-Method": "tools/call",
        "Mcp-Name": "echo",
        "MCP-Protocol-Version": "2025-11-25",
        "Last-Event-ID": "9",
        "Cookie": "a=b",
        "Connection": "keep-alive, X-Hop",
        "X-Hop": "1",
        "TE": "trailers",
        "X-Mine": "yes",
    }
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        await client.post(f"{gateway.url}?a=1&b=%20c", json=CALL, headers=gateway.bearer | ACCEPT | sent)

    seen = upstream.seen[0]
    assert seen.line == "POST /mcp?a=1&b=%20c HTTP/1.1"
    assert seen.header("host") == upstream.url.split("/")[2]
    for name in ("mcp-param-region", "mcp-method", "mcp-name", "mcp-protocol-version", "last-event-id", "x-mine"):
        assert seen.header(name) == {key.lower(): value for key, value in sent.items()}[name]
    for name in ("authorization", "cookie", "x-hop", "te", "connection"):
        assert seen.header(name) is None


async def ask_raw(gateway: Gate, *lines: str) -> bytes:
    """Send the call with these header lines as they are; return the head of the answer."""
    host, _, port = gateway.origin.partition("://")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps(CALL).encode()
    sent = [f"POST {PATH} HTTP/1.1", f"Host: {host}:{port}", f"Content-Length: {len(body)}", *lines]
    sent += [f"{name}: {value}" for name, value in gateway.bearer.items()]
    writer.write("\r\n".join(sent).encode() + b"\r\n\r\n" + body)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.close()
    return head


async def test_what_any_connection_header_names_is_for_this_hop_alone() -> None:
    """RFC 9110 §7.6.1."""
    lines = ("Connection: keep-alive", "Connection: X-Second, x-third", "X-Second: 1", "X-Third: 1", "X-Mine: yes")
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway:
        assert (await ask_raw(gateway, *lines)).startswith(b"HTTP/1.1 200")

    seen = upstream.seen[0]
    assert seen.header("x-mine") == "yes"
    assert [name for name, _ in seen.headers if name in {"connection", "x-second", "x-third"}] == []


async def test_nothing_that_a_client_claims_of_its_way_or_method_reaches_the_upstream() -> None:
    """The upstream trusts the gateway: what a client says of its own address, host or method is no word of ours."""
    claims = (
        "Forwarded: for=10.0.0.1", "X-Forwarded-For: 10.0.0.1", "X-Forwarded-Host: evil", "X-Forwarded-Proto: https",
        "X-Forwarded-Prefix: /evil", "X-Forwarded-Ssl: on", "X-Real-IP: 10.0.0.1", "True-Client-IP: 10.0.0.1",
        "CF-Connecting-IP: 10.0.0.1", "Via: 1.1 evil", "X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE",
        "X-Method-Override: DELETE", "X-Original-URL: /admin", "X-Rewrite-URL: /admin", "Proxy-Authorization: x",
        "Proxy-Connection: keep-alive", "Proxy-Anything: 1", "TE: trailers", "Trailer: X-Late", "Keep-Alive: timeout=9",
        "Upgrade: h2c", "HTTP2-Settings: AAMAAABk", "X_Forwarded_For: 10.0.0.1", "X_Real-IP: 10.0.0.1",
        "Proxy_Authorization: x", "Remote-User: root", "Fly-Client-IP: 10.0.0.1", "X-Originating-IP: 10.0.0.1",
        "Forwarded-For: 10.0.0.1", "X-Original-Method: DELETE", "X-Original-Forwarded-For: 10.0.0.1",
        "X-Auth-Request-User: root", "X-Auth-Request-Email: a@b", "X-Goog-Authenticated-User-Email: a@b",
        "X-Amzn-Oidc-Identity: root", "X-MS-Client-Principal-Name: root", "Cf-Access-Authenticated-User-Email: a@b",
        "Tailscale-User-Login: root", "X-Client-Cert: x", "X_Auth-Request_User: root",
        "Proxy: http://evil:1", "X-ProxyUser-Ip: 10.0.0.1", "X-Zuplo-User: root", "Zp-Rid: x", "X_Zuplo_User: root",
        "Impersonate-User: root", "Client-Cert: :MII:", "X-Consumer-Username: root", "X-User-Id: root", "CF-Ray: 1",
    )  # fmt: skip
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway:
        for claim in claims:
            assert (await ask_raw(gateway, claim, "X-Mine: yes")).startswith(b"HTTP/1.1 200"), claim

    sent = {name for seen in upstream.seen for name, _ in seen.headers}
    assert sent == {"host", "content-length", "x-mine"}


async def test_a_policy_may_say_what_a_client_may_not() -> None:
    edits = (HeaderEdits(set=(("X-Forwarded-Host", Secret("mcp.example.com"), True),)),)
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url, header_edits=edits) as gateway:
        await ask_raw(gateway, "X-Forwarded-Host: evil")

    assert upstream.seen[0].header("x-forwarded-host") == "mcp.example.com"


async def test_a_client_writes_no_policys_header_with_underscores_beside_it() -> None:
    """What CGI and WSGI make of both is one name."""
    edits = (HeaderEdits(set=(("X-User-Id", Secret("ada"), True),), remove=("X-Debug",)),)
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url, header_edits=edits) as gateway:
        await ask_raw(gateway, "X_User_Id: root", "X_User-Id: root", "X_Debug: 1", "x_mine: yes")

    sent = {name for seen in upstream.seen for name, _ in seen.headers}
    assert sent == {"host", "content-length", "x-user-id", "x_mine"}


async def test_the_routes_policies_edit_headers_in_order() -> None:
    edits = (
        HeaderEdits(set=(("X-Api-Key", Secret("k\n"), True), ("X-Mine", Secret("ours"), False))),
        HeaderEdits(remove=("X-Gone",), set=(("X-Mine", Secret("last"), True),)),
    )
    async with (
        bytes_upstream(answer_result) as upstream,
        gate(upstream.url, header_edits=edits, forward_search=False) as gateway,
        httpx2.AsyncClient() as client,
    ):
        headers = gateway.bearer | {"X-Mine": "theirs", "X-Gone": "x", "X-Api-Key": "theirs"}
        await client.post(f"{gateway.url}?a=1", json=CALL, headers=headers)

    seen = upstream.seen[0]
    assert seen.line == "POST /mcp HTTP/1.1"
    assert [value for name, value in seen.headers if name == "x-api-key"] == ["k"]
    assert [value for name, value in seen.headers if name == "x-mine"] == ["last"]
    assert seen.header("x-gone") is None


async def test_an_upstreams_4xx_comes_back_byte_for_byte() -> None:
    """Clients tell the era of a server from the status and body of its 400 or 404."""
    body = b'{ "jsonrpc" : "2.0",\n "id":null, "error":{"code":-32022,"message":"no","data":{"supported":[]}}}'

    async def refuse(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(body, status="400 Bad Request", more="MCP-Protocol-Version: 2025-11-25\r\nX-A: b\r\n"))

    async with bytes_upstream(refuse) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        answer = await client.post(gateway.url, json=CALL, headers=gateway.bearer)

    assert (answer.status_code, answer.content) == (400, body)
    assert answer.headers["mcp-protocol-version"] == "2025-11-25"
    assert answer.headers["x-a"] == "b"
    (trace,) = gateway.traces
    assert (trace.outcome, trace.failure_origin, trace.reason_code) == (
        "application_error",
        "upstream",
        "jsonrpc_error",
    )


async def test_a_404_page_comes_back_too() -> None:
    async def refuse(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"<h1>Not Found</h1>", status="404 Not Found", content_type="text/html"))

    async with bytes_upstream(refuse) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        answer = await client.post(gateway.url, json=CALL, headers=gateway.bearer)

    assert (answer.status_code, answer.content) == (404, b"<h1>Not Found</h1>")
    assert gateway.traces[0].reason_code == "upstream_not_found"


async def test_a_batch_travels_as_it_is() -> None:
    """MCP 2025-03-26 allows arrays."""
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        answer = await client.post(gateway.url, content=b"[%s, 3]" % json.dumps(CALL).encode(), headers=gateway.bearer)

    assert answer.status_code == 200
    assert upstream.seen[0].body == b"[%s, 3]" % json.dumps(CALL).encode()
    assert gateway.traces[0].capability == "echo"


async def test_what_is_no_json_is_the_upstreams_to_judge() -> None:
    async def complain(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}'))

    async with bytes_upstream(complain) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        answer = await client.post(gateway.url, content=b"\xff{", headers=gateway.bearer)

    assert answer.status_code == 200
    assert upstream.seen[0].body == b"\xff{"


async def test_the_slash_at_the_end_makes_no_difference() -> None:
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        answer = await client.post(gateway.url + "/", json=CALL, headers=gateway.bearer)

    assert answer.status_code == 200


async def test_get_is_not_offered_and_says_why() -> None:
    """`gateway.md` §3: GET answers 405 with Allow: POST and problem details."""
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        answer = await client.get(gateway.url, headers=gateway.bearer | {"Accept": "text/event-stream"})

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["reason"] == "method_not_offered"
    assert upstream.seen == []


async def test_sessions_stop_at_the_gateway_and_the_trace_says_so() -> None:
    async def with_session(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(RESULT, more="Mcp-Session-Id: s1\r\n"))

    async with bytes_upstream(with_session) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        answer = await client.post(gateway.url, json=CALL, headers=gateway.bearer | {"Mcp-Session-Id": "old"})

    assert upstream.seen[0].header("mcp-session-id") is None
    assert "mcp-session-id" not in answer.headers
    assert any("stateful = true" in note for note in gateway.traces[0].notes)


async def test_a_stateful_proxy_forwards_get_delete_and_sessions() -> None:
    async def with_session(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"", content_type="text/event-stream", more="Mcp-Session-Id: s1\r\n"))

    async with (
        bytes_upstream(with_session) as upstream,
        gate(upstream.url, stateful=True) as gateway,
        httpx2.AsyncClient() as client,
    ):
        headers = gateway.bearer | {"Mcp-Session-Id": "s1"}
        answer = await client.get(gateway.url, headers=headers)
        await client.delete(gateway.url, headers=headers)
        refused = await client.get(gateway.url)

    assert [seen.line.split()[0] for seen in upstream.seen] == ["GET", "DELETE"]
    assert upstream.seen[0].header("mcp-session-id") == "s1"
    assert answer.headers["mcp-session-id"] == "s1"
    assert refused.status_code == 401
    assert any("deployed gateway" in note for note in gateway.traces[0].notes)


async def test_a_token_of_another_route_is_refused_with_its_reason() -> None:
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        live = gateway.live.find(next(iter(gateway.live._by_digest)))
        assert live is not None
        live.operation_id = "other"  # type: ignore[assignment]  # any other string will do
        answer = await client.post(gateway.url, json=CALL, headers=gateway.bearer)

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert answer.json()["reason"] == "invalid_audience"


async def test_compressed_answers_pass_untouched() -> None:
    packed = gzip.compress(RESULT)

    async def compressed(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(packed, more="Content-Encoding: gzip\r\n"))

    async with bytes_upstream(compressed) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        answer = await client.post(gateway.url, json=CALL, headers=gateway.bearer | {"Accept-Encoding": "gzip, br"})

    assert upstream.seen[0].header("accept-encoding") == "gzip"  # whose answer it is can be read in that
    assert answer.content == RESULT
    assert gateway.traces[0].response_body.content == packed


async def test_a_body_beyond_the_limit_is_refused_and_the_next_request_is_not() -> None:
    settings = replace(Settings(), proxy=ProxySettings(request_limit=1000))
    async with (
        bytes_upstream(answer_result) as upstream,
        gate(upstream.url, settings=settings) as gateway,
        httpx2.AsyncClient() as client,
    ):
        answer = await client.post(gateway.url, content=b"x" * 5000, headers=gateway.bearer)
        after = await client.post(gateway.url, json=CALL, headers=gateway.bearer)

    assert (answer.status_code, answer.json()["reason"]) == (413, "request_too_large")
    assert after.status_code == 200
    assert len(upstream.seen) == 1


async def test_a_defect_of_ours_is_answered_with_a_trace_id_and_no_stack() -> None:
    class Broken:
        def admit(self, *_: Any) -> Any:
            raise ZeroDivisionError("secret detail")

        def find_refusal(self, *_: Any) -> None:
            return None

        def challenge(self, *_: Any) -> str:
            return ""

    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        gateway.generation.admission = Broken()
        gateway.front.serve(gateway.generation)
        answer = await client.post(gateway.url, json=CALL, headers=gateway.bearer)

    assert answer.status_code == 500
    assert answer.json() == {"error": "server_error", "reason": "fault", "trace_id": gateway.traces[0].id}
    fault = next(event for event in gateway.events if event.name == "fault_met")
    assert fault.trace_id == gateway.traces[0].id
    assert "secret detail" not in repr(fault)


async def test_connections_to_the_upstream_are_used_again() -> None:
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        for _ in range(5):
            await client.post(gateway.url, json=CALL, headers=gateway.bearer)

    assert (len(upstream.seen), upstream.connections) == (5, 1)


async def test_an_expired_token_is_refused_when_the_clock_travels() -> None:
    clock = SystemClock()
    async with (
        bytes_upstream(answer_result) as upstream,
        gate(upstream.url, clock=clock) as gateway,
        httpx2.AsyncClient() as client,
    ):
        clock.travel(timedelta(hours=1))
        answer = await client.post(gateway.url, json=CALL, headers=gateway.bearer)

    assert answer.json()["reason"] == "token_expired"


async def test_a_call_leaves_nothing_for_the_garbage_collector() -> None:
    """A circle around each request costs a seventh of the time of all of them: the collector walks the kept traces."""
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        for _ in range(3):  # what is made once
            await client.post(gateway.url, json=CALL, headers=gateway.bearer)
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for _ in range(5):
                await client.post(gateway.url, json=CALL, headers=gateway.bearer)
            gc.collect()
            left = [type(each).__name__ for each in gc.garbage if type(each).__module__.startswith("devgw")]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()

    assert left == []
