"""What concerns no single flow: strays, configuration, keys, clock."""

from pathlib import Path

import httpx2

from devgw.clock import SystemClock
from devgw.emulators.workos import AnswerFault
from devgw.wiring.examining import examine_running
from devgw.wiring.reloading import Reloading
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_provider import log_in
from tests.diagnosis.stories.test_upstreams import plain_project
from tests.support.browser import Browser
from tests.support.gateway import running_gateway
from tests.support.mending import mends


async def names(gateway: Watched) -> list[str]:
    return [each.id for each in await gateway.of_gateway()]


async def test_a_foreign_host_name_is_named(gateway: Watched, http: httpx2.AsyncClient) -> None:
    path = "/.well-known/oauth-authorization-server"
    answer = await http.get(f"{gateway.origin}{path}", headers={"host": "gateway.example.com"})
    assert answer.status_code == 421
    found = (await gateway.of_gateway())[0]
    assert found.id == "HOST-02"
    assert "gateway.example.com" in found.cause

    await http.get(f"{gateway.origin}{path}")
    assert await names(gateway) == []


async def test_a_preflight_for_a_path_that_is_not_for_pages(gateway: Watched, http: httpx2.AsyncClient) -> None:
    headers = {"origin": "http://localhost:6274", "access-control-request-method": "POST"}
    answer = await http.options(f"{gateway.origin}/oauth/style.css", headers=headers)
    assert answer.status_code == 405
    (found,) = await gateway.of_gateway()
    assert (found.id, found.cause in answer.json()["error_description"]) == ("CORS-01", True)
    assert "[CORS-01, trace" in answer.json()["error_description"]

    gateway.wait(121)
    assert await names(gateway) == []


async def test_a_revocation_with_the_token_as_bearer(gateway: Watched, http: httpx2.AsyncClient) -> None:
    headers = {"authorization": "Bearer at_something"}
    answer = await http.post(f"{gateway.origin}/oauth/revoke", headers=headers)
    assert answer.status_code == 401
    assert "REVK-04" in answer.json()["error_description"]
    found = (await gateway.of_gateway())[0]

    assert found.id == "REVK-04"
    assert found.cause in answer.json()["error_description"]
    assert "Bearer" in found.cause


async def test_healthy_strays_are_not_talked_about(gateway: Watched, http: httpx2.AsyncClient) -> None:
    headers = {"origin": "http://localhost:6274", "access-control-request-method": "POST"}
    await http.options(gateway.mcp_url, headers=headers)
    await http.get(f"{gateway.origin}/.well-known/openid-configuration")
    await http.get(f"{gateway.origin}/.well-known/oauth-protected-resource")
    await http.get(f"{gateway.origin}/favicon.ico")

    assert await names(gateway) == []


@mends("CONF-05")
async def test_a_configuration_that_is_refused_until_it_is_mended(tmp_path: Path) -> None:
    clock = SystemClock()
    root = plain_project(tmp_path, "http://127.0.0.1:1/mcp")
    async with running_gateway(root, clock=clock) as running:
        gateway = Watched(running, clock)
        reloading = Reloading(running.runtime)
        assert await names(gateway) == []

        routes = root / "config" / "routes.oas.json"
        good = routes.read_text()
        routes.write_text(good.replace('"operationId"', '"operationName"'))
        assert not await reloading.reload()
        found = (await gateway.of_gateway())[0]
        assert found.id == "CONF-05"
        assert "operationId" in found.cause
        assert found.fix.startswith('Add "operationId": "mcp-thing"'), found.fix

        routes.write_text(good)
        assert await reloading.reload()
        assert await names(gateway) == []


async def test_a_configuration_that_is_gone_is_to_be_put_back(tmp_path: Path) -> None:
    """`devgw check` looks at the built-in sample then, and so says nothing of it."""
    clock = SystemClock()
    root = plain_project(tmp_path, "http://127.0.0.1:1/mcp")
    async with running_gateway(root, clock=clock) as running:
        gateway, reloading = Watched(running, clock), Reloading(running.runtime)
        (root / "config").rename(root / "away")
        assert not await reloading.reload()
        (found,) = await gateway.of_gateway()
        check = next(each for each in await examine_running(running.runtime) if each.name == "configuration")
        assert (found.id, check.diagnosis_id, ":0" in check.saw) == ("CONF-05", "CONF-05", False)
        assert "Put it back." in found.fix
        assert "Put it back." in check.todo
        assert ("devgw check" in found.fix, ".)" in found.cause) == (False, False)

        (root / "away").rename(root / "config")
        assert await reloading.reload()
        assert await names(gateway) == []


async def test_keys_that_cannot_be_fetched_until_they_can(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    emulator = gateway.running.runtime.companions.emulator
    emulator.faults.arm(AnswerFault(path="/sso/jwks/*", status=503))
    await log_in(gateway, http, browser)
    assert await names(gateway) == ["IDT-08"]

    async with Browser(*browser.stops) as another:
        await log_in(gateway, http, another)
    assert await names(gateway) == []
