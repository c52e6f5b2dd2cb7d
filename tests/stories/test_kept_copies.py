"""A client whose metadata document the network does not let through is marked as that wherever it is shown."""

import asyncio
import json
from html import unescape
from pathlib import Path

import httpx2
import pytest

from devgw.cli.why import tell
from devgw.config.settings_file import read_settings
from devgw.entropy import token
from devgw.monitor.why import why_of
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, running_gateway
from tests.web.test_register import published

CLAUDE_CODE = "https://claude.ai/oauth/claude-code-client-metadata"
URL = "https://client.invalid/client.json"
MARK = "copy named in devgw.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = {"client_id": URL, "client_name": "kept", "redirect_uris": [CALLBACK]}
    (tmp_path / "copy.json").write_text(json.dumps(copy), "utf-8")
    (tmp_path / "devgw.toml").write_text(f'[client_documents]\n"{URL}" = "copy.json"\n', "utf-8")
    return tmp_path


def words_of(gateway: Running, flow: str) -> str:
    gateway.runtime.bus.drain()
    gateway.runtime.monitor.tick()
    told = why_of(gateway.runtime.monitor, flow)
    assert told is not None
    return "\n".join(tell(told.cases))


async def test_a_redirect_that_the_copy_does_not_have_is_not_laid_at_the_document(
    folder: Path, http: httpx2.AsyncClient
) -> None:
    sent = CALLBACK.replace("/callback", "/other")
    async with running_gateway(settings=read_settings(folder, {})[0]) as gateway:
        for _ in range(2):  # known from the first on, it is not published again
            answer = await http.get(gateway.authorize_url(URL, token(""), redirect_uri=sent))
            assert answer.status_code == 400
            assert f"A {MARK} stands for its document, which may say otherwise." in answer.text
            assert f"make {URL} reachable" in answer.text
            async with asyncio.timeout(5):
                while MARK not in words_of(gateway, "newest"):
                    await asyncio.sleep(0.01)


async def test_a_redirect_that_a_document_does_not_have_is_nothing_to_register(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")  # nothing is asked for outside of this machine
    monkeypatch.setenv("NO_PROXY", "")
    sent = CALLBACK.replace("/callback", "/other")
    document = {"client_name": "live", "redirect_uris": [CALLBACK]}
    async with published(document) as url, running_gateway() as gateway:
        refused = await http.get(gateway.authorize_url(url, token(""), redirect_uri=sent))
        known = await http.get(gateway.authorize_url(CLAUDE_CODE, token(""), redirect_uri=sent))
    assert f"or publish {sent}." in refused.text
    assert "make the client register: run `claude mcp logout NAME`" in unescape(known.text)


async def test_why_and_the_flow_show_the_copy_of_a_login_that_goes_well(folder: Path, http: httpx2.AsyncClient) -> None:
    async with running_gateway(settings=read_settings(folder, {})[0]) as gateway, Browser(CALLBACK) as browser:
        await gateway.sign_in(browser, gateway.authorize_url(URL, token("")))
        assert browser.page is not None
        assert MARK in browser.page.text
        gateway.runtime.bus.drain()
        (flow,) = gateway.runtime.monitor.flow_book.flows
        assert f"a {MARK} stands for it" in words_of(gateway, flow.id)
