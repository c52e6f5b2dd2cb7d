"""A page that lets browsers alone through says nothing of a login: devgw asks as a program, and accuses nobody."""

from pathlib import Path

import httpx2
import pytest

from devgw.events.taxonomy import WatchedStepTaken
from tests.diagnosis.stories.test_connecting_refused import answers, connecting
from tests.diagnosis.stories.test_upstream_login import probed
from tests.outbound.upstream import running_upstream
from tests.watched.bench import watching
from tests.watched.raw import RawClient

CHALLENGE = b"<title>Just a moment...</title><script>window._cf_chl_opt={}"
BLOCKED = b"Request unsuccessful. Incapsula incident ID: 7-1"


@pytest.mark.parametrize("page", [CHALLENGE, BLOCKED])
async def test_the_login_of_an_upstream_behind_it_is_not_said_to_be_refused(tmp_path: Path, page: bytes) -> None:
    change = answers("/authorize", 403, page, **{"content-type": "text/html"})
    async with connecting(tmp_path, change) as (gateway, _, _):
        await probed(gateway)
        assert await gateway.of_gateway() == []


@pytest.mark.parametrize("page", [CHALLENGE, BLOCKED])
async def test_a_watched_login_behind_it_is_left_to_the_browser(tmp_path: Path, page: bytes) -> None:
    async with running_upstream() as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        upstream.answers["/authorize"] = (403, {"content-type": "text/html"}, page)
        async with httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1", "accept": "text/html"}) as http:
            with pytest.raises(AssertionError, match="403"):
                await RawClient(http, watched.url).go()
        steps = watched.events(WatchedStepTaken)
    assert [
        each.explanation for each in steps if each.explanation and "authorization endpoint" in each.explanation
    ] == []
    assert any("authorization asked for" in each.words for each in steps)
