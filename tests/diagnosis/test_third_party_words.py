"""What is said of somebody's server that errs is so: who asked for what, with which token, and where a name stands."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.outbound.server_doctor import examine_server
from tests.diagnosis.test_third_party import METADATA, NOTHING, RESOURCE, go, named, refusing, told
from tests.outbound.upstream import Upstream, running_upstream
from tests.watched.bench import watching

NOT_FOUND = refusing("not_found", 404)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        yield served


async def failing(upstream: Upstream, name: str) -> Check:
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    return next(each for each in found.checks if each.name == name and each.verdict is Verdict.FAIL)


@pytest.mark.parametrize("said", [{"message": "Forbidden"}, {"error": "ip_not_allowed"}, b"<h1>Blocked</h1>"], ids=str)
async def test_a_403_for_a_call_without_a_token_is_not_told_as_one_of_a_token(
    upstream: Upstream, said: object, tmp_path: Path
) -> None:
    upstream.answers["/mcp"] = (403, {}, said)
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        assert await go(watched) != "passes"
        made = await named(watched, "PROXY-20")
        assert "without a token" in (made.explanation or "")
        assert not [each for each in told(watched) if "with a token" in each]


@pytest.mark.parametrize("more", ["/v1", "/../x", "/tools"])
async def test_a_resource_of_another_path_is_what_the_server_publishes_and_not_what_a_client_asked_for(
    upstream: Upstream, more: str, tmp_path: Path
) -> None:
    upstream.resource_metadata = {"resource": f"{upstream.origin}/mcp{more}"}
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        made = await named(watched, "AUD-01")
    saw = (await failing(upstream, "resource.identifier")).saw
    for text in (made.explanation or "", saw):
        assert "found path" in text
        assert "client asked" not in text
        assert "route" not in text


@pytest.mark.parametrize("place", ["resource", "hint", "registration_endpoint"])
async def test_a_name_that_is_not_known_is_corrected_where_it_stands(upstream: Upstream, place: str) -> None:
    url = "http://auth.nowhere.invalid"
    if place == "resource":
        upstream.resource_metadata = {"authorization_servers": [url]}
    elif place == "hint":
        upstream.challenge = f'Bearer resource_metadata="{url}/x"'
    else:
        upstream.server_metadata[place] = f"{url}/register"
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    bad = next(each for each in found.checks if each.diagnosis_id == "NET-02")
    assert "the document that names it" in bad.todo
    assert "the URL that you gave" not in bad.todo


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_registration_endpoint_that_is_not_there_has_refused_no_metadata(
    upstream: Upstream, status: int, tmp_path: Path
) -> None:
    upstream.answers["/register"] = refusing("not_found", status)
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        made = await named(watched, "REG-16")
    assert "its metadata names it" in (made.explanation or "")


async def test_nor_has_one_that_no_metadata_names(upstream: Upstream, tmp_path: Path) -> None:
    upstream.challenge = "Bearer"
    upstream.answers |= {"/register": NOT_FOUND, METADATA: NOTHING, RESOURCE: NOTHING}
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        made = await named(watched, "REG-01")
    assert "the client assumed it" in (made.explanation or "")
