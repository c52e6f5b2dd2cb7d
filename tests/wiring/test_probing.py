"""Health shows what the doctor's probes say of provider and upstreams."""

from devgw.wiring.probing import probe
from tests.support.gateway import running_gateway


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
