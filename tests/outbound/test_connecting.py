"""From a refused call to a credential: discovery, registration, browser, tokens."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from devgw.config.project import ManualClient, Secret
from devgw.outbound.upstream_oauth.fetching import errand_for
from devgw.problems.upstream import (
    AuthorizationServerMetadataMissing,
    IssuerMismatch,
    MetadataUnreadable,
    PkceUnsupported,
    ResourceMetadataForeign,
    UpstreamOpen,
)
from devgw.problems.upstream_connection import (
    AuthorizationRefused,
    ConnectBrowserForeign,
    ConnectStateUnknown,
    RegistrationImpossible,
    RegistrationRefused,
    ResponseIssuerMismatch,
    ResponseIssuerMissing,
    TokenAnswerUnreadable,
    TokenRequestRefused,
)
from devgw.settings import UpstreamSettings
from tests.outbound.bench import ANNE, BEN, ORIGIN, Bench, connect_required, refusal
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


async def test_the_challenge_says_where_the_metadata_is(bench: Bench, upstream: Upstream) -> None:
    """UPST-05: Linear's stands at the root, whatever its path would derive."""
    upstream.challenge = f'Bearer realm="x, y", resource_metadata="{upstream.origin}/elsewhere", scope="a b"'
    document = {"resource": upstream.origin + "/mcp", "authorization_servers": [upstream.issuer]}
    upstream.answers["/elsewhere"] = (200, {}, document)
    begun = await bench.begin()
    assert upstream.paths()[:3] == ["POST /mcp", "GET /elsewhere", "GET /.well-known/oauth-authorization-server"]
    assert query_of(begun.url)["scope"] == "a b"
    assert begun.scope.source == "challenge"


async def test_without_a_challenge_the_path_comes_first_and_then_the_root(bench: Bench, upstream: Upstream) -> None:
    upstream.challenge = "Bearer"
    upstream.answers["/.well-known/oauth-protected-resource/mcp"] = (404, {}, b"")
    document = {"resource": upstream.origin, "authorization_servers": [upstream.issuer], "scopes_supported": ["read"]}
    upstream.answers["/.well-known/oauth-protected-resource"] = (200, {}, document)
    begun = await bench.begin()
    assert upstream.paths()[1:3] == [
        "GET /.well-known/oauth-protected-resource/mcp",
        "GET /.well-known/oauth-protected-resource",
    ]
    assert query_of(begun.url)["resource"] == upstream.origin
    assert query_of(begun.url)["scope"] == "read"


async def test_an_issuer_with_a_path_is_looked_for_in_three_places(bench: Bench, upstream: Upstream) -> None:
    upstream.issuer = upstream.origin + "/tenant"
    upstream.resource_metadata = {"authorization_servers": [upstream.issuer]}
    problem = await refusal(bench.begin())
    assert isinstance(problem, AuthorizationServerMetadataMissing)
    assert upstream.paths()[-3:] == [
        "GET /.well-known/oauth-authorization-server/tenant",
        "GET /.well-known/openid-configuration/tenant",
        "GET /tenant/.well-known/openid-configuration",
    ]
    assert "(404 text/plain)" in problem.explain()


@pytest.mark.parametrize(
    ("member", "value", "kind"),
    [
        ("issuer", "http://127.0.0.1/other", IssuerMismatch),
        ("issuer", None, IssuerMismatch),
        ("code_challenge_methods_supported", None, PkceUnsupported),
        ("code_challenge_methods_supported", ["plain"], PkceUnsupported),
    ],
)
async def test_metadata_that_must_not_be_used_is_refused(
    bench: Bench, upstream: Upstream, member: str, value: Any, kind: type
) -> None:
    """DISC-01, PKCE-01: RFC 8414 §3.3; MCP 2026-07-28 §Authorization Code Protection."""
    upstream.server_metadata = {member: value}
    assert isinstance(await refusal(bench.begin()), kind)
    assert upstream.clients == {}


async def test_a_slash_at_the_end_of_the_issuer_is_a_difference(bench: Bench, upstream: Upstream) -> None:
    upstream.server_metadata = {"issuer": upstream.issuer + "/"}
    assert isinstance(await refusal(bench.begin()), IssuerMismatch)


async def test_an_overlay_mends_a_broken_document_and_shows_it(upstream: Upstream) -> None:
    upstream.server_metadata = {"code_challenge_methods_supported": None, "issuer": "https://wrong.example"}
    mended = {"code_challenge_methods_supported": ["S256"], "issuer": upstream.issuer}
    bench = Bench(upstream, upstreams={"x": UpstreamSettings(authorization_server_metadata=mended)})
    await bench.connect()
    begun = next(event for event in bench.events if event.name == "mcp_auth_upstream_connection_begun")
    assert begun.known()["overlaid"] == ("code_challenge_methods_supported", "issuer")


