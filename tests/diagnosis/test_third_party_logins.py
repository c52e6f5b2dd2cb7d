"""Somebody's server that errs, where more is known than one answer says: of a login, or of several documents."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Verdict
from devgw.outbound.server_doctor import examine_server
from tests.diagnosis.third_party import (
    HTML,
    METADATA,
    NOTHING,
    PAGE,
    RESOURCE,
    go,
    issues,
    jwt,
    named,
    refuses_tokens,
    refusing,
    told,
    watched_login,
)
from tests.outbound.upstream import Asked, Upstream, running_upstream
from tests.watched.bench import CALLBACK, query_of, watching
from tests.watched.raw import HEADERS, INITIALIZE, RawClient, Stopped


class Stopping(RawClient):
    """A client that takes the hint alone."""

    async def _first(self, urls: list[str] | tuple[str, ...], what: str) -> dict[str, Any]:
        return await super()._first(urls[:1] if what == "resource metadata" else urls, what)


async def test_a_hint_that_leads_to_nothing_is_named_by_both(upstream: Upstream, tmp_path: Path) -> None:
    upstream.challenge = f'Bearer resource_metadata="{upstream.origin}/nowhere"'
    upstream.answers[METADATA] = NOTHING
    async with (
        watching(f"{upstream.origin}/mcp", tmp_path) as watched,
        httpx2.AsyncClient(headers={"user-agent": "raw/1"}) as http,
    ):
        await Stopping(http, watched.url).discover()
        made = await named(watched, "DISC-17")
        assert f"{upstream.origin}/nowhere" in (made.explanation or "")
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    assert "DISC-17" in {each.diagnosis_id for each in found.checks if each.verdict is Verdict.FAIL}


async def test_metadata_at_the_root_alone_is_a_doubt(upstream: Upstream) -> None:
    usual = upstream._resource
    upstream.challenge = "Bearer"
    upstream.answers[RESOURCE] = NOTHING
    upstream.answers["/.well-known/oauth-protected-resource"] = usual(Asked("GET", "", {}, {}, b""))
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    check = next(each for each in found.checks if each.name == "resource.documents")
    assert (check.verdict, check.diagnosis_id) == (Verdict.WARN, "DISC-17")


async def test_a_token_of_a_second_authorization_server_is_named(upstream: Upstream, tmp_path: Path) -> None:
    async with running_upstream() as named_server:
        upstream.resource_metadata = {"authorization_servers": [named_server.issuer]}
        refuses_tokens(upstream, (401, {"www-authenticate": 'Bearer error="invalid_token"'}, {}))
        async with (
            watching(f"{upstream.origin}/mcp", tmp_path) as watched,
            httpx2.AsyncClient(headers={"user-agent": "raw/1"}) as http,
        ):
            client = RawClient(http, watched.url)
            await client.discover()
            client.issuer = watched.origin  # as a client of 2025-03-26, which reads no resource metadata
            client.server = (await http.get(f"{watched.origin}{METADATA}")).json()
            await client.register()
            await client.redeem(await client.authorize())
            await client.call()
            made = await named(watched, "DISC-16")
            assert upstream.issuer in (made.explanation or "")
            assert named_server.issuer in (made.explanation or "")
        found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
        second = next(each for each in found.checks if each.name == "resource.second_server")
        assert (second.verdict, second.diagnosis_id) == (Verdict.WARN, "DISC-16")
        assert named_server.issuer in second.saw


@pytest.mark.parametrize(
    "query", ["code=c", "code=c&iss=https://other.example", "error=access_denied&iss=https://x.example"]
)
async def test_an_answer_to_the_login_that_breaks_the_promise_of_iss_is_named(
    upstream: Upstream, query: str, tmp_path: Path
) -> None:
    upstream.answers["/authorize"] = PAGE
    async with watched_login(upstream, tmp_path) as (watched, http, word):
        await http.get(f"{watched.runtime.watched.callback}?{query}&state={word}")
        made = await named(watched, "DISC-08" if "iss=" in query else "DISC-07")
        assert upstream.issuer in (made.explanation or "")
        assert watched.origin not in " ".join(told(watched))


async def test_a_state_that_is_lost_is_named(upstream: Upstream, tmp_path: Path) -> None:
    upstream.answers["/authorize"] = PAGE
    async with watched_login(upstream, tmp_path) as (watched, http, _):
        await http.get(f"{watched.runtime.watched.callback}?code=c&iss={upstream.issuer}")
        await named(watched, "SESS-11")


@pytest.mark.parametrize(
    ("changes", "diagnosis_id"),
    [
        ({"code_verifier": "w" * 43}, "PKCE-03"),
        ({"redirect_uri": f"{CALLBACK}/other"}, "RURI-08"),
        ({"client_id": "c99"}, "TOK-09"),
        ({}, "TOK-10"),
    ],
    ids=str,
)
async def test_a_refused_code_is_compared_with_its_login(
    upstream: Upstream, changes: dict[str, str | None], diagnosis_id: str, tmp_path: Path
) -> None:
    upstream.answers |= {"/authorize": PAGE, "/token": refusing("invalid_grant")}
    async with (
        watching(f"{upstream.origin}/mcp", tmp_path) as watched,
        httpx2.AsyncClient(headers={"user-agent": "raw/1"}) as http,
    ):
        client = RawClient(http, watched.url)
        await client.discover()
        await client.register()
        word = query_of((await http.get(client.login_url())).headers["location"])["state"]
        await http.get(f"{watched.runtime.watched.callback}?code=c&state={word}&iss={upstream.issuer}")
        with pytest.raises(Stopped):
            await client.redeem("c", **changes)
        await named(watched, diagnosis_id)


@pytest.mark.parametrize("code", ["made-up", "", "c%20d", "c" * 200])
async def test_a_code_that_was_not_seen_is_not_said_to_be_the_servers(
    upstream: Upstream, code: str, tmp_path: Path
) -> None:
    """A client that cuts its code, or makes one up, is refused in the same words."""
    upstream.answers |= {"/authorize": PAGE, "/token": refusing("invalid_grant")}
    async with watched_login(upstream, tmp_path) as (watched, http, _word):
        client = RawClient(http, watched.url)
        await client.discover()
        client.client = {"client_id": "c1"}
        with pytest.raises(Stopped):
            await client.redeem(code)
        found = await named(watched, "TOK-10")
        assert "was not seen, and is not compared" in str(found.explanation)
        assert str(found.hint).startswith("Compare with its login what the client sent: the code as it came back")
        assert "gave itself" not in f"{found.hint} {found.title}"


async def test_a_code_that_is_redeemed_twice_is_told(upstream: Upstream, tmp_path: Path) -> None:
    upstream.answers["/authorize"] = PAGE
    async with watched_login(upstream, tmp_path) as (watched, http, word):
        await http.get(f"{watched.runtime.watched.callback}?code=c&state={word}&iss={upstream.issuer}")
        client = RawClient(http, watched.url)
        await client.discover()
        client.client = {"client_id": "c1"}
        upstream.answers["/token"] = (200, {}, upstream.tokens())
        await client.redeem("c")
        upstream.answers["/token"] = refusing("invalid_grant")
        with pytest.raises(Stopped):
            await client.redeem("c")
        await named(watched, "TOK-03")


async def test_a_refused_refresh_is_named(upstream: Upstream, tmp_path: Path) -> None:
    async with (
        watching(f"{upstream.origin}/mcp", tmp_path) as watched,
        httpx2.AsyncClient(headers={"user-agent": "raw/1"}) as http,
    ):
        client = RawClient(http, watched.url)
        assert await client.go() == "passes"
        upstream.access_tokens.clear()
        upstream.answers["/token"] = refusing("invalid_grant")
        await client.call()
        with pytest.raises(Stopped):
            await client.refresh()
        made = await named(watched, "REFR-10")
        assert "Zork says no" in (made.explanation or "")


async def test_a_token_that_was_given_elsewhere_is_told_apart_from_a_fresh_one(
    upstream: Upstream, tmp_path: Path
) -> None:
    async with (
        watching(f"{upstream.origin}/mcp", tmp_path) as watched,
        httpx2.AsyncClient(headers={"user-agent": "raw/1"}) as http,
    ):
        await RawClient(http, watched.url).call(jwt(exp=1_000_000_000, aud=f"{upstream.origin}/mcp"))
        made = await named(watched, "BEAR-10")
        assert "has ended" in (made.explanation or "")


async def test_what_a_browser_hides_from_a_page_is_named_by_both(upstream: Upstream, tmp_path: Path) -> None:
    page = {"origin": "http://localhost:6274", "sec-fetch-mode": "cors"}
    async with (
        watching(f"{upstream.origin}/mcp", tmp_path) as watched,
        httpx2.AsyncClient(headers={"user-agent": "raw/1"} | page) as http,
    ):
        await http.post(watched.url, json=INITIALIZE, headers=HEADERS)
        await http.get(f"{watched.origin}{RESOURCE}")
        made = await named(watched, "CORS-06")
        assert f"{upstream.origin}{RESOURCE}" in (made.explanation or "")
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    check = next(each for each in found.checks if each.name == "resource.pages")
    assert (check.verdict, check.diagnosis_id) == (Verdict.WARN, "CORS-06")


@pytest.mark.parametrize(("status", "diagnosis_id"), [(401, "CORS-02"), (404, "CORS-01"), (405, "CORS-01")])
async def test_a_preflight_that_is_refused_is_the_servers(
    upstream: Upstream, status: int, diagnosis_id: str, tmp_path: Path
) -> None:
    upstream.answers["/mcp"] = (status, {}, b"")
    async with (
        watching(f"{upstream.origin}/mcp", tmp_path) as watched,
        httpx2.AsyncClient(headers={"user-agent": "raw/1", "origin": "http://localhost:6274"}) as http,
    ):
        await http.options(watched.url, headers={"access-control-request-method": "POST"})
        made = await named(watched, diagnosis_id)
        assert upstream.origin in (made.hint or "")


async def test_a_registration_that_may_only_have_been_taken_for_an_attack_is_a_doubt(upstream: Upstream) -> None:
    upstream.answers["/register"] = (403, HTML, b"<h1>Blocked</h1>")
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    check = next(each for each in found.checks if each.name == "issuer.registration_endpoint")
    assert (check.verdict, check.diagnosis_id, check.is_certain) == (Verdict.WARN, "REG-17", False)


async def test_a_page_that_redirects_strangers_is_an_open_redirector(upstream: Upstream) -> None:
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    check = next(each for each in found.checks if each.name == "issuer.authorize")
    assert (check.verdict, check.diagnosis_id) == (Verdict.FAIL, "RURI-14")


async def test_an_issuer_that_is_only_written_otherwise_is_no_second_server(upstream: Upstream, tmp_path: Path) -> None:
    upstream.server_metadata["issuer"] = f"{upstream.issuer}/"
    issues(lambda _: "opaque-and-unknown")(upstream)
    async with (
        watching(f"{upstream.origin}/mcp", tmp_path) as watched,
        httpx2.AsyncClient(headers={"user-agent": "raw/1"}) as http,
    ):
        client = RawClient(http, watched.url)
        with pytest.raises(Stopped):
            await client.discover()
        await client.register()
        await client.redeem(await client.authorize())
        await client.call()
        assert watched.traces()[-1].diagnosis_id == "BEAR-09"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("code=c&state={state}", "DISC-07"),
        ("code=c&state={state}&iss={issuer}/", "DISC-08"),
        ("error=login_required&state={state}&iss=https://x.example", "DISC-08"),
        ("code=c&iss={issuer}", "SESS-11"),
        ("code=c&state=other&iss={issuer}", "SESS-11"),
        ("code=c&state={state}x&iss={issuer}", "SESS-11"),
        ("error=access_denied&state=&iss={issuer}", "SESS-11"),
    ],
)
async def test_an_answer_that_comes_without_a_login_is_read_as_one_after_it(
    upstream: Upstream, query: str, name: str, tmp_path: Path
) -> None:
    upstream.server_metadata["authorization_response_iss_parameter_supported"] = True

    def answers_at_once(asked: Asked) -> tuple[int, dict[str, str], Any]:
        answer = query.format(state=asked.query["state"], issuer=upstream.issuer)
        return 302, {"location": f"{asked.query['redirect_uri']}?{answer}"}, b""

    upstream._authorize = answers_at_once  # type: ignore[method-assign]
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        assert await go(watched) != "passes"
        await named(watched, name)
