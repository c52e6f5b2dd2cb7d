"""What is printed for a sign-in that went to another place than the one that was meant is done, and it helps."""

from pathlib import Path

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.settings import Settings
from tests.diagnosis.fixes.way import Client, left, said
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import running_gateway
from tests.support.mending import mends, written
from tests.web.test_dev_login import project

HTML = {"accept": "text/html"}


@mends("IDT-31")
@pytest.mark.parametrize("path", ["/callback", "/signin-oidc"])
async def test_a_provider_that_honours_redirect_uri_as_printed_brings_the_browser_back(
    gateway: Watched, http: httpx2.AsyncClient, path: str
) -> None:
    client = Client(gateway, http)
    await client.register()
    sent = httpx2.URL((await http.get(client.url())).headers["location"]).params
    await http.get(gateway.origin + path, params={"code": "c", "state": sent["state"]}, headers=HTML)
    fix = (await said(gateway, "IDT-31")).fix
    assert written(fix, r"Register (\S+) at the provider") == sent["redirect_uri"]

    await client.whole_way()
    assert "IDT-31" not in await left(gateway)


@mends("HOST-09")
@pytest.mark.parametrize("header", ["x-forwarded-for", "via", "cf-connecting-ip"])
async def test_a_browser_on_this_machine_as_printed_is_signed_in(tmp_path: Path, header: str) -> None:
    clock = SystemClock()
    async with (
        running_gateway(project(tmp_path), clock=clock, settings=Settings()) as running,
        httpx2.AsyncClient(timeout=20) as http,
    ):
        client = Client(Watched(running, clock), http)
        await client.register()
        begun = await http.get(client.url(), headers=HTML)
        cookie = begun.headers["set-cookie"].partition(";")[0]
        refused = await http.get(begun.headers["location"], headers=HTML | {"cookie": cookie, header: "203.0.113.5"})
        assert (refused.status_code, "HOST-09" in refused.text) == (403, True)
        assert "with the gateway&#39;s port in a browser on this machine" in refused.text

        async with Browser(client.redirect_uri) as browser:
            await browser.open(
                f"http://localhost:{httpx2.URL(running.origin).port}{client.url()[len(running.origin) :]}"
            )
            await browser.press("Sign in as")
            await browser.press("Allow")
            assert browser.location is not None
            await client.redeem(httpx2.URL(browser.location).params["code"])
        assert "HOST-09" not in await left(client.gateway)
