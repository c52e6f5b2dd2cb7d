"""A client that stops at the first refusal of a watched server: what the refusal lacks is suspected, and no more."""

from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from devgw.events.taxonomy import DiagnosisMade
from devgw.monitor.why import NEWEST, why_of
from tests.outbound.upstream import Upstream
from tests.watched.bench import Watching
from tests.watched.proxied import proxied
from tests.watched.raw import HEADERS, INITIALIZE

BARE = (401, {"content-type": "application/json"}, b'{"error": "unauthorized"}')
SILENT = timedelta(seconds=6)


async def judged(watched: Watching) -> list[tuple[str, bool, str]]:
    """Return what is said once the client has been silent for long: id, whether it is sure, and the words."""
    runtime = watched.runtime
    runtime.clock.travel(SILENT)  # type: ignore[attr-defined]  # the machine's own
    runtime.bus.drain()
    await runtime.monitor.catch_up()
    found = why_of(runtime.monitor, NEWEST)
    assert found is not None
    said = [each for case in found.cases for each in case.diagnoses]
    return [(each.id, each.certain, f"{each.cause} {each.fix} {' '.join(each.evidence)}") for each in said]


@pytest.mark.parametrize(
    ("answer", "saw"),
    [
        (BARE, "401 without WWW-Authenticate"),
        ((401, {"www-authenticate": "Basic realm=x"}, b""), "it asks for no Bearer token"),
        ((401, {"www-authenticate": "Bearer"}, b""), "says nothing of metadata"),
    ],
    ids=["no challenge", "another scheme", "no hint"],
)
async def test_a_refusal_that_points_nowhere_is_suspected(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, answer: tuple[int, dict[str, str], bytes], saw: str
) -> None:
    upstream.answers["/mcp"] = answer
    await http.post(watched.url, json=INITIALIZE, headers=HEADERS)
    ((name, is_certain, words),) = await judged(watched)
    assert (name, is_certain) == ("BEAR-01", False)
    assert saw in words
    assert "looked for no metadata" in words
    assert "takes a key and no login" in words


async def test_a_refusal_that_names_itself_is_not_suspected_besides(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    upstream.answers["/mcp"] = (403, {}, b"")
    await http.post(watched.url, json=INITIALIZE, headers=HEADERS)
    assert [each[:2] for each in await judged(watched)] == [("PROXY-18", True)]


async def test_a_refusal_that_points_to_the_login_is_no_suspicion(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    assert upstream.challenge is None, "it is the usual one"
    await http.post(watched.url, json=INITIALIZE, headers=HEADERS)
    assert [each for each in await judged(watched) if each[0] == "BEAR-01"] == []


@pytest.mark.parametrize("status", [401, 403])
async def test_a_call_with_a_token_is_not_said_to_have_had_none(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, status: int
) -> None:
    upstream.answers["/mcp"] = (status, {}, b"")
    bearer = {"authorization": "Bearer of-old-0123456789"}
    await http.post(watched.url, json=INITIALIZE, headers=HEADERS | bearer)
    await http.get(f"{watched.origin}/.well-known/oauth-protected-resource/mcp")
    assert not any("without a token" in words for _, _, words in await judged(watched))


async def test_what_was_suspected_is_taken_back_when_the_client_goes_on(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    upstream.answers["/mcp"] = BARE
    await http.post(watched.url, json=INITIALIZE, headers=HEADERS)
    assert [each[0] for each in await judged(watched)] == ["BEAR-01"]
    upstream.answers["/mcp"] = (200, {"content-type": "application/json"}, b'{"jsonrpc":"2.0","id":1,"result":{}}')
    await http.post(watched.url, json=INITIALIZE, headers=HEADERS | {"authorization": "Bearer 0123456789abcdef"})
    assert [each for each in await judged(watched) if each[0] == "BEAR-01" and each[1]] == []


async def test_a_watched_command_is_told_of_it_too(upstream: Upstream, tmp_path: Path) -> None:
    upstream.answers["/mcp"] = BARE
    async with proxied(f"{upstream.origin}/mcp", tmp_path) as watched:
        async with watched.http() as http:
            await http.post(f"{upstream.origin}/mcp", json=INITIALIZE, headers=HEADERS)
        assert [each[0] for each in await judged(watched)] == ["BEAR-01"]
        assert [each.diagnosis_id for each in watched.events(DiagnosisMade)] == ["BEAR-01"]
