"""What a watched token endpoint answers that a client cannot use is told, where the client does not go on with it."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.diagnosis.rules.watched_steps import SILENCE
from tests.diagnosis.third_party import go, named
from tests.outbound.upstream import running_upstream
from tests.watched.bench import Watching, watching
from tests.watched.raw import RawClient


async def redeem(watched: Watching) -> None:
    """Log in and get tokens, and come with no call."""
    async with httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http:
        client = RawClient(http, watched.url)
        await client.discover()
        await client.register()
        await client.redeem(await client.authorize())


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"expires_in": 0}, "expires_in that is 0, which is no time to come"),
        ({"expires_in": -3600}, "expires_in that is -3600"),
        ({"expires_in": -0.5}, "expires_in that is -0.5"),
        ({"expires_in": -(10**400)}, "expires_in that is -1000"),
        ({"expires_in": "0"}, 'expires_in that is "0"'),
        ({"expires_in": "never"}, 'expires_in that is "never"'),
        ({"expires_in": [3600]}, "expires_in that is [3600]"),
        ({"expires_in": True}, "expires_in that is true"),
        ({"access_token": "line\nbreak"}, "one that no header carries: it has U+000A in it"),
        ({"access_token": "a b"}, "it has U+0020 in it"),
        ({"access_token": "schl\u00fcssel"}, "it has U+00FC in it"),
        ({"access_token": "end\u200b"}, "it has U+200B in it"),
        ({"access_token": ""}, "it is empty"),
    ],
)
async def test_a_member_that_is_of_no_use_is_told(tmp_path: Path, members: dict[str, Any], words: str) -> None:
    async with running_upstream() as upstream:
        upstream.token_answer = lambda _asked, usual: (200, {}, usual | members)
        async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
            await redeem(watched)
            watched.runtime.clock.travel(SILENCE)  # type: ignore[attr-defined]  # the machine's own
            made = await named(watched, "TOK-08")
    assert words in (made.explanation or ""), made.explanation
    assert "line" not in (made.explanation or "") + (made.hint or "")


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"expires_in": 1},
        {"expires_in": 3600.0},
        {"expires_in": "3599"},
        {"expires_in": 10**400},
        {"expires_in": None},
        {"scope": ""},
    ],
)
async def test_a_good_answer_is_not_talked_about(tmp_path: Path, members: dict[str, Any]) -> None:
    async with running_upstream() as upstream:
        upstream.token_answer = lambda _asked, usual: (200, {}, usual | members)
        async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
            await go(watched)
            async with asyncio.timeout(15):
                while not watched.flows():
                    await asyncio.sleep(0.05)
            watched.runtime.monitor.tick()
            assert [each.id for flow in watched.flows() for each in flow.diagnoses] == []
