"""What a page that came instead of an answer says, in a few words."""

import time

import pytest

from devgw.foreign.words import beginning_of


@pytest.mark.parametrize(
    "page",
    [b"<!--" * 16_000, b"<title" * 10_000, b"<title>" * 9_000, b"<script>" * 8_000, b"<" * 64_000, b"<style " * 9_000],
    ids=lambda page: page[:8].decode(),
)
def test_a_page_without_ends_is_read_once(page: bytes) -> None:
    """An upstream's error page is looked at in the request: each beginning must not look for its own end."""
    began = time.monotonic()
    assert len(beginning_of(page)) <= 160
    assert time.monotonic() - began < 0.5


def test_what_has_no_end_is_no_text() -> None:
    assert beginning_of(b"<html>Sorry<script>var a = 1 < 2") == "Sorry"
    assert beginning_of(b"<p>Not</p> here<!-- and not") == "Not here"
    assert beginning_of(b"<TITLE lang=en>Sign in</TITLE><p>x") == "Sign in: x"
