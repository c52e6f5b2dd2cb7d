"""Which path is which endpoint, below a base path, its alias, and where clients guess."""

import pytest

from devgw.oauth.urls import base_path_of, below_base, is_alias


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("/", "/"), ("/dev", "/dev"), ("/dev/", "/dev"), ("/DEX/", "/DEX"), ("/a/b-c_d.e~f/", "/a/b-c_d.e~f"),
        ("/...", "/..."),
        ("", None), ("dev", None), ("/dev//", None), ("//", None), ("//dev", None), ("/a b", None), ("/a?b", None),
        ("/.", None), ("/..", None), ("/a/../b", None), ("/./a", None), ("/a/..", None), ("/dev\n", None), ("/é", None),
    ],
)  # fmt: skip
def test_a_base_path_is_plain_segments(written: str, used: str | None) -> None:
    assert base_path_of(written) == used


@pytest.mark.parametrize("base", ["/dev", "/dev/", "/DEX", "/a/b", "/__zuplo"])
@pytest.mark.parametrize(
    "endpoint",
    [
        "/", "/token", "/authorize", "/register", "/revoke", "/mcp-registry", "/mcp-registry/v0/servers",
        "/oauth/token", "/oauth/authorize/mcp/x", "/auth/connections/x/connect", "/.well-known/x",
    ],
)  # fmt: skip
def test_an_endpoint_is_found_below_the_base_path_and_below_its_alias(base: str, endpoint: str) -> None:
    assert below_base(base.rstrip("/") + endpoint, base) == endpoint
    assert below_base(f"/__zuplo{endpoint}", base) == endpoint
    assert below_base(endpoint, base) == endpoint


@pytest.mark.parametrize(
    "path",
    [
        "/dev", "/device/oauth/token", "/devoauth/token", "/dev/mcp", "/dev/oauth", "/dev/tokens", "/dev/mcp-registryx",
        "/x/dev/oauth/token", "/dev/dev/oauth/token", "/DEV/oauth/token", "/__zuplo", "/__zuplox/oauth/token",
        "/__zuplo/mcp/x", "/mcp/oauth/token", "/dev/auth/connection/x", "/dev/.well-knownx",
    ],
)  # fmt: skip
def test_whatever_else_stays_as_it_is(path: str) -> None:
    assert below_base(path, "/dev") == path
    assert not is_alias(path, "/dev")


def test_without_a_base_path_the_alias_alone_is_one() -> None:
    assert below_base("/oauth/token", "/") == "/oauth/token"
    assert below_base("/dev/oauth/token", "/") == "/dev/oauth/token"
    assert below_base("/__zuplo/oauth/token", "/") == "/oauth/token"
    assert below_base("//oauth/token", "/") == "//oauth/token"


@pytest.mark.parametrize(
    ("path", "base", "is_one"),
    [
        ("/dev/oauth/token", "/dev", False), ("/oauth/token", "/dev", True), ("/__zuplo/oauth/token", "/dev", True),
        ("/oauth/token", "/", False), ("/__zuplo/oauth/token", "/", True), ("/token", "/", True),
        ("/dev/token", "/dev", True), ("/token", "/dev", True), ("/.well-known/x", "/dev", False),
        ("/dev/.well-known/x", "/dev", False), ("/__zuplo/.well-known/x", "/dev", True),
        ("/mcp-registry", "/", False), ("/mcp-registry", "/dev", True), ("/dev/mcp-registry", "/dev/", False),
        ("/mcp/x", "/", False), ("/", "/dev", False), ("/dev/", "/dev", False),
    ],
)  # fmt: skip
def test_an_alias_is_told_from_the_path_that_the_metadata_names(path: str, base: str, *, is_one: bool) -> None:
    assert is_alias(path, base) is is_one
