"""The clock of a gateway and its emulators is moved, made to stand still and set back; every face says so meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from click.testing import CliRunner, Result

from devgw.cli import main
from devgw.control.client import ask_once, snapshot_once
from devgw.control.messages import OWN_CLOCK, HealthView, TokenRow
from devgw.settings import Settings
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway


async def ran(root: Path, *words: str) -> Result:
    """Run a command as in another process."""
    return await asyncio.to_thread(CliRunner().invoke, main, ["clock", *words, "-C", str(root)])


async def called(gateway: Running, http: httpx2.AsyncClient, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return (await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)).status_code


async def health(state: Path) -> HealthView:
    return (await snapshot_once(state, ["health"])).of("health", HealthView)[0]


def access_token(gateway: Running) -> TokenRow:
    gateway.runtime.bus.drain()
    rows = gateway.runtime.monitor.grants.tokens
    return next(each for each in rows if each.kind == "access" and each.state == "live")


@asynccontextmanager
async def signed_in(folder: Path, http: httpx2.AsyncClient) -> AsyncIterator[tuple[Running, Browser, dict[str, Any]]]:
    """Run a gateway, and let somebody sign in at it."""
    async with (
        running_gateway(folder, settings=Settings(port=0), ephemeral=False) as gateway,
        Browser(CALLBACK) as browser,
    ):
        yield gateway, browser, await gateway.tokens(http, browser)


async def test_expiry_refresh_and_the_end_of_a_session_are_seen_without_waiting(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    state = tmp_path / ".devgw"
    async with signed_in(tmp_path, http) as (gateway, browser, tokens):
        assert await called(gateway, http, tokens["access_token"]) == 200
        assert "as the machine's." in (await ran(tmp_path)).output
        row = access_token(gateway)
        moved = await ran(tmp_path, "to-expiry", row.id)
        assert moved.exit_code == 0, moved.output
        assert "ahead of the machine's." in moved.output
        assert await called(gateway, http, tokens["access_token"]) == 401
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        form |= {"client_id": tokens["client_id"], "resource": gateway.mcp_url}
        fresh = (await http.post(f"{gateway.origin}/oauth/token", data=form)).json()
        assert await called(gateway, http, fresh["access_token"]) == 200

        view = await health(state)
        assert 600 < view.clock_ahead <= 901
        (check,) = [each for each in view.checks if each.name == OWN_CLOCK]
        assert "ahead of the machine's" in check.text
        assert "devgw clock reset" in check.fix

        assert (await ran(tmp_path, "+8h")).exit_code == 0
        asked = gateway.authorize_url(tokens["client_id"], "v" * 43)
        await browser.open(asked)
        assert browser.location is None, "the session is over: somebody has to sign in again"


async def test_a_clock_that_stands_still_lets_nothing_expire_and_is_set_back(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    state = tmp_path / ".devgw"
    async with signed_in(tmp_path, http) as (gateway, _, tokens):
        frozen = await ran(tmp_path, "freeze")
        assert "it stands still" in frozen.output
        first = (await ask_once(state, "clock")).result
        second = (await ask_once(state, "clock")).result
        assert first == second
        assert (await health(state)).clock_frozen == first["now"]
        assert await called(gateway, http, tokens["access_token"]) == 200
        assert (await ran(tmp_path, "+16m")).exit_code == 0
        assert await called(gateway, http, tokens["access_token"]) == 401
        assert round((await ask_once(state, "clock")).result["now"] - first["now"], 3) == 960

        assert "as the machine's." in (await ran(tmp_path, "reset")).output
        assert await called(gateway, http, tokens["access_token"]) == 200
        view = await health(state)
        assert (view.clock_ahead, view.clock_frozen) == (0, 0)
        assert OWN_CLOCK not in [each.name for each in view.checks]


async def test_the_emulator_goes_along_and_a_login_goes_through_at_any_time(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    async with running_gateway(tmp_path, settings=Settings(port=0), ephemeral=False) as gateway:
        for moved in (["+30d"], ["freeze"], ["+1h30m"], ["reset"]):
            assert (await ran(tmp_path, *moved)).exit_code == 0
            async with Browser(CALLBACK) as browser:
                tokens = await gateway.tokens(http, browser)
            assert await called(gateway, http, tokens["access_token"]) == 200, moved


async def test_what_cannot_be_done_is_said(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    state = tmp_path / ".devgw"
    async with signed_in(tmp_path, http) as (gateway, _, _):
        row = access_token(gateway)
        near = await ran(tmp_path, "to-expiry", row.id[:-1])
        assert near.exit_code == 1
        assert row.id in near.output
        assert (await ran(tmp_path, "to-expiry", row.id)).exit_code == 0
        over = await ran(tmp_path, "to-expiry", row.id)
        assert "has expired already" in over.output
        for words in (["16m"], ["+x"], ["+2000d"], ["-5m"], ["to-expiry"], ["freeze", "x"], ["nonsense"]):
            assert (await ran(tmp_path, *words)).exit_code == 2, words
        assert (await ask_once(state, "clock", do="explode")).code == "bad_arguments"
