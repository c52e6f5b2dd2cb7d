"""The built-in client walks a real flow: it registers, somebody signs in, it takes the code and calls the route."""

import asyncio
import webbrowser

import pytest

from devgw.control.actions import NotPossible
from devgw.events.taxonomy import McpCapabilityCompleted
from devgw.wiring.signing_in import begin_sign_in
from tests.support.browser import Browser
from tests.support.gateway import running_gateway


async def test_the_built_in_client_goes_the_whole_way(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
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
