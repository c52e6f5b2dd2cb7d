"""A loopback port is the client's own affair: what is named as expected has the port that came (RFC 8252 §7.3)."""

import pytest

from devgw.oauth.redirect_uri import fits, with_port_of


@pytest.mark.parametrize(
    ("requested", "registered", "expected"),
    [
        ("http://127.0.0.1:33418/x", "http://127.0.0.1/", "http://127.0.0.1:33418/"),
        ("http://localhost:1/cb/", "http://localhost:2/cb", "http://localhost:1/cb"),
        ("http://127.0.0.1:1/cb", "http://localhost:2/cb", "http://localhost:1/cb"),
        ("http://[::1]:1/cb", "http://[::1]:2/other", "http://[::1]:1/other"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:2/cb", "http://127.0.0.1/cb"),
        ("https://app.example/cb", "http://localhost:2/cb", "http://localhost:2/cb"),
        ("http://localhost:1/cb", "https://app.example:8443/cb", "https://app.example:8443/cb"),
        ("http://localhost:nonsense/cb", "http://localhost:2/cb", "http://localhost:2/cb"),
        ("com.example:/cb", "http://localhost:2/cb", "http://localhost:2/cb"),
    ],
)
def test_what_is_expected_has_the_port_that_came_where_both_are_loopback(
    requested: str, registered: str, expected: str
) -> None:
    assert with_port_of(requested, registered) == expected


@pytest.mark.parametrize("registered", ["http://127.0.0.1/", "http://localhost:2/cb", "http://[::1]:2/other"])
def test_what_is_named_as_expected_would_be_taken(registered: str) -> None:
    host = registered.partition("//")[2].partition("/")[0].removesuffix(":2")
    assert fits(registered, with_port_of(f"http://{host}:33418/wrong", registered))
