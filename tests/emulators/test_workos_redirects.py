"""WorkOS's rules for redirect URIs: what may be registered, what matches, what differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgw.emulators.workos.redirects import differences, matches, nearest, why_it_cannot_be_registered
from devgw.emulators.workos_seed import Mode


@pytest.mark.parametrize(
    ("registered", "sent", "fits"),
    [
        ("http://localhost:9000/cb", "http://localhost:9000/cb", True),
        ("http://localhost:9000/cb", "http://LOCALHOST:9000/cb", False),
        ("http://localhost:9000/cb", "http://localhost:9000/cb/", False),
        ("http://localhost:9000/cb", "http://localhost:9000/cb#f", False),
        ("http://localhost:*/cb", "http://localhost:1/cb", True),
        ("http://localhost:*/cb", "http://localhost:65535/cb", True),
        ("http://localhost:*/cb", "http://localhost/cb", False),
        ("http://localhost:*/cb", "http://127.0.0.1:80/cb", False),
        ("http://localhost:*/cb", "http://localhost:80/cb/more", False),
        ("http://localhost:*/cb", "http://localhost:80@evil.example/cb", False),
        ("http://[::1]:*/cb", "http://[::1]:9000/cb", True),
        ("https://*.example.com/cb", "https://a.example.com/cb", True),
        ("https://*.example.com/cb", "https://a-b_1.example.com/cb", True),
        ("https://*.example.com/cb", "https://a.b.example.com/cb", False),
        ("https://*.example.com/cb", "https://example.com/cb", False),
        ("https://*.example.com/cb", "https://.example.com/cb", False),
        ("https://*.example.com/cb", "https://evil.com/.example.com/cb", False),
        ("https://*.example.com/cb", "https://a.exampleXcom/cb", False),
        ("https://pre-*-post.example.com/cb", "https://pre-9-post.example.com/cb", True),
        ("https://pre-*-post.example.com/cb", "https://pre--post.example.com/cb", False),
        ("https://a.*.example.com/cb", "https://a.b.example.com/cb", False),
        ("https://example.com/*", "https://example.com/x", False),
    ],
)
def test_a_registered_uri_matches_itself_and_what_its_wildcard_allows(registered: str, sent: str, fits: bool) -> None:
    """WorkOS docs: string for string; `*` for one host label, or for the port of a loopback address."""
    assert matches(registered, sent) is fits


@given(st.text(alphabet="abz.-_/:@#?*%", max_size=12))
def test_no_wildcard_lets_another_host_in(label: str) -> None:
    sent = f"https://{label}.example.com/cb"
    if matches("https://*.example.com/cb", sent):
        assert set(label) <= set("abz-_")
        assert label


@pytest.mark.parametrize(
    ("uri", "mode", "part"),
    [
        ("/cb", "staging", "absolute"),
        ("localhost", "staging", "absolute"),
        ("http://", "staging", "absolute"),
        ("http://localhost:99999/cb", "staging", "absolute"),
        ("http://localhost/c b", "staging", "space"),
        ("http://localhost/cb\r\nX-Y: z", "staging", "control character"),
        ("javascript:alert(1)", "staging", "javascript"),
        ("http://localhost/cb#top", "staging", "fragment"),
        ("http://bücher.example/cb", "staging", "punycode"),
        ("http://localhost:9000/cb", "production", "localhost"),
        ("https://localhost:9000/cb", "production", "localhost"),
        ("http://gateway.example/cb", "production", "https"),
        ("http://*.example.com/cb", "production", "https"),
        ("https://*.*.example.com/cb", "staging", "Only one"),
        ("https://a.*.example.com/cb", "staging", "left-most"),
        ("https://example.com:*/cb", "staging", "left-most"),
        ("https://example.com/*", "staging", "left-most"),
        ("https://*.ngrok-free.app/cb", "staging", "public suffix"),
        ("https://*.com/cb", "staging", "public suffix"),
    ],
)
def test_what_may_not_be_registered_is_told_why(uri: str, mode: Mode, part: str) -> None:
    assert part in (why_it_cannot_be_registered(uri, mode) or "")


@pytest.mark.parametrize(
    ("uri", "mode"),
    [
        ("http://localhost:9000/cb", "staging"),
        ("http://localhost:*/cb", "staging"),
        ("https://*.preview.example.com/cb", "staging"),
        ("https://*.preview.example.com/cb", "production"),
        ("http://127.0.0.1:9000/cb", "production"),
        ("https://gateway.example/cb", "production"),
        ("myapp://callback", "staging"),
    ],
)
def test_what_may_be_registered(uri: str, mode: Mode) -> None:
    assert why_it_cannot_be_registered(uri, mode) is None


@pytest.mark.parametrize(
    ("sent", "registered", "words"),
    [
        (
            "http://127.0.0.1:9000/cb",
            "http://localhost:9000/cb",
            ["the host: 127.0.0.1 and localhost are the same machine, but different strings"],
        ),
        ("http://localhost:9000/cb/", "http://localhost:9000/cb", ["the trailing slash: sent with one"]),
        ("http://localhost:9000/cb", "http://localhost:9000/cb/", ["the trailing slash: registered with one"]),
        ("http://localhost:9001/cb", "http://localhost:9000/cb", ["the port: 9001 was sent, 9000 is registered"]),
        ("http://localhost:9001/x", "http://localhost:*/cb", ["the path: /x was sent, /cb is registered"]),
        (
            "https://localhost:9000/cb",
            "http://localhost:9000/cb",
            ["the scheme: https was sent, http is registered"],
        ),
        (
            "https://a.b.example.com/cb",
            "https://*.example.com/cb",
            ["the host: a.b.example.com was sent, *.example.com is registered"],
        ),
        ("http://localhost:9000/cb?x=1", "http://localhost:9000/cb", ["the query: x=1 was sent, none is registered"]),
        ("http://[", "http://localhost:9000/cb", ["what was sent is not a URI"]),
    ],
)
def test_differences_are_named_part_by_part(sent: str, registered: str, words: list[str]) -> None:
    assert differences(sent, registered) == words


def test_the_nearest_of_several_is_found() -> None:
    known = ["https://gateway.example/oauth/callback", "http://localhost:9000/oauth/callback"]
    assert nearest("http://127.0.0.1:9000/oauth/callback", known) == known[1]
    assert nearest("http://127.0.0.1:9000/oauth/callback", []) is None
