"""The WorkOS emulator as `devgw up` starts it: for the project's own values, or not at all and why."""

import shutil
from pathlib import Path

import httpx2
import pytest

from devgw.config.sample import sample_root
from devgw.emulators.workos.scenarios import SCENARIOS, UNREGISTERED
from devgw.settings import EmulatorSettings, Settings
from devgw.wiring.building import CannotStart
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, running_gateway

OWN = {"WORKOS_CLIENT_ID": "client_01GS91XFB2YPR1C0NR5SH758Q0", "WORKOS_CLIENT_SECRET": "sk_test_own"}
FORCED = Settings(emulators=EmulatorSettings(workos=True))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The sample project, to be changed."""
    return Path(shutil.copytree(sample_root(), tmp_path / "project"))


async def test_where_it_is_asked_for_it_answers_to_the_project_s_own_client_id(project: Path) -> None:
    """`[emulators] workos = true` with a real .env: sign-in works offline, nothing has to be edited."""
    async with (
        running_gateway(project, environ=OWN, settings=FORCED) as gateway,
        httpx2.AsyncClient() as http,
        Browser(CALLBACK) as browser,
    ):
        assert "access_token" in await gateway.tokens(http, browser)


async def test_a_wrong_secret_for_the_sample_s_environment_is_refused(project: Path) -> None:
    """The emulator keeps the key that its file says: the mistake shows here as it would at WorkOS."""
    seed = {"WORKOS_CLIENT_ID": "client_01DEVGWSAMP1EENV1R0NMENT01", "WORKOS_CLIENT_SECRET": "sk_test_wrong"}
    async with (
        running_gateway(project, environ=seed, settings=FORCED) as gateway,
        httpx2.AsyncClient() as http,
        Browser(CALLBACK) as browser,
    ):
        client = await gateway.register(http)
        await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], "v" * 43))
        assert browser.page is not None
        assert "invalid_client" in browser.page.text


async def test_a_mistake_in_its_file_is_named(project: Path) -> None:
    file = project / "emulators" / "workos.json"
    file.write_text(file.read_text(encoding="utf-8").replace("redirectUris", "redirectUri", 1), encoding="utf-8")
    with pytest.raises(CannotStart) as refused:
        async with running_gateway(project):
            pass
    [found] = [each for each in refused.value.findings if each.severity == "error"]
    assert (found.file, found.nearest) == ("emulators/workos.json", "redirectUris")


async def test_no_trouble_of_the_sign_in_page_breaks_the_gateway(project: Path) -> None:
    """Whatever a person chooses there, the gateway ends on a page with a reason, or goes on."""
    async with (
        running_gateway(project) as gateway,
        httpx2.AsyncClient() as http,
        Browser(CALLBACK) as browser,
    ):
        client = await gateway.register(http)
        for trouble in SCENARIOS.keys() - {"exchange-slow", UNREGISTERED}:
            await browser.open(gateway.authorize_url(client["client_id"], "v" * 43))
            assert browser.page is not None
            if "Choose who you are" not in browser.page.text:  # somebody is signed in since the trouble before
                await browser.press("Use another account")
            await browser.press("Bob", trouble=trouble)
            assert browser.page.status in (200, 400, 502), (trouble, browser.page.text)
            assert "Reason" in browser.page.text or "Allow" in browser.page.text, trouble
