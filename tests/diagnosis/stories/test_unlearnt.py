"""What was learnt falls away with newer evidence: a clock, keys, a provider, an upstream, a filter's names."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.cli.why import tell
from devgw.clock import SystemClock, epoch
from devgw.emulators.workos import AnswerFault, Fault, TokenFault
from devgw.entropy import token
from devgw.monitor.details import CaseView
from devgw.monitor.views import CheckRow
from devgw.monitor.why import NEWEST, why_of
from devgw.wiring.probing import probe
from devgw.wiring.reloading import Reloading
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_provider import log_in
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Code, mcp_request, running_gateway
from tests.support.oidc import OidcProvider, Reply, oidc_provider, write_oidc_project


async def health(gateway: Watched) -> dict[str, CheckRow]:
    await gateway.flows()
    return {each.name: each for each in gateway.running.runtime.monitor.health.look().checks}


async def names(gateway: Watched) -> list[str]:
    return [each.id for each in await gateway.of_gateway()]


async def anew(gateway: Watched, http: httpx2.AsyncClient, *faults: Fault) -> None:
    async with Browser(CALLBACK) as browser:
        await log_in(gateway, http, browser, *faults)


async def test_a_clock_that_was_wrong_once_is_right_with_the_next_good_answer(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    await anew(gateway, http, TokenFault(skew_seconds=3600))
    assert (await health(gateway))["clock"].state == "bad"
    assert "IDT-07" in await names(gateway)

    await anew(gateway, http)
    assert (await health(gateway))["clock"].state == "ok"
    assert "IDT-07" not in await names(gateway)


async def test_a_clock_that_the_doctor_finds_right_is_right(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await anew(gateway, http, TokenFault(skew_seconds=-3600))
    await probe(gateway.running.runtime)

    assert (await health(gateway))["clock"].state == "ok"
    assert "IDT-07" not in await names(gateway)


@pytest.mark.parametrize("travels_along", [True, False])
async def test_a_clock_that_the_person_let_travel_is_not_wrong(
    gateway: Watched, http: httpx2.AsyncClient, travels_along: bool
) -> None:
    """An emulator travels along, a real provider does not; it lets people in all the same."""
    gateway.wait(600)
    if not travels_along:
        gateway.running.runtime.companions.emulator.clock.skew = -timedelta(seconds=600)
    await anew(gateway, http)
    await probe(gateway.running.runtime)

    assert (await health(gateway))["clock"].state == "ok"
    assert "IDT-07" not in await names(gateway)


async def test_keys_that_could_not_be_had_are_there_once_a_login_went_through(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    await anew(gateway, http, AnswerFault(path="/sso/jwks/*", status=503, times=None))
    assert "IDT-08" in await names(gateway)

    gateway.running.runtime.companions.emulator.faults.clear()
    gateway.wait(30)
    await anew(gateway, http)
    assert "IDT-08" not in await names(gateway)
    assert (await health(gateway))["jwks"].state == "ok"


async def test_what_a_probe_found_wrong_is_right_once_a_login_went_through(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    environments = gateway.running.runtime.companions.emulator.environments.values()
    kept = {each.client_id: list(each.redirect_uris) for each in environments}
    for environment in environments:
        environment.redirect_uris.clear()
    await probe(gateway.running.runtime)
    assert (await health(gateway))["provider.redirect_uri"].state == "bad"

    for environment in environments:
        environment.redirect_uris.extend(kept[environment.client_id])
    await anew(gateway, http)
    assert (await health(gateway))["provider.redirect_uri"].state == "ok"


async def test_an_upstream_that_was_down_is_up_once_a_call_went_through(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    operation = gateway.running.runtime.gateway.project.routes[0].operation_id
    gateway.running.runtime.monitor.health.judge(CheckRow(f"upstream.{operation}", "bad", "nothing listens there"))
    token = (await gateway.running.tokens(http, browser))["access_token"]
    headers = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
    answer = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
    assert answer.status_code == 200, answer.text

    assert (await health(gateway))[f"upstream.{operation}"].state == "ok"


async def test_what_was_probed_with_another_configuration_is_not_said_of_this_one(tmp_path: Path) -> None:
    from tests.diagnosis.stories.test_upstreams import plain_project  # noqa: PLC0415  beside its only use

    clock = SystemClock()
    root = plain_project(tmp_path, "http://127.0.0.1:1/mcp")
    async with running_gateway(root, clock=clock) as running:
        gateway = Watched(running, clock)
        await probe(running.runtime)
        (row,) = [each for name, each in (await health(gateway)).items() if name.startswith("upstream.")]
        assert row.state == "bad"

        routes = root / "config" / "routes.oas.json"
        document = json.loads(routes.read_text())
        routes.write_text(json.dumps(document).replace("http://127.0.0.1:1/mcp", "http://127.0.0.1:2/mcp"))
        assert await Reloading(running.runtime).reload()

        assert [name for name in await health(gateway) if name.startswith("upstream.")] == []


@pytest.fixture
async def provider() -> AsyncIterator[OidcProvider]:
    async with oidc_provider(SystemClock()) as found:
        yield found


@asynccontextmanager
async def signing_in(root: Path, provider: OidcProvider, **login: Any) -> AsyncIterator[Watched]:
    assert isinstance(provider.clock, SystemClock)
    write_oidc_project(root, provider, login={"remoteTimeoutMs": 2_500} | login)
    async with running_gateway(root, clock=provider.clock) as running:
        yield Watched(running, provider.clock)


async def test_a_route_that_was_missing_is_not_missed_once_it_is_saved(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    from tests.diagnosis.stories.test_upstreams import plain_project  # noqa: PLC0415  as above

    clock = SystemClock()
    root = plain_project(tmp_path, "http://127.0.0.1:1/mcp")
    async with running_gateway(root, clock=clock) as running:
        gateway = Watched(running, clock)
        assert (await http.post(f"{gateway.origin}/mcp/new", json=mcp_request("initialize"))).status_code == 404
        case = await first_case(gateway)
        assert ([each.id for each in case.diagnoses], case.mended) == (["DISC-14"], "")

        routes = root / "config" / "routes.oas.json"
        old = json.dumps(running.runtime.gateway.project.routes[0].path)
        routes.write_text(routes.read_text().replace(old, '"/mcp/new"'))
        assert await Reloading(running.runtime).reload()
        assert (await first_case(gateway)).mended == f"{gateway.origin}/mcp/new is served by now"


async def first_case(gateway: Watched) -> CaseView:
    gateway.wait(2)
    await gateway.flows()
    told = why_of(gateway.running.runtime.monitor, NEWEST)
    assert told is not None
    return told.cases[0]


@pytest.mark.parametrize("has_date", [True, False])
async def test_a_wrong_clock_is_right_again_with_a_token_in_step_even_without_a_date(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient, has_date: bool
) -> None:
    """An answer without `Date` has its token: it can say alone that the clocks agree, not that they differ."""
    late = provider.clock.now() + timedelta(hours=1)
    async with signing_in(tmp_path, provider) as gateway:
        provider.date = format_datetime(late, usegmt=True)
        provider.claims = {"iat": epoch(late), "exp": epoch(late) + 300}
        with pytest.raises(AssertionError):
            await gateway.running.tokens(http, Browser(CALLBACK))
        assert "IDT-07" in await names(gateway)
        assert not (await first_case(gateway)).mended

        provider.date = format_datetime(provider.clock.now(), usegmt=True) if has_date else None
        provider.claims = {}
        await gateway.running.tokens(http, Browser(CALLBACK))
        assert "IDT-07" not in await names(gateway)
        assert (await health(gateway))["clock"].state == "ok"
        assert "a later login went through at" in (await first_case(gateway)).mended


@pytest.mark.parametrize(
    ("name", "spoilt"),
    [
        ("IDT-25", Reply(503, b"")),
        ("IDT-34", Reply(429, b"")),
        ("IDT-27", Reply(400, b'{"error": "invalid_request"}')),
        ("IDT-23", Reply(200, b"{}")),
        ("TOK-07", Reply(401, b'{"error": "invalid_client"}')),
        ("TOK-05", Reply(404, b"<h1>No</h1>", "text/html")),
    ],
)
async def test_a_provider_that_lets_somebody_in_is_no_more_blamed_for_the_login_before(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient, name: str, spoilt: Reply
) -> None:
    async with signing_in(tmp_path, provider) as gateway:
        provider.token_reply, provider.slow = spoilt, 4 if name == "IDT-23" else 0
        with pytest.raises(AssertionError):
            await gateway.running.tokens(http, Browser(CALLBACK))
        case = await first_case(gateway)
        assert ([each.id for each in case.diagnoses], case.mended) == ([name], "")

        provider.token_reply, provider.slow = None, 0
        await gateway.running.tokens(http, Browser(CALLBACK))
        assert "a later login went through at" in (await first_case(gateway)).mended


async def test_an_answer_without_a_code_is_mended_once_somebody_was_let_in(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient
) -> None:
    async with signing_in(tmp_path, provider) as gateway:
        provider.callback = {"id_token": "a.b.c"}
        with pytest.raises(AssertionError):
            await gateway.running.tokens(http, Browser(CALLBACK))
        assert [each.id for each in (await first_case(gateway)).diagnoses] == ["IDT-32"]

        provider.callback = None
        await gateway.running.tokens(http, Browser(CALLBACK))
        assert "a later login went through at" in (await first_case(gateway)).mended


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("IDT-02", {"iss": "https://other.example"}),
        ("IDT-15", {"iat": None}),
        ("IDT-16", {"aud": "other"}),
        ("IDT-17", {"nonce": "other"}),
        ("IDT-19", {"exp": 1}),
    ],
)
async def test_a_claim_that_was_wrong_is_right_once_somebody_was_let_in(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient, name: str, claims: dict[str, Any]
) -> None:
    async with signing_in(tmp_path, provider) as gateway:
        provider.claims = claims
        with pytest.raises(AssertionError):
            await gateway.running.tokens(http, Browser(CALLBACK))
        case = await first_case(gateway)
        assert ([each.id for each in case.diagnoses], case.mended) == ([name], "")

        provider.claims = {}
        await gateway.running.tokens(http, Browser(CALLBACK))
        assert "a later login went through at" in (await first_case(gateway)).mended


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("access_denied", "IDT-21"),
        ("consent_required", "IDT-33"),
        ("login_required", "IDT-12"),
        ("a_word_of_its_own", "IDT-12"),
        ("mfa_challenge", "WORK-04"),
        ("signin_consent_denied", "CONS-04"),
    ],
)
async def test_another_person_that_is_let_in_mends_nothing_that_lies_in_the_person_and_is_told(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient, error: str, name: str
) -> None:
    async with signing_in(tmp_path, provider) as gateway:
        provider.callback = {"error": error, "error_description": "User is not assigned to the application"}
        with pytest.raises(AssertionError):
            await gateway.running.tokens(http, Browser(CALLBACK))
        case = await first_case(gateway)
        assert ([each.id for each in case.diagnoses], case.mended, case.since) == ([name], "", "")

        provider.callback = None
        await gateway.running.tokens(http, Browser(CALLBACK))
        case = await first_case(gateway)
        assert ([each.id for each in case.diagnoses], case.mended) == ([name], "")
        assert case.since.startswith("a later login went through at ")
        assert tell([case])[0] == f"Since then {case.since}; whether that mended this is not known."


async def test_what_lies_in_a_person_is_not_on_top_once_somebody_was_let_in(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient
) -> None:
    """Until then the newest is; after it, whatever else failed before."""
    async with signing_in(tmp_path, provider) as gateway:
        url = gateway.running.authorize_url("dcr:gone", token(""), redirect_uri="http://localhost:4999/cb")
        assert (await http.get(url)).status_code == 400
        gateway.wait(5)
        provider.callback = {"error": "access_denied"}
        with pytest.raises(AssertionError):
            await gateway.running.tokens(http, Browser(CALLBACK))
        assert [each.id for each in (await first_case(gateway)).diagnoses] == ["IDT-21"]

        provider.callback = None
        await gateway.running.tokens(http, Browser(CALLBACK))
        case = await first_case(gateway)
        assert [each.id for each in case.diagnoses] != ["IDT-21"]
        assert case.failure is not None
        assert case.failure.id == "REG-02"


async def test_a_client_that_comes_in_after_its_person_was_turned_away_has_mended_it(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient
) -> None:
    async with signing_in(tmp_path, provider) as gateway, Browser(CALLBACK) as browser:
        client, verifier = (await gateway.running.register(http))["client_id"], token("")
        provider.callback = {"error": "consent_required"}
        await browser.open(gateway.running.authorize_url(client, token("")))
        provider.callback = None
        await browser.open(gateway.running.authorize_url(client, verifier, state="again"))
        await browser.press("Allow")
        assert browser.location is not None
        form = Code(client, verifier, dict(httpx2.URL(browser.location).params)).form(resource=gateway.mcp_url)
        access = (await http.post(f"{gateway.origin}/oauth/token", data=form)).json()["access_token"]
        bearer = {"authorization": f"Bearer {access}", "accept": "application/json, text/event-stream"}
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=bearer)
        case = await first_case(gateway)
        assert [each.id for each in case.diagnoses] == ["IDT-33"]
        assert "got through" in case.mended
        assert case.since == ""
