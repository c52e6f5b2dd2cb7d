"""The machine's clock is set while the gateway runs: back by an hour, and forwards again."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from devgw.clock import SystemClock, has_passed
from devgw.events.taxonomy import FaultMet, ObserverFailed
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class SetClock(SystemClock):
    """The machine's clock, as somebody sets it; steady time goes on."""

    set_by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.set_by

    def untravelled(self) -> datetime:
        return super().untravelled() + self.set_by


async def called(gateway: Running, http: httpx2.AsyncClient, token: str) -> int:
    bearer = {"authorization": f"Bearer {token}"}
    return (await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)).status_code


async def refreshed(gateway: Running, http: httpx2.AsyncClient, tokens: dict[str, str]) -> dict[str, str]:
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "resource": gateway.mcp_url}
    answer = await http.post(f"{gateway.origin}/oauth/token", data=form | {"client_id": tokens["client_id"]})
    assert answer.status_code == 200, answer.text
    return {"client_id": tokens["client_id"], **answer.json()}


async def is_judged(gateway: Running) -> bool:
    """Tell whether what waits is looked at again within a few seconds."""
    monitor = gateway.runtime.monitor
    before = monitor.judged_at
    async with asyncio.timeout(10):
        while monitor.judged_at == before:
            await asyncio.sleep(0.02)
    return True


async def test_a_clock_that_is_set_back_and_forwards_ends_nothing(http: httpx2.AsyncClient) -> None:
    clock = SetClock()
    async with Browser(CALLBACK) as browser, running_gateway(clock=clock) as gateway:
        tokens = await gateway.tokens(http, browser)
        for shift in (-HOUR, timedelta(), -HOUR / 60, timedelta()):
            is_back = shift < clock.set_by
            clock.set_by = shift
            if is_back:  # what was issued an hour ago has its end now
                assert await called(gateway, http, tokens["access_token"]) != 401
            tokens = await refreshed(gateway, http, tokens)
            assert await called(gateway, http, tokens["access_token"]) != 401
            assert await is_judged(gateway)
        clock.set_by = 24 * HOUR
        assert await called(gateway, http, tokens["access_token"]) == 401, "by the clock, its hour is over"
        tokens = await refreshed(gateway, http, tokens)
        clock.set_by = timedelta()
        assert await called(gateway, http, tokens["access_token"]) != 401
        assert gateway.events(FaultMet) == []
        assert gateway.events(ObserverFailed) == []


async def test_a_login_goes_through_though_the_clock_is_set_back_in_its_midst(http: httpx2.AsyncClient) -> None:
    clock = SetClock()
    async with Browser(CALLBACK) as browser, running_gateway(clock=clock) as gateway:
        clock.set_by = HOUR
        registered = await http.get(f"{gateway.origin}/.well-known/oauth-authorization-server")
        assert registered.status_code == 200
        clock.set_by = timedelta()
        tokens = await gateway.tokens(http, browser)
        assert await called(gateway, http, tokens["access_token"]) != 401


@pytest.mark.parametrize(
    ("passed", "is_so"),
    [(SECOND, False), (10 * SECOND, True), (timedelta(), False), (-SECOND, True), (-HOUR, True), (HOUR, True)],
)
def test_a_span_counts_as_gone_where_the_clock_was_set_back(passed: timedelta, *, is_so: bool) -> None:
    assert has_passed(NOON, NOON + passed, 10 * SECOND) is is_so
