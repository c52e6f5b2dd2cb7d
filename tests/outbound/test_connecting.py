"""From a refused call to a credential: discovery, registration, browser, tokens."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from devgw.problems.upstream import AddressForbidden
from devgw.problems.upstream_connection import (
    ConnectBrowserForeign,
    ConnectStateUnknown,
    ResponseIssuerMismatch,
    ResponseIssuerMissing,
)
from devgw.problems.upstream_token import AuthorizationRefused, TokenAnswerUnreadable, TokenRequestRefused
from tests.outbound.bench import BEN, ORIGIN, Bench, connect_required, refusal
from tests.outbound.upstream import Upstream, query_of


async def test_a_connection_goes_all_the_way(bench: Bench, upstream: Upstream) -> None:
    """gateway.md §6: each subject has a credential of its own."""
    required = await connect_required(bench.token())
    assert required.state == "authenticating"
    assert required.auth_url.startswith(f"{ORIGIN}/auth/connections/x/connect?browserTicket=")
    assert required.payload()["authProfileId"] == "x:user-oauth"

    await bench.connect()

    assert await bench.token() in upstream.access_tokens
    assert (await connect_required(bench.token(BEN))).state == "authenticating"
    assert bench.names() == ["mcp_auth_upstream_connection_begun", "mcp_auth_upstream_connection_established"]


async def test_every_must_of_the_authorization_request_is_kept(bench: Bench, upstream: Upstream) -> None:
    """spec.md GW-17: S256, resource verbatim, state; RFC 6749 §2.3.1 for the secret."""
    upstream.server_metadata = {"token_endpoint_auth_methods_supported": ["client_secret_basic"]}
    await bench.connect()
    (sent,) = upstream.asked_at("/authorize")
    assert sent.query["code_challenge_method"] == "S256"
    assert sent.query["resource"] == upstream.origin + "/mcp"
    assert sent.query["redirect_uri"] == f"{ORIGIN}/auth/connections/x/callback"
    assert len(sent.query["state"]) > 40
    (token,) = upstream.asked_at("/token")
    assert token.form["resource"] == upstream.origin + "/mcp"
    assert token.headers["authorization"] == "Basic YzE6cyUyMGUlMkJjJTJGcmV0"
    registered = upstream.clients["c1"]
    assert registered["application_type"] == "native"
    assert "scope" not in registered


@pytest.mark.parametrize(
    ("prompt", "scopes", "expected"),
    [
        (None, ("a",), None),
        (None, ("offline_access",), "consent"),
        (False, ("offline_access",), None),
        ("login", (), "login"),
    ],
)
async def test_the_prompt_may_be_overridden(upstream: Upstream, prompt: Any, scopes: Any, expected: str | None) -> None:
    bench = Bench(upstream)
    bench.exchange = replace(bench.exchange, prompt=prompt, scopes=scopes)
    assert query_of((await bench.begin()).url).get("prompt") == expected


async def test_only_the_browser_that_began_may_finish(bench: Bench) -> None:
    """GW-6; MCP Security Best Practices."""
    begun = await bench.begin()
    back = await bench.authorized(begun)
    for cookies in ([], ["cb_other"]):
        assert isinstance(await refusal(bench.oauth.finish(bench.route, back, cookies)), ConnectBrowserForeign)
    assert (await bench.oauth.finish(bench.route, back, [begun.cookie])).connection.state == "connected"


async def test_a_callback_works_once_and_for_ten_minutes(bench: Bench) -> None:
    begun = await bench.begin()
    back = await bench.authorized(begun)
    await bench.oauth.finish(bench.route, back, [begun.cookie])
    assert await refusal(bench.oauth.finish(bench.route, back, [begun.cookie])) == ConnectStateUnknown(why="spent")
    assert await refusal(bench.oauth.finish(bench.route, {}, [])) == ConnectStateUnknown(why="missing")
    other = {"state": "st_x", "code": "c"}
    assert await refusal(bench.oauth.finish(bench.route, other, [])) == ConnectStateUnknown(why="unknown")
    begun = await bench.begin()
    back = await bench.authorized(begun)
    bench.clock.travel(timedelta(minutes=10))
    assert await refusal(bench.oauth.finish(bench.route, back, [begun.cookie])) == ConnectStateUnknown(why="expired")


@pytest.mark.parametrize(
    ("advertised", "iss", "kind"),
    [
        (True, None, ResponseIssuerMissing),
        (True, "+/", ResponseIssuerMismatch),
        (False, "https://e.vil", ResponseIssuerMismatch),
    ],
)
async def test_the_issuer_of_the_response_is_checked(
    bench: Bench, upstream: Upstream, advertised: bool, iss: str | None, kind: type
) -> None:
    """DISC-07, DISC-08: RFC 9207 §2.4, errors included; no code is sent anywhere."""
    upstream.server_metadata = {"authorization_response_iss_parameter_supported": advertised}
    for query in ({"code": "c"}, {"error": "access_denied"}):
        begun = await bench.begin()
        back = {**query, "state": query_of(begun.url)["state"]}
        back |= {"iss": iss.replace("+", upstream.issuer)} if iss else {}
        assert isinstance(await refusal(bench.oauth.finish(bench.route, back, [begun.cookie])), kind)
    assert upstream.asked_at("/token") == []


async def test_a_refused_authorization_says_where_its_scopes_came_from(bench: Bench, upstream: Upstream) -> None:
    """UPST-06."""
    upstream.resource_metadata = {"scopes_supported": ["everything"]}
    begun = await bench.begin()
    back = {"error": "invalid_scope", "state": query_of(begun.url)["state"]}
    problem = await refusal(bench.oauth.finish(bench.route, back, [begun.cookie]))
    assert isinstance(problem, AuthorizationRefused)
    assert "`everything` came from scopes_supported" in problem.advise()


async def test_a_refused_scope_where_none_was_asked_for_came_from_nowhere(bench: Bench, upstream: Upstream) -> None:
    begun = await bench.begin()
    back = {"error": "invalid_scope", "state": query_of(begun.url)["state"]}
    problem = await refusal(bench.oauth.finish(bench.route, back, [begun.cookie]))
    assert problem.advise() == "No scope was asked for: set `scopes` in the policy to what that server offers."
    assert "scope" not in query_of(begun.url)


@pytest.mark.parametrize(
    "words",
    ["PKCE verification failed", "code_verifier does not match", "Code challenge failed", "wrong code verifier"],
)
async def test_a_code_refused_over_pkce_is_not_mended_by_connecting_again(
    bench: Bench, upstream: Upstream, words: str
) -> None:
    refused = {"error": "invalid_grant", "error_description": words}
    problem = await refusal(_finished(bench, upstream, (400, {}, refused)))
    assert "check code_verifier by S256" in problem.advise()
    assert "Connect again" not in problem.advise()


async def _finished(bench: Bench, upstream: Upstream, answer: tuple[int, dict[str, str], Any]) -> Any:
    upstream.token_answer = lambda _asked, _tokens: answer
    return await bench.connect()


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"content-type": "application/x-www-form-urlencoded"}, b"access_token=t&expires_in=60&scope=a"),
        (200, {"content-type": "text/plain"}, b"access_token=t&token_type=bearer"),
        (200, {"content-type": "text/html"}, b'{"access_token": "t", "expires_in": "60"}'),
        (200, {}, {"access_token": "t", "token_type": "BEARER", "expires_in": None, "refresh_token": ""}),
    ],
)
async def test_token_answers_in_odd_forms_are_taken(bench: Bench, upstream: Upstream, answer: Any) -> None:
    """Issue 5.4: GitHub answers a form."""
    await _finished(bench, upstream, answer)
    assert await bench.token() == "t"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, {}, {"error": "bad_verification_code"}), TokenRequestRefused),
        ((200, {"content-type": "text/plain"}, b"error=x&error_description=y"), TokenRequestRefused),
        ((400, {}, {"error": "invalid_grant"}), TokenRequestRefused),
        ((502, {"content-type": "text/html"}, b"<h1>Bad gateway</h1>"), TokenAnswerUnreadable),
        ((200, {"content-type": "text/html"}, b"<h1>Hello</h1>"), TokenAnswerUnreadable),
        ((200, {}, {}), TokenAnswerUnreadable),
        ((200, {}, []), TokenAnswerUnreadable),
        ((200, {}, b""), TokenAnswerUnreadable),
        ((302, {"location": "/login"}, b""), TokenAnswerUnreadable),
        ((200, {}, {"access_token": "t", "token_type": "DPoP"}), TokenAnswerUnreadable),
        ((200, {}, {"access_token": "t\r\nx-injected: 1"}), TokenAnswerUnreadable),
        ((200, {}, {"access_token": "t \u00e9"}), TokenAnswerUnreadable),
        ((200, {}, {"access_token": "\ud800"}), TokenAnswerUnreadable),
    ],
)
async def test_token_answers_that_are_none_are_named(bench: Bench, upstream: Upstream, answer: Any, kind: type) -> None:
    upstream.token_answer = lambda _asked, _tokens: answer
    assert isinstance(await refusal(bench.connect()), kind)
    assert bench.store.connections() == []


async def test_what_is_kept_of_an_unreadable_answer_holds_no_secret(bench: Bench, upstream: Upstream) -> None:
    secret = "gho_16C7e42F292c6912E7710c838347Ae178B4a"
    upstream.token_answer = lambda _asked, _tokens: (500, {}, {"oops": secret, "why": "disk full"})
    problem = await refusal(bench.connect())
    assert "disk full" in problem.explain()
    assert secret not in repr(bench.events) + repr(problem) + problem.explain()


async def test_no_secret_is_in_any_event_or_repr(bench: Bench, upstream: Upstream) -> None:
    finished = await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    await bench.token()
    told = repr(bench.events) + repr(finished) + repr(bench.store.connections())
    for secret in (*upstream.access_tokens, *upstream.refresh_tokens, "s e+c/ret"):
        assert secret not in told


async def test_a_browser_is_sent_to_no_login_page_that_reads_as_another(upstream: Upstream) -> None:
    upstream.server_metadata = {"authorization_endpoint": "https://\u0430\u0440\u0440\u04cf\u0435.com/authorize"}
    problem = await refusal(Bench(upstream).begin())
    assert isinstance(problem, AddressForbidden)
    assert problem.imitates
    assert upstream.asked_at("/register") == []
