"""Somebody's server that errs: named by watching its client, by `devgw doctor URL` and by `devgw explain` alike.

Each fault is injected into a stub server and met by a client that goes the standard's way.
"""

import asyncio
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.catalogue import find_failure
from devgw.diagnosis.verdicts import Verdict
from devgw.events.taxonomy import DiagnosisMade, HttpExchanged, WatchedStepTaken
from devgw.outbound.server_doctor import examine_server
from tests.outbound.upstream import Asked, Upstream, running_upstream
from tests.watched.bench import CALLBACK, Watching, query_of, watching
from tests.watched.raw import HEADERS, INITIALIZE, RawClient, Stopped

HTML = {"content-type": "text/html"}
PAGE = (200, HTML, b"<title>Sign in to the portal</title>")
NOTHING = (404, {"content-type": "text/plain"}, b"Not found")
STEP_UP = 'Bearer error="insufficient_scope", scope="notes:write"'
METADATA = "/.well-known/oauth-authorization-server"
RESOURCE = "/.well-known/oauth-protected-resource/mcp"
OURS = re.compile(
    r"config/|routes\.oas|rewritePattern|policies\.json|devgw\.toml|devgw's|\bgateway\b|\bupstream\b|--\w"
)
"""What is not there where a server is only watched: our files, our server, and our words for a route."""


def refusing(error: str, status: int = 400, **more: str) -> tuple[int, dict[str, str], Any]:
    return status, {}, {"error": error, "error_description": "Zork says no", **more}


def jwt(**claims: Any) -> str:
    """Return what looks like a signed token."""
    parts = [{"alg": "RS256"}, claims]
    packed = [urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts]
    return ".".join([*packed, "c2lnbmF0dXJl"])


def issues(token: Callable[[Upstream], str]) -> Callable[[Upstream], None]:
    """Let the token endpoint issue a token that is not taken at the MCP endpoint."""

    def inject(upstream: Upstream) -> None:
        upstream.token_answer = lambda _asked, usual: (200, {}, usual | {"access_token": token(upstream)})

    return inject


def refuses_tokens(upstream: Upstream, answer: tuple[int, dict[str, str], Any]) -> None:
    """Let the MCP endpoint answer every token so."""
    usual = upstream._mcp

    def mcp(asked: Asked) -> tuple[int, dict[str, str], Any]:
        return answer if "authorization" in asked.headers else usual(asked)

    upstream._mcp = mcp  # type: ignore[method-assign]


def sends_back(upstream: Upstream, query: str) -> None:
    """Let the login page send the browser back with this."""
    upstream._authorize = lambda asked: (  # type: ignore[method-assign]
        302,
        {"location": f"{asked.query['redirect_uri']}?{query}&state={asked.query['state']}"},
        b"",
    )


@dataclass(frozen=True)
class Injected:
    """A fault, and what it is called."""

    what: str
    inject: Callable[[Upstream], object]
    id: str
    by_doctor: bool = False
    """Whether it shows without a login."""


def answers(path: str, answer: tuple[int, dict[str, str], Any]) -> Callable[[Upstream], object]:
    return lambda upstream: upstream.answers.update({path: answer})


def publishes(**members: Any) -> Callable[[Upstream], object]:
    return lambda upstream: upstream.server_metadata.update(members)


