"""What every request meets first: its record, the Host check, the caller's Origin, CORS, the canonical origin."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from devgw.settings import Settings
from tests.support.bytes_upstream import Seen, bytes_upstream, response
from tests.support.gate import PATH, Gate, gate

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/list"}
RESULT = b'{"jsonrpc":"2.0","id":7,"result":{"tools":[]}}'
NOWHERE = "http://127.0.0.1:1/mcp"


async def answer_result(seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(
        response(RESULT, more="Access-Control-Allow-Origin: http://other\r\nDate: then\r\nSet-Cookie: a=b\r\n")
    )


async def ask(gateway: Gate, method: str, path: str, **more: Any) -> httpx2.Response:
    async with httpx2.AsyncClient() as client:
        return await client.request(method, gateway.origin + path, **more)


def port_of(gateway: Gate) -> str:
    return gateway.origin.rpartition(":")[2]


# --- host -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
async def test_the_loopback_names_are_one_gateway(name: str) -> None:
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway:
        headers = gateway.bearer | {"Host": f"{name}:{port_of(gateway)}"}
        answer = await ask(gateway, "POST", PATH, json=CALL, headers=headers)
        challenge = await ask(gateway, "POST", PATH, json=CALL, headers={"Host": headers["Host"]})

    assert answer.status_code == 200
    used = f"http://{name.lower()}:{port_of(gateway)}"
    assert f'resource_metadata="{used}/.well-known' in challenge.headers["www-authenticate"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "localhost:1", "localhost.evil.example:{port}", ""]
)
@pytest.mark.parametrize("path", [PATH, "/oauth/token", "/.well-known/oauth-authorization-server"])
async def test_any_other_host_is_turned_away_with_the_reason(host: str, path: str) -> None:
    """MCP basic/transports: DNS rebinding must not reach a developer's gateway."""
    async with gate(NOWHERE) as gateway:
        headers = gateway.bearer | {"Host": host.format(port=port_of(gateway))}
        answer = await ask(gateway, "POST", path, json=CALL, headers=headers)
        again = await ask(gateway, "POST", path, json=CALL, headers=gateway.bearer)

    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["reason"] == "host_not_allowed"
    assert f"localhost:{port_of(gateway)}" in answer.json()["hint"]
    assert again.status_code != 421
    assert gateway.traces[0].reason_code == "host_not_allowed"


@pytest.mark.parametrize("host", [b"", b"a@localhost", b"<b>", b"one two", b"[::1", b"a:b:c"])
async def test_what_is_no_host_is_not_advised_as_one_to_allow(host: bytes) -> None:
    """A hint can be followed to the letter."""
    async with gate("http://127.0.0.1:1/mcp") as gateway:
        port = int(gateway.origin.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /mcp/sample HTTP/1.1\r\nConnection: close\r\nHost: " + host + b"\r\n\r\n")
        answer = (await reader.read()).partition(b"\r\n\r\n")[2]
        writer.close()
    said = json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])
    assert said["hint"] == f"Use localhost:{port}."


async def test_configured_hosts_are_let_in() -> None:
    settings = Settings(allowed_hosts=("box.lan", "box.corp:8080"))
    async with gate(NOWHERE, settings=settings) as gateway:
        statuses = [
            (await ask(gateway, "POST", PATH, headers={"Host": host})).status_code
            for host in ("box.lan", "box.lan:1234", "box.corp:8080", "box.corp:8081")
        ]

    assert statuses == [401, 401, 401, 421]


async def test_the_configured_origin_is_what_the_client_used() -> None:
    """HOST-01, HOST-05: behind a tunnel the metadata says https, without the local port."""
    async with gate(NOWHERE, settings=Settings(origin="https://x.tunnel.example")) as gateway:
        answer = await ask(gateway, "POST", PATH, headers={"Host": "x.tunnel.example"})

    assert 'resource_metadata="https://x.tunnel.example/.well-known' in answer.headers["www-authenticate"]


