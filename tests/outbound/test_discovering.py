"""Who protects an upstream: found in order, refused where it must not be believed, mended where the user says so."""

from dataclasses import replace
from typing import Any

import pytest

from devgw.outbound.upstream_oauth.fetching import errand_for
from devgw.problems.upstream import (
    AddressForbidden,
    AuthorizationServerMetadataMissing,
    MetadataUnreadable,
    UpstreamOpen,
)
from devgw.problems.upstream_document import (
    AuthorizationServerIncomplete,
    EndpointRefused,
    IssuerMismatch,
    PkceUnsupported,
    ResourceMetadataForeign,
)
from devgw.problems.upstream_registration import RegistrationImpossible, RegistrationIncomplete
from devgw.settings import UpstreamSettings
from tests.outbound.bench import ANNE, Bench, refusal
from tests.outbound.upstream import Upstream, query_of


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
        ("issuer", None, AuthorizationServerIncomplete),
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


@pytest.mark.parametrize(
    ("member", "value", "said"),
    [
        ("authorization_endpoint", ["x"], 'says authorization_endpoint ["x"], which is no string with a URL.'),
        ("authorization_endpoint", None, "has no `authorization_endpoint`."),
        ("token_endpoint", {"a": 1}, 'says token_endpoint {"a": 1}, which is no string with a URL.'),
        ("token_endpoint", "", 'says token_endpoint "", which is no string with a URL.'),
        ("code_challenge_methods_supported", "S256", 'is "S256"; a list with S256 is required.'),
        ("code_challenge_methods_supported", None, "is missing; a list with S256 is required."),
        ("issuer", ["x"], 'says issuer ["x"], which is no string with a URL.'),
        ("issuer", None, "has no `issuer`."),
    ],
)
async def test_a_member_of_another_type_is_not_called_missing(
    bench: Bench, upstream: Upstream, member: str, value: Any, said: str
) -> None:
    upstream.server_metadata = {member: value}
    assert (await refusal(bench.begin())).explain().endswith(said)


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


async def test_half_a_character_in_a_document_breaks_nothing(bench: Bench, upstream: Upstream) -> None:
    """JSON may escape a lone surrogate, which no database and no URL can hold."""
    upstream.resource_metadata = {"scopes_supported": ["\ud800", "read"]}
    upstream.server_metadata = {"registration_endpoint": "\ud800", "revocation_endpoint": "\ud800"}
    assert isinstance(await refusal(bench.begin()), RegistrationImpossible)
    upstream.server_metadata = {}
    upstream.answers["/register"] = (201, {}, {"client_id": "\ud800"})
    assert isinstance(await refusal(bench.begin()), RegistrationIncomplete)
    del upstream.answers["/register"]
    upstream.token_answer = lambda _asked, tokens: (200, {}, {**tokens, "scope": "\ud800"})
    assert (await bench.connect()).connection.scope == "read"


NO_ENDPOINTS = [
    "javascript:alert(1)//",
    "data:text/html,x",
    "file:///etc/passwd",
    "ftp://127.0.0.1/x",
    "//127.0.0.1/authorize",
    "/authorize",
    "authorize",
    "http://localhost:port/authorize",
    "http://localhost:99999/authorize",
    "http://localhost:0/authorize",
    "http://[::1/authorize",
    "http:///authorize",
    "http://user:password@127.0.0.1/authorize",
    "http://127.0.0.1@evil.example/authorize",
    "http://127.0.0.1/authorize#fragment",
    "http://127.0.0.1/authorize\r\nset-cookie: a=b",
    "http://127.0.0.1/\x1b]52;c;x\x07",
    "http://127.0.0.1\\@evil.example/",
    " http://127.0.0.1/authorize",
    "http://[fe80::1%25lo]/authorize",
    "http://" + "a" * 20_000,
    "https://" + "ä" * 80 + ".example/",
]


