"""The filter language: what it finds, and where the caret stands when it cannot be read."""

from dataclasses import replace

import pytest

from devgw.control.messages import TokenRow, TraceRow
from devgw.dashboard.filter import FilterMistake, compile_filter
from devgw.dashboard.views.tokens import TOKENS
from devgw.dashboard.views.traces import TRACES
from tests.support.sample_world import NOON, tokens_, traces


def found(text: str) -> list[str]:
    """Return the notes of the sample traces that a filter lets through."""
    vocabulary = replace(TRACES.vocabulary, now=lambda: NOON)
    predicate = compile_filter(text, vocabulary)
    return [f"{row.status} {row.client}" for row in traces() if predicate is None or predicate(row)]


def mistake(text: str) -> FilterMistake:
    with pytest.raises(FilterMistake) as refused:
        compile_filter(text, TRACES.vocabulary)
    return refused.value


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 8),
        ("   ", 8),
        ("token", 2),
        ("status:4xx", 2),
        ("status>=400", 3),
        ("status!=4xx", 6),
        ("status=502", 1),
        ("dur>500ms", 1),
        ("dur>0.5s", 1),
        ("size>1kb", 2),
        ("status:4xx | dur>500ms", 3),
        ("status:4xx or dur>500ms", 3),
        ("status:4xx and client:my-agent", 1),
        ("!status:2xx -client:cursor", 3),
        ("not status:2xx", 4),
        ("NOT status:2xx", 4),
        ("status:4xx OR dur>500ms", 3),
        ("status:4xx AND client:my-agent", 1),
        ("(status:4xx | status:5xx) method:post", 2),
        ("path~^/mcp", 3),
        ("path:/mcp*", 3),
        ("client:claude*", 5),
        ('"well-known"', 1),
        ("~m POST ~c 401", 1),
        ("~e", 3),
        ("is:error", 3),
        ("is:slow", 1),
        ("age<300ms", 2),
        ("age>300ms", 6),
        ("s:200", 3),
        ("flow=f-079", 3),
    ],
)
def test_a_filter_finds_what_it_says(text: str, count: int) -> None:
    assert len(found(text)) == count, found(text)


@pytest.mark.parametrize(
    ("text", "column", "says", "hint"),
    [
        ("statsu>400", 0, "no field 'statsu'", "did you mean 'status'?"),
        ("path:/mcp statsu>400", 10, "no field 'statsu'", "did you mean 'status'?"),
        ("dur>5x", 4, "'5x' is not a number with a unit", "units:"),
        ("status>=", 8, "status>= needs a value", ""),
        ("(a | b", 0, "this ( is never closed", ""),
        ("a | ", 3, "something is missing here", ""),
        (")", 0, "something is missing here", ""),
        ("a )", 2, "nothing to close", ""),
        ("path~[", 5, "bad regex", ""),
        ("is:bad", 3, "no state 'bad'", "known:"),
        ("~zz", 0, "no filter ~zz", ""),
        ("!", 1, "something is missing here", ""),
        ("path>3", 4, "this field is text", ""),
        ("(" * 60 + "a", 41, "nested too deep", ""),
    ],
)
def test_a_mistake_says_where_and_what_was_meant(text: str, column: int, says: str, hint: str) -> None:
    wrong = mistake(text)

    assert (wrong.column, str(wrong)[: len(says)]) == (column, says)
    assert wrong.hint.startswith(hint)


def test_what_depends_on_the_moment_is_tested_at_the_moment() -> None:
    moment = NOON
    vocabulary = replace(TOKENS.vocabulary, now=lambda: moment)
    expired = compile_filter("is:expired", vocabulary)
    soon = compile_filter("ttl<1m", vocabulary)
    assert expired is not None
    assert soon is not None
    row: TokenRow = tokens_()[0]

    assert (expired(row), soon(row)) == (False, True)
    moment += 10
    assert (expired(row), soon(row)) == (True, True)


def test_tab_completes_what_is_certain() -> None:
    complete = TRACES.vocabulary.complete

    assert complete("stat") == "status:"
    assert complete("status:4xx meth") == "status:4xx method:"
    assert complete("is:sl") == "is:slow"
    assert complete("!is:sl") == "!is:slow"
    assert complete("s") is None
    assert complete("nothing") is None


def test_ten_thousand_rows_are_compared_without_an_error() -> None:
    row = TraceRow("x", NOON, "GET", "/")
    predicate = compile_filter("status:2xx | (client:a path~b) size>1k", TRACES.vocabulary)
    assert predicate is not None

    assert not any(predicate(row) for _ in range(10_000))
