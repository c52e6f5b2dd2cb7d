"""Which tokens of WorkOS are believed: every documented issuer shape and no other, `aud` there or not."""

import json
import shutil
from pathlib import Path

import httpx2
import pytest

from devgw.config.sample import sample_root
from devgw.entropy import token
from devgw.events.taxonomy import FaultMet
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, running_gateway


def project_with(root: Path, **environment: str) -> Path:
    """Return a copy of the sample project whose emulated environment is changed."""
    project = Path(shutil.copytree(sample_root(), root / "project"))
    file = project / "emulators" / "workos.json"
    seed = json.loads(file.read_text(encoding="utf-8"))
    seed["environments"][0] |= environment
    file.write_text(json.dumps(seed), encoding="utf-8")
    return project


@pytest.mark.parametrize("audience", ["absent", "client_id"])
@pytest.mark.parametrize("issuer", ["client", "bare", "slash"])
async def test_every_documented_shape_opens(tmp_path: Path, issuer: str, audience: str) -> None:
    async with (
        running_gateway(project_with(tmp_path, issuer=issuer, audience=audience)) as gateway,
        httpx2.AsyncClient() as http,
        Browser(CALLBACK) as browser,
    ):
        assert "access_token" in await gateway.tokens(http, browser)


async def test_the_issuer_of_another_environment_opens_nothing(tmp_path: Path) -> None:
    root = project_with(tmp_path, issuer="client", environmentClientId="client_01KC6057N3C66XJAXZ65YHAC72")
    async with (
        running_gateway(root) as gateway,
        httpx2.AsyncClient() as http,
        Browser(CALLBACK) as browser,
    ):
        client = await gateway.register(http)
        await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
        assert browser.page is not None
        assert browser.page.status == 502, browser.page.text
        assert "fails at iss" in browser.page.text
        assert gateway.events(FaultMet) == []