async def test_metadata_of_another_resource_is_refused(bench: Bench, upstream: Upstream) -> None:
    upstream.resource_metadata = {"resource": "http://127.0.0.1:1/mcp"}
    assert isinstance(await refusal(bench.begin()), ResourceMetadataForeign)


async def test_a_page_instead_of_metadata_is_named_with_what_it_said(bench: Bench, upstream: Upstream) -> None:
    """DISC-05."""
    page = (200, {"content-type": "text/html; charset=utf-8"}, b"<!doctype html>\n<title>Log in</title>")
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        upstream.answers[path] = page
    problem = await refusal(bench.begin())
    assert isinstance(problem, MetadataUnreadable)
    assert problem.got == "text/html"
    assert "Log in" in problem.answer


async def test_an_upstream_without_metadata_is_served_by_the_rules_of_2025_03_26(
    bench: Bench, upstream: Upstream
) -> None:
    """DISC-09, DISC-10."""
    upstream.challenge = "Bearer"
    upstream.mcp_path = "/elsewhere/mcp"
    for path in ("/.well-known/oauth-protected-resource/elsewhere/mcp", "/.well-known/oauth-authorization-server"):
        upstream.answers[path] = (404, {}, b"")
    await bench.connect()
    assert await bench.token() in upstream.access_tokens


async def test_a_redirect_to_the_form_with_a_slash_is_followed(bench: Bench, upstream: Upstream) -> None:
    """PROXY-01."""
    upstream.mcp_path = "/mcp/"
    upstream.answers["/mcp"] = (307, {"location": "/mcp/"}, b"")
    route = replace(bench.route, upstream_url=upstream.origin + "/mcp")
    challenge = await bench.oauth._discovering.probe(route, await errand_for(route, ANNE))
    assert challenge
    assert challenge.resource_metadata


async def test_an_upstream_that_wants_no_token_is_named(bench: Bench, upstream: Upstream) -> None:
    upstream.answers["/mcp"] = (200, {}, {"jsonrpc": "2.0", "id": 0, "result": {}})
    for path in ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"):
        upstream.answers[path] = (404, {}, b"")
    assert isinstance(await refusal(bench.begin()), UpstreamOpen)
    assert upstream.clients == {}


async def test_an_upstream_that_answers_and_still_has_metadata_is_connected(bench: Bench, upstream: Upstream) -> None:
    """Some let `ping` and `initialize` through, and refuse the first tool call."""
    upstream.answers["/mcp"] = (200, {}, {"jsonrpc": "2.0", "id": 0, "result": {}})
    await bench.connect()
    assert await bench.token() in upstream.access_tokens


async def test_a_metadata_document_serves_where_there_is_no_registration(bench: Bench, upstream: Upstream) -> None:
    upstream.server_metadata = {"registration_endpoint": None, "client_id_metadata_document_supported": True}
    await bench.connect()
    (sent,) = upstream.asked_at("/authorize")
    assert sent.query["client_id"] == f"{ORIGIN}/.well-known/oauth-client/x"
    assert upstream.asked_at("/token")[0].form["client_id"] == sent.query["client_id"]


async def test_a_public_copy_of_the_document_goes_before_registration(upstream: Upstream) -> None:
    upstream.server_metadata = {"client_id_metadata_document_supported": True}
    settings = {"x": UpstreamSettings(client_metadata_url="https://me.example/client.json")}
    begun = await Bench(upstream, upstreams=settings).begin()
    assert query_of(begun.url)["client_id"] == "https://me.example/client.json"
    assert upstream.clients == {}


async def test_a_document_on_this_machine_comes_after_registration(bench: Bench, upstream: Upstream) -> None:
    """UPST-09."""
    upstream.server_metadata = {"client_id_metadata_document_supported": True}
    assert query_of((await bench.begin()).url)["client_id"] == "c1"


async def test_a_server_that_takes_nobody_is_named(bench: Bench, upstream: Upstream) -> None:
    """REG-01."""
    upstream.server_metadata = {"registration_endpoint": None}
    assert isinstance(await refusal(bench.begin()), RegistrationImpossible)


async def test_a_refused_registration_keeps_what_the_server_said(bench: Bench, upstream: Upstream) -> None:
    upstream.answers["/register"] = (403, {"content-type": "text/html"}, b"<h1>Ask your admin</h1>")
    problem = await refusal(bench.begin())
    assert isinstance(problem, RegistrationRefused)
    assert "Ask your admin" in problem.explain()


async def test_a_registration_is_reused_until_its_secret_ends(bench: Bench, upstream: Upstream) -> None:
    upstream.answers["/register"] = (
        201,
        {},
        {"client_id": "short", "client_secret": "s", "client_secret_expires_at": bench.clock.now().timestamp() + 60},
    )
    await bench.begin()
    await bench.begin()
    assert len(upstream.asked_at("/register")) == 1
    bench.clock.travel(timedelta(seconds=61))
    await bench.begin()
    assert len(upstream.asked_at("/register")) == 2


