"""How long to wait is said alike of the proxy's calls, of watched ones and by the doctor, and only where it is so."""

from pathlib import Path

import pytest

from devgw.clock import SystemClock
from devgw.outbound.server_doctor import examine_server
from tests.diagnosis.stories.test_upstreams import answering, behind
from tests.diagnosis.third_party import go, named
from tests.outbound.upstream import running_upstream
from tests.support.gateway import mcp_request
from tests.support.serving import serve
from tests.watched.bench import watching

NOW = "Sun, 22 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", "again a little later"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "again a little later"),
        ("-5", "again a little later"),
        ("7, Sun, 22 Nov 2026 12:00:30 GMT", "again a little later"),
        ("Sun, 22 Nov 2026 12:00:30 GMT", "again in 30 s"),
    ],
)
async def test_a_call_that_comes_too_soon_is_told_when_to_come_again(tmp_path: Path, value: str, words: str) -> None:
    answer = (429, {"retry-after": value, "date": NOW}, b"")
    (tmp_path / "project").mkdir()
    async with (
        serve(answering(answer)) as origin,
        behind(tmp_path / "project", f"{origin}/mcp") as (gateway, headers, http),
    ):
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        (found,) = await gateway.said()
    assert words in found.fix, found.fix
    async with running_upstream() as upstream:
        upstream.answers["/mcp"] = answer
        async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
            await go(watched)
            made = await named(watched, "PROXY-17")
        assert words in (made.hint or ""), made.hint
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
    assert any(words in each.todo for each in checks), checks