@pytest.mark.parametrize("endpoint", NO_ENDPOINTS)
@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "registration_endpoint"])
async def test_an_endpoint_that_is_no_place_to_go_is_refused_before_anybody_goes(
    bench: Bench, upstream: Upstream, member: str, endpoint: str
) -> None:
    """Neither stored, nor asked, nor sent to the browser as Location."""
    upstream.server_metadata = {member: endpoint}
    problem = await refusal(bench.begin())
    assert isinstance(problem, EndpointRefused)
    assert member in problem.explain()
    assert problem.explain().isprintable()
    assert len(problem.explain()) < 500
    assert upstream.asked_at("/register") == []


@pytest.mark.parametrize(
    "host", ["xn--pple-43d.com", "\u0430pple.com", "login.xn--80ak6aa92e.com.", "XN--PPLE-43D.com"]
)
async def test_no_browser_is_sent_to_a_login_page_whose_host_reads_as_another(
    bench: Bench, upstream: Upstream, host: str
) -> None:
    upstream.server_metadata = {"authorization_endpoint": f"https://{host}/authorize"}
    problem = await refusal(bench.begin())
    assert isinstance(problem, AddressForbidden)
    assert "xn--" in problem.explain().lower()
    assert "Ask the upstream's maker" in problem.advise()
    assert upstream.asked_at("/register") == []


async def test_an_authorization_endpoint_speaks_for_itself_and_not_for_us(bench: Bench, upstream: Upstream) -> None:
    evil = "tenant=7&client_id=evil&state=evil&redirect_uri=https://evil.example/&scope=all&request_uri=urn:evil"
    upstream.server_metadata = {"authorization_endpoint": f"{upstream.origin}/authorize?{evil}"}
    url = (await bench.begin()).url
    assert "evil" not in url
    assert query_of(url)["tenant"] == "7"


@pytest.mark.parametrize("issuer", NO_ENDPOINTS)
async def test_an_issuer_that_is_no_place_to_go_is_refused(bench: Bench, upstream: Upstream, issuer: str) -> None:
    upstream.resource_metadata = {"authorization_servers": [issuer]}
    assert isinstance(await refusal(bench.begin()), EndpointRefused)


@pytest.mark.parametrize("url", [each for each in NO_ENDPOINTS if each.isprintable() and "\\" not in each][:14])
async def test_a_challenge_that_names_no_place_is_refused(bench: Bench, upstream: Upstream, url: str) -> None:
    upstream.challenge = f'Bearer resource_metadata="{url}"'
    assert isinstance(await refusal(bench.begin()), AddressForbidden)


@pytest.mark.parametrize("location", ["http://[", "//[", "javascript:x", "http://a:port/", "\\\\x", "/mcp/#f"])
async def test_a_redirect_to_no_place_is_not_gone_after(bench: Bench, upstream: Upstream, location: str) -> None:
    upstream.answers["/mcp"] = (307, {"location": location}, b"")
    assert query_of((await bench.begin()).url)["resource"] == upstream.origin + "/mcp"


async def test_documents_cannot_make_an_authorization_request_that_no_browser_takes(
    bench: Bench, upstream: Upstream
) -> None:
    upstream.resource_metadata = {"scopes_supported": [f"scope{number}" for number in range(5_000)]}
    assert isinstance(await refusal(bench.begin()), AddressForbidden)


async def test_the_second_authorization_server_is_used_where_the_first_will_not_do(
    bench: Bench, upstream: Upstream
) -> None:
    """RFC 9728 §7.6: which of them is the client's choice."""
    upstream.resource_metadata = {"authorization_servers": ["http://127.0.0.1:9/gone", upstream.issuer]}
    assert (await bench.connect()).connection.issuer == upstream.issuer
    upstream.resource_metadata = {"authorization_servers": ["http://127.0.0.1:9/gone", upstream.issuer + "/other"]}
    assert (await refusal(bench.begin())).diagnosis_id == "NET-01"
