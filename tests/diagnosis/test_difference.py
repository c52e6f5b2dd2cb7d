"""One explanation for two strings that should have been the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgw.diagnosis import explain_difference, explain_nearest

REGISTERED = "http://localhost:3000/callback"


@pytest.mark.parametrize(
    ("got", "kind"),
    [
        ("http://localhost:3000/callback", "none"),
        ("https://localhost:3000/callback", "scheme"),
        ("http://127.0.0.1:3000/callback", "host_alias"),
        ("http://[::1]:3000/callback", "host_alias"),
        ("http://LOCALHOST:3000/callback", "case"),
        ("http://localhosd:3000/callback", "one_letter"),
        ("http://example.com:3000/callback", "host"),
        ("http://localhost:53124/callback", "port"),
        ("http://localhost/callback", "port"),
        ("http://localhost:3000/callback/", "trailing_slash"),
        ("http://localhost:3000/Callback", "case"),
        ("http://localhost:3000/calback", "one_letter"),
        ("http://localhost:3000/oauth/callback", "path"),
        ("http://localhost:3000", "path_missing"),
        ("http://localhost:3000/%63allback", "percent_encoding"),
        ("http://localhost:3000/%2563allback", "double_encoding"),
        ("http://localhost:3000//callback", "path"),
        ("http://localhost:3000/callback?x=1", "query"),
        ("http://localhost:3000/callback#x", "fragment"),
        ("http://localhost:3000/callback\n", "whitespace"),
        ('"http://localhost:3000/callback"', "quotes"),
        ("${CALLBACK}", "placeholder"),
        ("http://me@localhost:3000/callback", "userinfo"),
        ("http://127.0.0.1:4000/callback", "several"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "several"),
    ],
)
def test_each_kind_of_difference_is_named(got: str, kind: str) -> None:
    found = explain_difference(got, REGISTERED, "redirect_uri")

    assert found.kind == kind
    assert bool(found.advice) == (kind != "none")


def test_a_port_is_told_with_both_numbers_and_marked_alone() -> None:
    found = explain_difference("http://127.0.0.1:53124/callback", "http://127.0.0.1:41999/callback", "redirect_uri")

    assert found.sentence == (
        "The redirect URI differs in one place: the client sent port 53124, registered is port 41999."
    )
    assert "RFC 8252 §7.3" in found.advice
    assert found.lines()[1].strip() == "^^^^^"
    assert found.lines()[1].index("^") == len("http://127.0.0.1:")


def test_a_missing_slash_is_marked_where_it_is_missing() -> None:
    found = explain_difference("http://h/mcp/x", "http://h/mcp/x/", "resource")

    assert found.marks == (" " * 14 + "^", " " * 14 + "^")
    assert "the value that the route has ends in a slash" in found.sentence


def test_one_letter_is_marked_alone() -> None:
    found = explain_difference("https://api.work0s.com/x", "https://api.workos.com/x", "issuer")

    assert found.kind == "one_letter"
    assert found.marks[0] == " " * "https://api.work0s.com/x".index("0") + "^"


@pytest.mark.parametrize(
    ("got", "words"),
    [
        ("/mcp/sampel", "two characters are swapped"), ("/mcp/smaple", "two characters are swapped"),
        ("/mcp/sampla", "one character differs"), ("/mcp/samplee", "one character is too many or missing"),
        ("/mcp/sampe", "one character is too many or missing"),
        ("/mcp/sample\u200b", r"path /mcp/sample\u{200b}, the route is /mcp/sample: one character is too many"),
    ],
)  # fmt: skip
def test_a_slip_of_a_key_is_told_as_the_slip_that_it_is(got: str, words: str) -> None:
    assert words in explain_difference(f"http://h{got}", "http://h/mcp/sample", "resource").sentence


def test_an_international_host_is_recognised_in_its_ascii_form() -> None:
    assert explain_difference("https://bücher.example/cb", "https://xn--bcher-kva.example/cb", "url").kind == "punycode"


def test_a_default_port_is_no_other_port() -> None:
    assert explain_difference("https://h:443/x", "https://h/x", "issuer").kind == "default_port"
    assert explain_difference("http://h:443/x", "http://h/x", "issuer").kind == "port"


def test_the_nearest_of_several_candidates_is_explained() -> None:
    candidates = ["https://app.example.com/callback", "http://localhost:3000/callback", "http://localhost:3000/other"]
    found = explain_nearest("http://127.0.0.1:3000/callback", candidates, "callback_uri")

    assert found is not None
    assert found.expected == "http://localhost:3000/callback"
    assert found.advice.startswith("Add http://127.0.0.1:3000/callback at the identity provider as well")
    assert explain_nearest("http://x", [], "callback_uri") is None


@pytest.mark.parametrize(
    ("asked", "kinds", "word"),
    [
        ("mcp:tools", (), "same"),
        ("mcp:tools offline_access", ("extra_scope",), "offline_access"),
        ("openid", ("extra_scope", "missing_scope"), "missing"),
        ("", ("missing_scope",), "mcp:tools"),
        ("MCP:tools", ("case",), "case"),
        ("mcp:tool", ("one_letter",), "one character"),
        ("mcp:tools,openid", ("separator",), "blanks"),
    ],
)
def test_scopes_are_compared_as_sets(asked: str, kinds: tuple[str, ...], word: str) -> None:
    found = explain_difference(asked, "mcp:tools", "scope")

    assert found.kinds == kinds
    assert word in found.sentence


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["redirect_uri", "issuer", "scope", "url", "?"]))
def test_whatever_is_compared_gets_a_sentence_and_marks_no_longer_than_one_behind(
    one: str, other: str, kind: str
) -> None:
    found = explain_difference(one, other, kind)

    assert found.sentence
    assert len(found.marks[0]) <= len(one) + 1
    assert len(found.marks[1]) <= len(other) + 1
    if one != other and found.subject != "scope":
        assert found.kinds


@pytest.mark.parametrize(
    ("got", "expected", "marks"),
    [
        ("http://localhost:9100/cb", "http://localhost:9000/cb", " " * 18 + "^"),
        ("http://localhost:9010/cb", "http://localhost:9000/cb", " " * 19 + "^"),
        ("http://localhost:9001/cb", "http://localhost:9000/cb", " " * 20 + "^"),
    ],
)
def test_of_two_ports_the_digit_that_differs_is_marked_and_no_slash(got: str, expected: str, marks: str) -> None:
    assert explain_difference(got, expected, "callback_uri").marks == (marks, marks)
