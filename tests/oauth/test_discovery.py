"""Where a client looks, and what it must not believe."""

from typing import Any

import pytest

from devgw.oauth.discovery import (
    AuthorizationServer,
    ResourceMetadata,
    authorization_server_urls,
    choose_scope,
    covers,
    resource_metadata_urls,
)

WELL_KNOWN = "https://h/.well-known"


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
