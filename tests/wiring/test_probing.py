"""Health shows what the doctor's probes say of provider and upstreams."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from devgw.clock import SystemClock
from devgw.control.messages import PARTS
from devgw.events.taxonomy import ClockSkewMeasured
from devgw.wiring import probing
from devgw.wiring.probing import probe
from tests.support.gateway import Running, running_gateway
from tests.support.oidc import Reply, oidc_provider, write_oidc_project


async def test_the_probes_stand_in_health() -> None:
    async with running_gateway() as gateway:
        await probe(gateway.runtime)
        states = {check.name: check.state for check in gateway.runtime.monitor.health.look().checks}
        assert states["provider.redirect_uri"] == "ok", states
        assert states["upstream.sample"] == "ok", states


async def test_a_callback_that_is_not_registered_is_bad() -> None:
    async with running_gateway() as gateway:
        for environment in gateway.runtime.companions.emulator.environments.values():
            environment.redirect_uris.clear()
        await probe(gateway.runtime)
        checks = {check.name: check for check in gateway.runtime.monitor.health.look().checks}
        assert checks["provider.redirect_uri"].state == "bad"
        assert "/oauth/callback" in checks["provider.redirect_uri"].fix


def _wrong(gateway: Running) -> set[str]:
    return {check.name for check in gateway.runtime.monitor.health.look().checks if check.state == "bad"}


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.05)


async def test_what_was_mended_at_the_provider_is_seen_long_before_the_next_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys that could not be fetched, and the clock of which a token said that it is wrong."""
    monkeypatch.setattr(probing, "SOON", timedelta(0))
    monkeypatch.setattr(probing, "AGAIN", timedelta(seconds=1))
    async with oidc_provider(SystemClock()) as provider:
        provider.keys_reply, provider.date = Reply(500, b""), format_datetime(provider.clock.now(), usegmt=True)
        write_oidc_project(tmp_path, provider)
        async with running_gateway(tmp_path) as gateway:
            await _until(lambda: any(each.startswith("provider.") for each in _wrong(gateway)))
            provider.keys_reply = None
            await _until(lambda: not any(each.startswith("provider.") for each in _wrong(gateway)))
            gateway.runtime.bus.publish(ClockSkewMeasured(url=provider.origin, skew_seconds=-3_000))
            await _until(lambda: "clock" in _wrong(gateway))
            await _until(lambda: "clock" not in _wrong(gateway))


async def test_each_part_can_be_looked_at_by_itself_and_together_they_are_the_whole() -> None:
    async with running_gateway() as gateway:
        whole = {check.name for check in await probe(gateway.runtime)}
        parts = {part: {check.name for check in await probe(gateway.runtime, part)} for part in PARTS}

    assert all(parts[each] for each in ("configuration", "machine", "provider", "metadata", "upstreams"))
    assert set().union(*(found for part, found in parts.items() if part != "machine")) == whole
    assert all(each.startswith("machine.") for each in parts["machine"])


async def test_health_remembers_how_a_check_was_before_and_for_how_long() -> None:
    """The clock, whether the provider is reached, the keys: what was wrong an hour ago may be why a login failed."""
    async with running_gateway() as gateway:
        for skew in (0.2, -90.0, -95.0, 0.4):
            gateway.runtime.bus.publish(ClockSkewMeasured(url="https://idp.test", skew_seconds=skew))
            await _until(lambda skew=skew: gateway.runtime.monitor.health.look().skew_seconds == skew)  # type: ignore[misc]
        clock = next(each for each in gateway.runtime.monitor.health.look().checks if each.name == "clock")

    assert [each.state for each in clock.history] == ["bad", "ok"]
    assert "95 s behind" in clock.history[0].text
    assert clock.history[0].until == clock.changed
