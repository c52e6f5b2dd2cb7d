"""A person opens the URL of an MCP route in a browser: a page says what it is for; clients get what they got."""

import asyncio
import re

import httpx2
import pytest

from devgw.foreign.client_setup import CLIENT_SETUPS
from devgw.web.paths import NOWHERE
from devgw.wiring.browser_callback import browser_callback
from tests.support.gateway import Running

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}


async def test_a_browser_is_told_what_the_url_is_for_and_how_a_client_gets_it(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    answer = await http.get(f"{gateway.origin}/mcp/sample", headers=BROWSER)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "is for MCP clients" in answer.text
    words = re.sub(r"<[^>]+>", "", answer.text)
    assert f"claude mcp add --transport http sample {gateway.origin}/mcp/sample" in words
    assert all(each.name in answer.text for each in CLIENT_SETUPS)
    async with asyncio.timeout(10):
        while not len(gateway.runtime.monitor.traces):
            await asyncio.sleep(0.01)
    trace = [*gateway.runtime.monitor.traces][-1]
    assert (trace.path, trace.kind, trace.status) == ("/mcp/sample", "mcp", 405)


@pytest.mark.parametrize(
    "accept", ["text/event-stream", "application/json, text/event-stream", "*/*", "text/html, text/event-stream", ""]
)
async def test_a_client_gets_problem_details_as_before(gateway: Running, http: httpx2.AsyncClient, accept: str) -> None:
    answer = await http.get(f"{gateway.origin}/mcp/sample", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["reason"] == "method_not_offered"


async def test_a_post_is_a_call_whatever_it_accepts(gateway: Running, http: httpx2.AsyncClient) -> None:
    answer = await http.post(f"{gateway.origin}/mcp/sample", headers=BROWSER, json={})

    assert answer.status_code == 401
    assert "resource_metadata=" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize("path", [NOWHERE, f"{NOWHERE}/", "/-/route", "/-/route/"])
async def test_the_page_has_no_url_of_its_own(
    gateway: Running, http: httpx2.AsyncClient, path: str, method: str
) -> None:
    answer = await http.request(method, f"{gateway.origin}{path}", headers=BROWSER)

    assert (answer.status_code, "is for MCP clients" in answer.text) == (404, False)


async def test_the_last_page_of_the_built_in_client_looks_like_the_others(http: httpx2.AsyncClient) -> None:
    async with browser_callback() as callback:
        async with asyncio.timeout(10):
            arrived = await http.get(f"http://localhost:{callback.port}{callback.path}?code=c&state=s")
            other = await http.get(f"http://localhost:{callback.port}/favicon.ico")
        assert (await callback.answer(5))["code"] == "c"

    assert (arrived.status_code, other.status_code) == (200, 404)
    assert "you can close this page" in arrived.text
    assert "prefers-color-scheme: dark" in arrived.text
    assert "width=device-width" in arrived.text
    assert "default-src 'none'" in arrived.headers["content-security-policy"]