async def test_forwarded_headers_are_believed_of_a_trusted_proxy_alone() -> None:
    """HOST-04."""
    forwarded = {"X-Forwarded-Host": "box.lan", "X-Forwarded-Proto": "https"}
    settings = Settings(allowed_hosts=("box.lan",), trusted_proxies=("127.0.0.0/8",))
    async with gate(NOWHERE, settings=settings) as gateway:
        trusted = await ask(gateway, "POST", PATH, headers=forwarded)
    async with gate(NOWHERE, settings=replace(settings, trusted_proxies=("10.0.0.1",))) as gateway:
        untrusted = await ask(gateway, "POST", PATH, headers=forwarded)

    assert 'resource_metadata="https://box.lan/' in trusted.headers["www-authenticate"]
    assert f'resource_metadata="{gateway.origin}/' in untrusted.headers["www-authenticate"]


# --- canonical origin -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/oauth/callback", "/oauth/setup", "/oauth/dev-login", "/auth/connections/x/connect"])
@pytest.mark.parametrize("base", ["", "/__zuplo"])
async def test_browser_pages_move_to_the_canonical_origin(path: str, base: str) -> None:
    async with gate(NOWHERE) as gateway:
        answer = await ask(gateway, "GET", f"{base}{path}?state=a%2Fb")
        stayed = await ask(gateway, "GET", base + path, headers={"Host": f"localhost:{port_of(gateway)}"})

    assert answer.status_code == 302
    assert answer.headers["location"] == f"http://localhost:{port_of(gateway)}{base}{path}?state=a%2Fb"
    assert stayed.status_code == 404  # there are no pages in this test


@pytest.mark.parametrize("path", ["/.well-known/oauth-authorization-server", "/oauth/token", "/oauth/register"])
async def test_what_clients_ask_stays_under_the_name_that_they_use(path: str) -> None:
    async with gate(NOWHERE) as gateway:
        answer = await ask(gateway, "GET", path)

    assert answer.status_code == 404


async def test_a_form_is_never_redirected() -> None:
    async with gate(NOWHERE) as gateway:
        answer = await ask(gateway, "POST", "/oauth/setup", data={"decision": "approve"})

    assert answer.status_code == 404


