"""Which tokens of WorkOS are believed: every documented issuer shape and no other, `aud` there or not."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from devgw.clock import epoch
from devgw.config.sample import sample_root
from devgw.entropy import token
from devgw.events.taxonomy import FaultMet
from devgw.gateway.identity import Expected, check_access_token
from devgw.problems import Refused
from devgw.problems.provider_token import ClockSkewed
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


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_provider_whose_clock_shows_the_last_moment_of_the_calendar_is_refused_like_any_other(claim: str) -> None:
    now, last = datetime(2026, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    ahead = (last - now).total_seconds()
    expected = Expected(("https://idp.example",), "client_1", None, None, now, skew_seconds=ahead)
    claims = {"iss": "https://idp.example", "client_id": "client_1", "iat": epoch(last), "exp": epoch(last)}
    with pytest.raises(Refused) as refused:
        check_access_token(claims | {claim: epoch(last)}, expected)
    assert refused.value.problem == ClockSkewed(claim, last, now, ahead)
