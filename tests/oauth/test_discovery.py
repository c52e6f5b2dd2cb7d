"""Where a client looks, and what it must not believe."""

from typing import Any

import pytest

from devgw.oauth.discovery import (
    AuthorizationServer,
    ResourceMetadata,
    authorization_server_urls,
    choose_scope,
    covers,
    read_authorization_server,
    read_resource_metadata,
    resource_metadata_urls,
)
from devgw.problems import Refused
from devgw.problems.upstream_document import EndpointRefused

WELL_KNOWN = "https://h/.well-known"
DOCUMENT = {
    "issuer": "https://h",
    "authorization_endpoint": "https://h/a",
    "token_endpoint": "https://h/t",
    "code_challenge_methods_supported": ["S256"],
}


@pytest.mark.parametrize(
    ("resource", "places"),
    [
        ("https://h", ("/oauth-protected-resource",)),
        ("https://h/", ("/oauth-protected-resource",)),
        ("https://h/mcp", ("/oauth-protected-resource/mcp", "/oauth-protected-resource")),
        ("https://h/a/mcp/", ("/oauth-protected-resource/a/mcp/", "/oauth-protected-resource")),
        ("https://h/mcp?x=1", ("/oauth-protected-resource/mcp?x=1", "/oauth-protected-resource")),
    ],
)
def test_the_path_of_a_resource_stands_behind_the_well_known_segment(resource: str, places: tuple[str, ...]) -> None:
    """RFC 9728 §3.1."""
    assert resource_metadata_urls(resource) == tuple(WELL_KNOWN + place for place in places)


def test_an_issuer_is_looked_for_in_the_order_of_the_specification() -> None:
    """MCP 2026-07-28 §Authorization Server Metadata Discovery."""
    assert authorization_server_urls("https://h/") == (
        f"{WELL_KNOWN}/oauth-authorization-server",
        f"{WELL_KNOWN}/openid-configuration",
    )
    assert authorization_server_urls("https://h/t/") == (
        f"{WELL_KNOWN}/oauth-authorization-server/t",
        f"{WELL_KNOWN}/openid-configuration/t",
        "https://h/t/.well-known/openid-configuration",
    )


@pytest.mark.parametrize(
    ("resource", "url", "expected"),
    [
        ("https://h/mcp", "https://h/mcp", True),
        ("https://h", "https://h/mcp", True),
        ("https://H:443/mcp/", "https://h/mcp", True),
        ("https://h/mc", "https://h/mcp", False),
        ("https://h/mcp/x", "https://h/mcp", False),
        ("http://h/mcp", "https://h/mcp", False),
        ("https://other/mcp", "https://h/mcp", False),
        ("https://h:8443/mcp", "https://h/mcp", False),
        ("https://h/mcp?a=1", "https://h/mcp", False),
        ("https://h/mcp#f", "https://h/mcp", False),
        ("not a url", "https://h/mcp", False),
        ("https://h.evil.example/mcp", "https://h/mcp", False),
    ],
)
def test_a_resource_covers_what_lies_under_it(resource: str, url: str, expected: bool) -> None:
    """RFC 9728 §3.3, as clients practise it."""
    assert covers(resource, url) is expected


def server(*scopes: str) -> AuthorizationServer:
    return AuthorizationServer("https://i", "https://i/a", "https://i/t", scopes_supported=scopes)


@pytest.mark.parametrize(
    ("explicit", "challenged", "supported", "offered", "expected", "source"),
    [
        (["x"], ["c"], ["s"], ["offline_access"], ("x",), "policy"),
        ([], ["c"], ["s"], [], (), "policy"),
        (None, ["c"], ["s"], [], ("c",), "challenge"),
        (None, [], ["s"], [], ("s",), "scopes_supported"),
        (None, [], [], [], (), "none"),
        (None, ["c"], [], ["offline_access", "z"], ("c", "offline_access"), "challenge"),
        (None, ["offline_access"], [], ["offline_access"], ("offline_access",), "challenge"),
    ],
)
def test_scopes_come_from_the_policy_else_the_challenge_else_the_metadata(
    explicit: Any, challenged: Any, supported: Any, offered: Any, expected: tuple[str, ...], source: str
) -> None:
    """gateway.md §6; UPST-06."""
    resource = ResourceMetadata("u", "r", (), tuple(supported))
    chosen = choose_scope(explicit, challenged, resource, server(*offered))
    assert (chosen.scopes, chosen.source) == (expected, source)


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("authorization_endpoint", "<its URL>"),
        ("token_endpoint", 7),
        ("token_endpoint", "javascript:x"),
        ("code_challenge_methods_supported", ["plain"]),
        ("require_pushed_authorization_requests", True),
        ("response_types_supported", ["token"]),
    ],
)
@pytest.mark.parametrize("is_ours", [True, False])
def test_what_devgw_toml_says_is_not_said_of_the_document_that_it_mends(member: str, wrong: Any, is_ours: bool) -> None:
    overlay = {member: wrong} if is_ours else {"issuer": "https://h"}
    with pytest.raises(Refused) as refused:
        read_authorization_server(DOCUMENT | ({} if is_ours else {member: wrong}), "https://h", "https://h/m", overlay)
    said, fix = refused.value.problem.explain(), refused.value.problem.advise()
    assert ("devgw.toml" in said, "https://h/m" in said) == (is_ours, not is_ours)
    assert (f"Correct {member} below" in fix) is is_ours


def test_a_resource_that_devgw_toml_says_is_its_own() -> None:
    with pytest.raises(Refused) as refused:
        read_resource_metadata({"resource": "https://h/mcp"}, "https://h/m", "https://h/mcp", {"resource": "https://o"})
    assert refused.value.problem.explain().startswith("devgw.toml says resource 'https://o'")
    assert "Correct resource below" in refused.value.problem.advise()


@pytest.mark.parametrize(
    ("got", "whole"), [("/a/b", "https://h/a/b"), ("//other/a", "<its URL>"), ("a", "<its URL>"), ("x:y", "<its URL>")]
)
def test_a_path_is_advised_with_the_origin_before_it(got: str, whole: str) -> None:
    problem = EndpointRefused("https://h/.well-known/x", "token_endpoint", got, "no")
    assert f'token_endpoint = "{whole}"' in problem.advise()
