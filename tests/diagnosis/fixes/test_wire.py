"""What is printed for bytes that are no good request is done to the letter, and they are taken."""

import asyncio
import json
from pathlib import Path

import httpx2
import pytest

from devgw.config.settings_file import read_settings
from devgw.limits import Limits
from devgw.settings import Settings
from tests.diagnosis.fixes.way import Client
from tests.diagnosis.stories.conftest import Watched
from tests.support.gateway import mcp_request, running_gateway
from tests.support.mending import mends, written

HELLO = b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"x" * 200
WAY = b"/.well-known/oauth-authorization-server"


async def say(gateway: Watched, content: bytes) -> bytes:
    """Send bytes to the gateway's port; return what comes until it closes."""
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.running.runtime.settings.port)
        writer.write(content)
        answer = await reader.read()
        writer.close()
    return answer


def request(gateway: Watched, more: bytes = b"", target: bytes = WAY, line: bytes = b"GET ") -> bytes:
    """Return a good request, with `more` headers."""
    host = gateway.origin.partition("//")[2].encode()
    return line + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n" + more + b"\r\n"


@mends("LIMIT-20", "LIMIT-21", "LIMIT-25", "LIMIT-26", "HOST-08", "HOST-11")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LIMIT-20", "a body has to be as long as its Content-Length says"),
        ("LIMIT-21", "Send fewer or shorter headers"),
        ("LIMIT-21", "in an authorization request, shorten state and scope"),
        ("LIMIT-25", "Send HTTP/1.1 as RFC 9112 has it"),
        ("LIMIT-26", "Speak HTTP/1.1 here"),
        ("HOST-08", "Write http:// in the client's URL"),
        ("HOST-11", "give it the URL of an MCP route as the server's"),
    ],
)
async def test_a_request_that_is_sent_as_printed_is_answered(
    gateway: Watched, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    monkeypatch.setattr(Limits, "SILENCE_SECONDS", 0.3)
    refused = await say(gateway, spoilt(gateway, name, words))
    told = refused[refused.index(b"{") : refused.rindex(b"}") + 1]
    assert name in told.decode()
    assert words in json.loads(told)["hint"]

    assert (await say(gateway, request(gateway))).startswith(b"HTTP/1.1 200")
    await Client(gateway, http).whole_way()


def spoilt(gateway: Watched, name: str, words: str) -> bytes:
    """Return bytes that fail in the way that has this name."""
    host = b"Host: " + gateway.origin.partition("//")[2].encode()
    if "shorten state" in words:
        return request(gateway, target=b"/oauth/authorize?state=" + b"s" * 20_000)
    return {
        "LIMIT-20": b"POST /oauth/token HTTP/1.1\r\n" + host + b"\r\nContent-Length: 50\r\n\r\nshort",
        "LIMIT-21": request(gateway, b"".join(b"x-%d: y\r\n" % number for number in range(200))),
        "LIMIT-25": request(gateway, b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
        "LIMIT-26": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HOST-08": HELLO,
        "HOST-11": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    }[name]


async def test_a_plain_request_for_a_proxy_is_not_told_to_allow_its_host(gateway: Watched) -> None:
    whole, path = b"http://example.com/x", b"/x"
    for target, more in (
        (path, b"Proxy-Connection: keep-alive\r\n"),
        (path, b"Proxy-Authorization: Basic eDp5\r\n"),
        (whole, b""),
        (b"http://example.com", b""),
    ):
        wanted = b"GET %s HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n%s\r\n" % (target, more)
        told = await say(gateway, wanted)
        assert told.startswith(b"HTTP/1.1 421")
        assert b"HOST-11" in told
        assert b"out of the program's proxy setting" in told
        assert b"allowed_hosts" not in told
    plain = await say(gateway, b"GET /x HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
    assert b"HOST-02" in plain


@mends("CORS-07")
@pytest.mark.parametrize("origin", ["https://play.example", "chrome-extension://abcdefgh", "vscode-webview://abc"])
async def test_a_page_that_is_added_as_printed_may_call(http: httpx2.AsyncClient, tmp_path: Path, origin: str) -> None:
    async def called(settings: Settings) -> httpx2.Response:
        async with running_gateway(settings=settings) as running:
            return await http.post(running.mcp_url, json=mcp_request("ping"), headers={"origin": origin})

    refused = await called(Settings())
    assert (refused.status_code, refused.json()["diagnosis"]) == (403, "CORS-07")
    allowed = written(refused.json()["hint"], r'add "(\S+)" to allowed_origins in devgw.toml')
    (tmp_path / "devgw.toml").write_text(f'allowed_origins = ["{allowed}"]\n')
    answer = await called(Settings(allowed_origins=read_settings(tmp_path, {})[0].allowed_origins))
    assert (answer.status_code, answer.json()["reason"]) == (401, "token_missing")
