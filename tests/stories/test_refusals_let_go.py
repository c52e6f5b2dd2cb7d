"""What a hostile answer was refused for is let go at once: nothing of it waits for the collector."""

from contextlib import AsyncExitStack

import httpx2
import pytest

from tests.trust.hostile_logins import PROVIDER, UPSTREAM, Logins
from tests.trust.verdict import Verdict
from tests.trust.world import world

LOGINS = 10
GROWTH = 7_000_000
"""Bytes: what goes round and round is a million each time, and as much again as text or objects."""


@pytest.mark.parametrize(
    ("path", "kind"),
    [*((path, "a long document") for path in (*UPSTREAM, *PROVIDER)), ("/register", "long and broken")],
)
async def test_many_refused_logins_leave_nothing_behind(path: str, kind: str) -> None:
    async with AsyncExitStack() as stack:
        around = await stack.enter_async_context(world())
        await around.gateway.start()
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=30))
        logins = Logins(around, http, verdict := Verdict("logins"))
        await logins.try_one(path, kind)
        before = around.gateway.resident()
        for _ in range(LOGINS):
            await logins.try_one(path, kind)
        grown = around.gateway.resident() - before
        assert (verdict.broken, logins.struck) == ([], LOGINS + 1)
        assert grown < GROWTH, f"{grown / 1e6:.0f} MB"
