"""What an upstream's transport refuses before it looks at the call, and plain http at a port of TLS, are named."""

import json
from pathlib import Path

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.entropy import token
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_connecting_refused import connecting, says, sends_back, told
from tests.diagnosis.stories.test_upstreams import JSON, Given, answering, behind
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request, running_gateway
from tests.support.oidc import oidc_provider, write_oidc_project
from tests.support.serving import serve
from tests.support.tls_port import tls_port

NGINX = b"<title>400 The plain HTTP request was sent to HTTPS port</title>"
GO = b"Client sent an HTTP request to an HTTPS server.\n"
_METHODS = "token_endpoint_auth_methods_supported"
APACHE = b"<p>Reason: You're speaking plain HTTP to an SSL-enabled server port.</p>"


def error(status: int, request_id: object, code: object, message: str) -> Given:
    """Return a JSON-RPC error under a status."""
    body = {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}
    return status, JSON, json.dumps(body).encode()


@pytest.mark.parametrize(
    ("answer", "name", "words"),
    [
        (error(400, "server-error", -32600, "Bad Request: Missing session ID"), "PROXY-20", "Missing session ID"),
        (error(400, None, -32000, "Bad Request: Server not initialized"), "PROXY-20", "not initialized"),
        (error(400, None, -32700, "Parse error"), "PROXY-20", "Parse error"),
        (error(404, "server-error", -32600, "Session not found"), "PROXY-20", "Session not found"),
        (error(404, None, -32001, "Session not found"), "PROXY-20", "Session not found"),
        (error(400, 1, -32602, "Invalid params"), None, ""),
        (error(404, 1, -32601, "Method not found"), None, ""),
        (error(400, None, [], "No code at all"), "PROXY-20", "No code"),
        (error(400, None, {"a": 1}, "No code either"), "PROXY-20", "No code"),
        ((404, JSON, b'{"detail":"Not Found"}'), "PROXY-13", "Not Found"),
        ((400, {}, GO), "PROXY-20", "HTTPS"),
        ((400, {"content-type": "text/html"}, NGINX), "PROXY-20", "HTTPS"),
    ],
)
async def test_an_error_that_answers_no_request_is_a_refusal(
    tmp_path: Path, answer: Given, name: str | None, words: str
) -> None:
    async with serve(answering(answer)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        relayed = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        found = await gateway.said()
    assert relayed.status_code == answer[0]
    assert relayed.content == answer[2]
    assert [each.id for each in found] == ([name] if name else [])
    assert words in "".join(each.cause for each in found)


@pytest.mark.parametrize("status", [400, 404, 409, 422])
async def test_a_server_that_began_a_session_wants_it_back(tmp_path: Path, status: int) -> None:
    begun = (200, JSON | {"mcp-session-id": "s"}, b'{"jsonrpc":"2.0","id":1,"result":{}}')
    refused = (status, {"content-type": "text/plain"}, b"Unexpected message, expect initialize request")
    async with (
        serve(answering(begun, refused)) as origin,
        behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http),
    ):
        for _ in range(2):
            await http.post(gateway.mcp_url, json=mcp_request("initialize"), headers=headers)
        assert "stateful = true" in (await gateway.only("PROXY-12")).fix


@pytest.mark.parametrize(("body", "kind"), [(NGINX, "text/html"), (GO, "text/plain"), (APACHE, "text/html")])
async def test_plain_http_at_a_port_of_tls_is_told_by_a_handshake_and_not_by_words(
    tmp_path: Path, body: bytes, kind: str
) -> None:
    async with (
        tls_port(tmp_path, body, kind) as origin,
        behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http),
    ):
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        assert "Write https:// in rewritePattern" in (await gateway.only("NET-08")).fix


async def test_the_same_at_the_providers_token_endpoint(tmp_path: Path) -> None:
    clock = SystemClock()
    async with oidc_provider(clock) as provider, tls_port(tmp_path, NGINX) as origin:
        root = write_oidc_project(tmp_path, provider, login={"tokenUrl": f"{origin}/token"})
        async with (
            running_gateway(root, clock=clock) as running,
            httpx2.AsyncClient(timeout=20) as http,
            Browser(CALLBACK) as browser,
        ):
            client = await running.register(http)
            await browser.open(running.authorize_url(client["client_id"], token("")))
            found = await Watched(running, clock).only("NET-08")
    assert "Write https:// in browserLogin.tokenUrl" in found.fix


async def test_the_same_at_an_upstreams_token_endpoint(tmp_path: Path) -> None:
    async with (
        tls_port(tmp_path, NGINX) as origin,
        connecting(tmp_path, says(token_endpoint=f"{origin}/token")) as (gateway, _, _),
    ):
        (found,) = await told(gateway)
    assert (found.id, "`token_endpoint`" in found.fix) == ("NET-08", True)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"require_pushed_authorization_requests": True}, "require_pushed_authorization_requests true"),
        ({_METHODS: ["private_key_jwt"]}, f"{_METHODS} private_key_jwt; the gateway does none, client_secret_basic or"),
        ({_METHODS: ["private_key_jwt", "tls_client_auth"]}, f"{_METHODS} private_key_jwt, tls_client_auth"),
        ({"require_signed_request_object": True}, "require_signed_request_object true"),
        ({"response_types_supported": ["token", "id_token"]}, "response_types_supported token, id_token"),
        ({"grant_types_supported": ["client_credentials"]}, "grant_types_supported client_credentials"),
        ({"token_endpoint_auth_methods_supported": ["tls_client_auth"]}, "tls_client_auth"),
    ],
)
async def test_a_server_that_takes_nothing_of_what_the_gateway_does(
    tmp_path: Path, members: dict[str, object], words: str
) -> None:
    async with connecting(tmp_path, says(**members)) as (gateway, browser, _):
        (found,) = await told(gateway)
        assert (found.id, words in found.cause) == ("UPST-21", True)
        assert browser.page is not None
        assert "UPST-21" in browser.page.text


@pytest.mark.parametrize(
    "members",
    [
        {"require_pushed_authorization_requests": False},
        {"require_signed_request_object": False},
        {"response_types_supported": ["code", "token"]},
        {"grant_types_supported": ["authorization_code", "refresh_token"]},
        {"token_endpoint_auth_methods_supported": ["tls_client_auth", "none"]},
        {_METHODS: ["private_key_jwt", "client_secret_post"]},
        {"response_types_supported": []},
    ],
)
async def test_a_server_that_takes_something_of_it_is_connected(tmp_path: Path, members: dict[str, object]) -> None:
    async with connecting(tmp_path, says(**members)) as (gateway, browser, _):
        assert await gateway.of_gateway() == []
        assert browser.page is not None
        assert "✓ connected" in browser.page.text


async def test_a_callback_with_neither_code_nor_error_asks_for_no_token(tmp_path: Path) -> None:
    async with connecting(tmp_path, sends_back(id_token="x")) as (gateway, _, upstream):
        (found,) = await told(gateway)
        assert (found.id, "id_token, state alone" in found.cause) == ("UPST-22", True)
        assert upstream.asked_at("/token") == []


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_metadata_that_cannot_be_had_now_is_not_called_missing(tmp_path: Path, status: int) -> None:
    def change(upstream: object) -> None:
        answers = upstream.answers  # type: ignore[attr-defined]
        answers["/.well-known/oauth-authorization-server"] = (status, {"content-type": "text/plain"}, b"busy")

    async with connecting(tmp_path, change) as (gateway, _, _):
        (found,) = await told(gateway)
    assert (found.id, "cannot give its metadata now" in found.cause) == ("UPST-13", True)
