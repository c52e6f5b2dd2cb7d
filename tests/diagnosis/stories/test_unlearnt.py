"""What was learnt falls away with newer evidence: a clock, keys, a provider, an upstream, a filter's names."""

import json
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.emulators.workos import AnswerFault, Fault, TokenFault
from devgw.monitor.views import CheckRow
from devgw.wiring.probing import probe
from devgw.wiring.reloading import Reloading
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_provider import log_in
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request, running_gateway


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
