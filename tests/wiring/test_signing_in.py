"""The built-in client walks a real flow: it registers, somebody signs in, it takes the code and calls the route."""

import asyncio
import contextlib
import webbrowser
from urllib.parse import parse_qs, urlsplit

import pytest

from devgw.control.actions import NotPossible
from devgw.events.taxonomy import HelperStateChanged, McpCapabilityCompleted
from devgw.wiring import signing_in
from devgw.wiring.signing_in import begin_sign_in
from tests.support.browser import Browser
from tests.support.gateway import running_gateway


async def test_the_built_in_client_goes_the_whole_way(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setenv("BROWSER", "true")  # a program that is there
    async with running_gateway() as gateway, Browser() as browser:
        url = await begin_sign_in(gateway.runtime, "sample")
        await gateway.sign_in(browser, url)
        await gateway.allow(browser)
        assert browser.page is not None
        assert "Back to the dashboard" in browser.page.text
        async with asyncio.timeout(10):
            while not gateway.events(McpCapabilityCompleted):
                await asyncio.sleep(0.01)
        assert opened == [url]
        with pytest.raises(NotPossible):
            await begin_sign_in(gateway.runtime, "nowhere")


async def test_nobody_else_on_this_machine_ends_it_by_what_they_send_to_its_listener(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _url: None)
    async with running_gateway() as gateway, Browser() as browser:
        url = await begin_sign_in(gateway.runtime, "sample")
        callback = urlsplit(parse_qs(urlsplit(url).query)["redirect_uri"][0])
        for sent in (
            b"GET /callback?code=x&state=y HTTP/1.1\r\n\r\n",
            b"GET /callback?error=access_denied HTTP/1.1\r\n\r\n",
            b"GET /" + b"a" * 200_000,
            b"\x16\x03\x01\r\n\r\n",
            b"GET\r\n\r\n",
            b"",
        ):
            reader, writer = await asyncio.open_connection(callback.hostname, callback.port)
            writer.write(sent)
            writer.write_eof()
            with contextlib.suppress(ConnectionError):
                assert b" 200 " not in await reader.read()
            writer.close()
        await gateway.sign_in(browser, url)
        await gateway.allow(browser)
        assert browser.page is not None
        assert "Back to the dashboard" in browser.page.text
        assert not gateway.runtime.bus.guard.failures


async def test_whoever_does_not_sign_in_after_all_is_no_failure_of_devgw(monkeypatch: pytest.MonkeyPatch) -> None:
    """`devgw why` began with a TimeoutError of the test client, five minutes after a page had been closed."""
    monkeypatch.setattr(webbrowser, "open", lambda _url: None)
    monkeypatch.setattr(signing_in, "PATIENCE_SECONDS", 0.05)
    async with running_gateway() as gateway:
        await begin_sign_in(gateway.runtime, "sample")
        async with asyncio.timeout(10):
            await asyncio.gather(*gateway.runtime.supervisor._works)

        assert [each for each in gateway.events(HelperStateChanged) if each.helper == "test client"] == []
        assert [each for each in gateway.runtime.monitor.health.look().checks if each.name == "test client"] == []