async def test_a_manual_client_registers_nothing(upstream: Upstream) -> None:
    bench = Bench(upstream)
    manual = ManualClient("mine", Secret("shh"), "client_secret_post")
    bench.exchange = replace(bench.exchange, manual_client=manual, scopes=("a", "b"), scope_delimiter=",")
    await bench.connect()
    assert upstream.clients == {}
    (sent,) = upstream.asked_at("/authorize")
    assert sent.query["scope"] == "a,b"
    (token,) = upstream.asked_at("/token")
    assert (token.form["client_id"], token.form["client_secret"]) == ("mine", "shh")
    assert "authorization" not in token.headers


@pytest.mark.parametrize(
    ("methods", "secret", "expected"),
    [(["none"], None, "none"), (["client_secret_post"], "s", "client_secret_post"), (None, "s", "client_secret_basic")],
)
async def test_token_endpoint_authentication_is_negotiated(
    upstream: Upstream, methods: Any, secret: str | None, expected: str
) -> None:
    """TOK-01."""
    upstream.server_metadata = {"token_endpoint_auth_methods_supported": methods}
    bench = Bench(upstream)
    bench.exchange = replace(bench.exchange, manual_client=ManualClient("mine", Secret(secret) if secret else None))
    await bench.connect()
    (token,) = upstream.asked_at("/token")
    got = "client_secret_basic" if "authorization" in token.headers else "none"
    assert ("client_secret_post" if "client_secret" in token.form else got) == expected


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
    for cookie in (None, "cb_other"):
        assert isinstance(await refusal(bench.oauth.finish(bench.route, back, cookie)), ConnectBrowserForeign)
    assert (await bench.oauth.finish(bench.route, back, begun.cookie)).connection.state == "connected"


async def test_a_callback_works_once_and_for_ten_minutes(bench: Bench) -> None:
    begun = await bench.begin()
    back = await bench.authorized(begun)
    await bench.oauth.finish(bench.route, back, begun.cookie)
    assert await refusal(bench.oauth.finish(bench.route, back, begun.cookie)) == ConnectStateUnknown(why="spent")
    assert await refusal(bench.oauth.finish(bench.route, {}, None)) == ConnectStateUnknown(why="missing")
    other = {"state": "st_x", "code": "c"}
    assert await refusal(bench.oauth.finish(bench.route, other, None)) == ConnectStateUnknown(why="unknown")
    begun = await bench.begin()
    back = await bench.authorized(begun)
    bench.clock.travel(timedelta(minutes=10))
    assert await refusal(bench.oauth.finish(bench.route, back, begun.cookie)) == ConnectStateUnknown(why="expired")


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
        assert isinstance(await refusal(bench.oauth.finish(bench.route, back, begun.cookie)), kind)
    assert upstream.asked_at("/token") == []


async def test_a_refused_authorization_says_where_its_scopes_came_from(bench: Bench, upstream: Upstream) -> None:
    """UPST-06."""
    upstream.resource_metadata = {"scopes_supported": ["everything"]}
    begun = await bench.begin()
    back = {"error": "invalid_scope", "state": query_of(begun.url)["state"]}
    problem = await refusal(bench.oauth.finish(bench.route, back, begun.cookie))
    assert isinstance(problem, AuthorizationRefused)
    assert "`everything` came from scopes_supported" in problem.advise()


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


async def test_a_forgotten_client_is_registered_anew(bench: Bench, upstream: Upstream) -> None:
    """REG-02: the upstream restarted and knows nobody."""
    upstream.token_answer = lambda _asked, _tokens: (401, {}, {"error": "invalid_client"})
    assert isinstance(await refusal(bench.connect()), TokenRequestRefused)
    upstream.token_answer = None
    await bench.connect()
    assert sorted(upstream.clients) == ["c1", "c2"]


async def test_a_client_that_a_restart_forgot_is_registered_anew_before_the_browser_leaves(
    bench: Bench, upstream: Upstream
) -> None:
    """REG-02: only the person would see the page on which the server says so."""
    upstream.knows_its_clients = True
    await bench.connect()
    upstream.clients.clear()
    upstream.clients["somebody-else"] = {}
    await bench.connect()
    assert len(upstream.asked_at("/register")) == 2
    assert await bench.token() in upstream.access_tokens
    await bench.begin()
    assert len(upstream.asked_at("/register")) == 2


async def test_a_person_may_ask_for_a_new_registration(bench: Bench, upstream: Upstream) -> None:
    await bench.begin()
    assert query_of((await bench.begin(anew=True)).url)["client_id"] == "c2"
    assert upstream.clients["c2"]