# --- origin and CORS --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://localhost:6274", "https://127.0.0.1", "http://[::1]:1", "{own}"])
async def test_pages_of_this_machine_may_call_and_read_the_answer(origin: str) -> None:
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway:
        headers = gateway.bearer | {"Origin": origin.format(own=gateway.origin)}
        answer = await ask(gateway, "POST", PATH, json=CALL, headers=headers)

    assert answer.status_code == 200
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]
    assert "Mcp-Session-Id" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "file://",
        "chrome-extension://localhost",
        "x://[::1]",
        "http://[::1].evil.example",
        "http://localhost:1.evil.example",
        "http://localhost@evil.example",
    ],
)
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
async def test_a_page_of_another_site_may_not_call(origin: str, method: str) -> None:
    """MCP basic/transports: present and invalid is 403."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway:
        answer = await ask(gateway, method, PATH, headers=gateway.bearer | headers)

    assert (answer.status_code, answer.json()["reason"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in answer.headers
    assert upstream.seen == []


async def test_a_configured_origin_may_call() -> None:
    async with gate(NOWHERE, settings=Settings(allowed_origins=("https://play.example",))) as gateway:
        answer = await ask(gateway, "POST", PATH, headers={"Origin": "https://play.example"})

    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "*"


PREFLIGHT = {
    "Origin": "http://localhost:6274",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,mcp-method,mcp-name,mcp-param-region",
    "Access-Control-Request-Private-Network": "true",
}


@pytest.mark.parametrize(
    "path",
    [
        PATH,
        "/.well-known/oauth-authorization-server",
        f"/.well-known/oauth-protected-resource{PATH}",
        f"{PATH}/.well-known/openid-configuration",
        "/oauth/token",
        "/token",
        "/oauth/register",
        "/oauth/revoke",
        "/__zuplo/oauth/token",
    ],
)
async def test_preflights_are_answered_without_a_token(path: str) -> None:
    """CORS-01, -02, -03: browsers send no credentials with them, and any Mcp-Param-* may be asked for."""
    async with gate(NOWHERE) as gateway:
        answer = await ask(gateway, "OPTIONS", path, headers=PREFLIGHT)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == PREFLIGHT["Access-Control-Request-Headers"]
    assert answer.headers["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize("path", ["/oauth/authorize", f"/oauth/authorize{PATH}", "/oauth/setup", "/oauth/callback"])
async def test_no_script_reads_the_browsers_pages(path: str) -> None:
    """OAuth 2.1 §3.1: no CORS at the authorization endpoint."""
    async with gate(NOWHERE) as gateway:
        preflight = await ask(gateway, "OPTIONS", path, headers=PREFLIGHT)
        answer = await ask(gateway, "GET", path, headers={"Origin": "http://localhost:6274"})

    assert preflight.status_code == 404
    for each in (preflight, answer):
        assert not any(name.startswith("access-control-") for name in each.headers)


async def test_what_is_asked_of_the_server_itself_is_answered_for_no_place() -> None:
    """RFC 9110 §9.3.7."""
    async with gate(NOWHERE) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port_of(gateway)))
        writer.write(
            b"OPTIONS * HTTP/1.1\r\nHost: localhost:%s\r\nConnection: close\r\n\r\n" % port_of(gateway).encode()
        )
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nallow: GET, HEAD, OPTIONS, POST\r\n" in answer


async def test_metadata_may_be_read_by_any_page() -> None:
    async with gate(NOWHERE) as gateway:
        path = "/.well-known/oauth-authorization-server"
        answer = await ask(gateway, "GET", path, headers={"Origin": "https://any.example"})

    assert answer.headers["access-control-allow-origin"] == "*"


# --- records ----------------------------------------------------------------------------------------------------------


async def test_every_exchange_is_recorded_with_its_bytes_up_to_the_limit() -> None:
    settings = Settings()
    settings = replace(settings, traces=replace(settings.traces, body_limit=10))
    async with gate(NOWHERE, settings=settings) as gateway:
        await ask(gateway, "POST", "/oauth/token?a=b", content=b"0123456789abc")

    (trace,) = gateway.traces
    assert (trace.kind, trace.method, trace.path, trace.query) == ("oauth", "POST", "/oauth/token", b"a=b")
    assert (trace.request_body.content, trace.request_body.size) == (b"0123456789", 13)
    assert trace.request_body.truncated
    assert (trace.status, trace.response_body.content) == (404, b"no page")
    assert dict(trace.request_headers)[b"host"].decode() == trace.host
    assert trace.duration_ms > 0
    assert not trace.request_body.content.endswith(b"abc")


async def test_an_upstreams_date_comes_once_and_its_cookies_never() -> None:
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway:
        relayed = await ask(gateway, "POST", PATH, json=CALL, headers=gateway.bearer)
        ours = await ask(gateway, "POST", PATH, json=CALL)

    assert relayed.headers.get_list("date") == ["then"]
    assert "set-cookie" not in relayed.headers
    assert "access-control-allow-origin" not in relayed.headers
    assert len(ours.headers.get_list("date")) == 1


async def test_a_request_to_a_page_beyond_the_limit_is_refused() -> None:
    async with gate(NOWHERE) as gateway:
        answer = await ask(gateway, "POST", "/oauth/register", content=b"x" * 1_500_000)

    assert (answer.status_code, answer.json()["reason"]) == (413, "request_too_large")


async def test_a_page_that_fails_is_answered_with_its_trace_id() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            raise ZeroDivisionError
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async with gate(NOWHERE, pages=broken) as gateway:
        answer = await ask(gateway, "GET", "/")

    assert answer.status_code == 500
    assert answer.json()["trace_id"] == gateway.traces[0].id
    assert gateway.names() == ["fault_met", "http_exchanged"]
