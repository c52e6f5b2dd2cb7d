"""What the one reader of URLs takes, and what it refuses."""

import pytest

from devgw.foreign.urls import UrlRefused, read_url


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Example.com", "https://example.com"),
        ("http://localhost:9000/a?b=c", "http://localhost:9000"),
        ("http://[::1]:80/x", "http://[::1]"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("https://example.com./", "https://example.com."),
        ("https://" + "a" * 63 + ".example/", "https://" + "a" * 63 + ".example"),
    ],
)
def test_an_absolute_url_is_read(text: str, origin: str) -> None:
    assert read_url(text).origin == origin
    assert read_url(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/relative",
        "//host/x",
        "javascript:alert(1)//",
        "ftp://host/",
        "https://",
        "https://user@host/",
        "https://:pw@host/",
        "https://host:99999/",
        "https://host:0/",
        "https://host/#x",
        "https://host/#",
        "https://host\\@other/",
        "https://host/\r\nx: y",
        "https://ho st/",
        "http://localhost:port/authorize",
        "https://[::1/",
        "http://[::1].evil.example/",
        "http://evil.example[::1]/",
        "http://[::1]x:80/",
        "https://" + "a" * 64 + "é.example/",
        "https://" + "a" * 64 + ".example/",
        "http://my..server/mcp",
        "http://x;reboot/",
        "https://a$(id).example/",
        "https://it's.example/",
        "https://a&id/",
        "https://a,b.example/",
        "https://*.example.com/",
        "http://.example/",
        "http://localhost..:9000/",
        "https://host/" + "a" * 20_000,
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(UrlRefused):
        read_url(text)
