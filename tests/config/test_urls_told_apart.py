"""What is wrong with a URL is said of it: one with a scheme is not told that it lacks one."""

from pathlib import Path

import pytest

from tests.config.bench import codes, only, operation, read, write
from tests.config.test_hardly_meant import generic


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://localhost:99999/mcp", "Port out of range"),
        ("https://mcp.example/my mcp", "characters that no URL has"),
        ("https:///mcp", "it names no host"),
        ("http://localhost:9002x/mcp", "9002x"),
    ],
)
def test_an_absolute_url_that_cannot_be_used_is_told_why(tmp_path: Path, url: str, words: str) -> None:
    found = only(read(write(tmp_path, paths={"/mcp/x": {"post": operation(url)}})), "rewrite-pattern")
    assert words in found.message
    assert "absolute" not in found.message


@pytest.mark.parametrize("query", ["response_mode=form_post", "response_mode=fragment&x=1", "response_mode=query.jwt"])
def test_an_answer_that_does_not_come_in_the_query_is_found(tmp_path: Path, query: str) -> None:
    url = f"https://idp.example.com/authorize?{query}"
    found = only(read(write(tmp_path, generic({}, {"url": url}))), "response-mode")
    assert "response_mode=query" in found.fix


@pytest.mark.parametrize("query", ["", "?response_mode=query", "?prompt=login"])
def test_an_answer_in_the_query_is_not_talked_about(tmp_path: Path, query: str) -> None:
    url = f"https://idp.example.com/authorize{query}"
    assert codes(read(write(tmp_path, generic({}, {"url": url})))) == []