FAULTS = [
    # the documents
    Injected("an issuer with a slash", lambda u: u.server_metadata.update(issuer=f"{u.issuer}/"), "DISC-01", True),
    Injected("no S256", publishes(code_challenge_methods_supported=["plain"]), "PKCE-01", True),
    Injected("a page for the metadata", answers(METADATA, PAGE), "DISC-05", True),
    Injected("metadata that fails", answers(METADATA, (503, {}, b"")), "UPST-13", True),
    Injected("resource metadata that fails", answers(RESOURCE, (500, {}, b"")), "PROXY-19", True),
    # registration
    Injected("a dead registration endpoint", answers("/register", NOTHING), "REG-16", True),
    Injected("a registration endpoint for GET alone", answers("/register", (405, {}, b"")), "REG-16", True),
    Injected("a registration that is not implemented", answers("/register", (501, {}, b"")), "REG-16", True),
    Injected("a registration for members", answers("/register", refusing("access_denied", 403)), "REG-17"),
    Injected("a registration with a token", answers("/register", refusing("invalid_token", 401)), "REG-17"),
    Injected("a refused redirect URI", answers("/register", refusing("invalid_redirect_uri")), "REG-05"),
    Injected("refused metadata", answers("/register", refusing("invalid_client_metadata")), "REG-18"),
    Injected("a registration without an id", answers("/register", (201, {}, {"redirect_uris": [CALLBACK]})), "REG-18"),
    Injected("a page for the registration", answers("/register", (400, HTML, b"<h1>Blocked</h1>")), "DISC-05"),
    Injected("a registration that fails", answers("/register", (502, HTML, b"<h1>Bad</h1>")), "UPST-13"),
    # the login page
    Injected("no login page", answers("/authorize", NOTHING), "DISC-15", True),
    Injected("a login page that fails", answers("/authorize", (500, HTML, b"<h1>Oops</h1>")), "UPST-13", True),
    Injected("an unknown client", answers("/authorize", refusing("invalid_client", 401)), "REG-19"),
    Injected("a client that may not", answers("/authorize", refusing("unauthorized_client")), "REG-19"),
    Injected("a redirect URI that is not taken", answers("/authorize", refusing("invalid_redirect_uri")), "RURI-12"),
    Injected("a resource that is not taken", answers("/authorize", refusing("invalid_target")), "AUD-07"),
    Injected("a page that refuses", answers("/authorize", (400, HTML, b"<h1>Tenant is suspended</h1>")), "REQ-11"),
    Injected("a no of the person", lambda u: sends_back(u, "error=access_denied"), "CONS-05"),
    Injected("a scope that there is not", lambda u: sends_back(u, "error=invalid_scope"), "SCOPE-01"),
    Injected("a server that stumbles", lambda u: sends_back(u, "error=server_error"), "UPST-13"),
    Injected("an answer with nothing", lambda u: sends_back(u, "session=1"), "UPST-22"),
    # the token endpoint
    Injected("a dead token endpoint", answers("/token", NOTHING), "DISC-15", True),
    Injected(
        "a page for tokens", answers("/token", (400, HTML, b"<h1>Forbidden by the firewall</h1>")), "DISC-05", True
    ),
    Injected("a page under 200 for tokens", answers("/token", PAGE), "DISC-05", True),
    Injected("a token endpoint that fails", answers("/token", (502, HTML, b"<h1>Bad</h1>")), "UPST-13", True),
    Injected(
        "a token endpoint that is asked too often", answers("/token", (429, {"retry-after": "7"}, b"")), "UPST-13", True
    ),
    Injected("a client that is refused", answers("/token", refusing("invalid_client", 401)), "REG-19"),
    Injected("a code that is refused", answers("/token", refusing("invalid_grant")), "TOK-10"),
    Injected("a resource that the token endpoint refuses", answers("/token", refusing("invalid_target")), "AUD-07"),
    Injected("an error under 200", answers("/token", refusing("bad_verification_code", 200)), "TOK-04"),
    Injected("an answer without a token", answers("/token", (200, {}, {"ok": True})), "TOK-08"),
    Injected("another error", answers("/token", refusing("invalid_request")), "REQ-11"),
    # the call
    Injected(
        "a token for somebody else",
        issues(lambda u: jwt(aud="https://api.example", iss=u.issuer)),
        "AUD-10",
    ),
    Injected("a token for its client", issues(lambda _: jwt(aud=["c1", "account"])), "AUD-10"),
    Injected("a token that nobody takes", issues(lambda _: "opaque-and-unknown"), "BEAR-09"),
    Injected(
        "a token for it that nobody takes",
        issues(lambda u: jwt(aud=f"{u.origin}/mcp")),
        "BEAR-09",
    ),
    Injected("a good token that may not", lambda u: refuses_tokens(u, (403, {}, {"message": "no seat"})), "SCOPE-06"),
    Injected(
        "a good token without a scope",
        lambda u: refuses_tokens(
            u, (403, {"www-authenticate": 'Bearer error="insufficient_scope", scope="notes:write"'}, {})
        ),
        "SCOPE-06",
    ),
    Injected("a server that fails over a good token", lambda u: refuses_tokens(u, (500, {}, b"boom")), "PROXY-19"),
    Injected("a path that is gone", lambda u: refuses_tokens(u, NOTHING), "PROXY-13"),
    Injected("a portal before it", lambda u: refuses_tokens(u, PAGE), "NET-06"),
    Injected("a call that is led away", lambda u: refuses_tokens(u, (307, {"location": "/mcp/"}, b"")), "PROXY-01"),
    Injected("a call too often", lambda u: refuses_tokens(u, (429, {}, b"")), "PROXY-17"),
    Injected("a call that is refused for both types", lambda u: refuses_tokens(u, (406, {}, b"")), "PROXY-03"),
    Injected("a name that is not taken", lambda u: refuses_tokens(u, (421, {}, b"")), "PROXY-16"),
]


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        served.server_metadata["authorization_response_iss_parameter_supported"] = True
        yield served


async def named(watched: Watching, diagnosis_id: str) -> DiagnosisMade:
    """Return the diagnosis once it is made."""
    async with asyncio.timeout(15):
        while True:
            for each in watched.events(DiagnosisMade):
                if each.diagnosis_id == diagnosis_id:
                    return each  # type: ignore[no-any-return]
            await asyncio.sleep(0.05)


def told(watched: Watching) -> list[str]:
    """Return every sentence that was shown of this server."""
    said = [
        text
        for each in watched.events(WatchedStepTaken) + watched.events(DiagnosisMade)
        for text in (each.explanation, each.hint)
    ]
    traces = [text for each in watched.events(HttpExchanged) for text in (each.trace.explanation, each.trace.hint)]
    return [each for each in said + traces if each]


async def go(watched: Watching) -> str:
    async with httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http:
        try:
            return await RawClient(http, watched.url).go()
        except (AssertionError, KeyError, httpx2.HTTPError) as stopped:
            return f"{type(stopped).__name__}: {stopped}"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.what)
async def test_a_fault_is_named_alike_by_watching_by_the_doctor_and_by_explain(
    upstream: Upstream, fault: Injected, tmp_path: Path
) -> None:
    fault.inject(upstream)
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        assert await go(watched) != "passes" or fault.id == "NET-06", "its client looks at no type"
        made = await named(watched, fault.id)
        assert upstream.origin in f"{made.explanation} {made.hint}", "its owner is named"
        assert watched.origin not in " ".join(told(watched))
        assert [each for each in told(watched) if OURS.search(each)] == []
        failure = find_failure(fault.id)
        assert failure is not None
        assert made.title == failure.title
        assert not OURS.search(failure.title)
    if fault.by_doctor:
        found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
        bad = [each for each in found.checks if each.verdict is Verdict.FAIL]
        assert fault.id in {each.diagnosis_id for each in bad}
        assert all(upstream.origin in each.fault for each in bad)
        assert [each for each in bad if OURS.search(f"{each.saw} {each.todo}")] == []


async def test_a_server_that_is_in_order_gets_no_name(upstream: Upstream, tmp_path: Path) -> None:
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        assert await go(watched) == "passes"
        await asyncio.sleep(3)
        assert watched.events(DiagnosisMade) == []
        assert told(watched) == []


# --- where more is known than the answer says ---


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


@asynccontextmanager
async def watched_login(upstream: Upstream, folder: Path) -> AsyncIterator[tuple[Watching, httpx2.AsyncClient, str]]:
    """Begin a login, and give the word by which its answer is known."""
    async with (
        watching(f"{upstream.origin}/mcp", folder) as watched,
        httpx2.AsyncClient(headers={"user-agent": "raw/1"}) as http,
    ):
        client = RawClient(http, watched.url)
        await client.discover()
        await client.register()
        word = query_of((await http.get(client.login_url())).headers["location"])["state"]
        yield watched, http, word


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
