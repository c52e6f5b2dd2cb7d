"""The parser: it agrees with the standard library on JSON, takes comments, knows every place, and never raises."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devgw.config.finding import Finding, Findings
from devgw.config.jsonc import DEPTH_LIMIT, FAULT_LIMIT, parse
from devgw.config.node import Node
from devgw.config.source import Source


def reading(text: str) -> tuple[Node | None, list[Finding]]:
    findings = Findings()
    return parse(Source("f.json", text), findings), findings.found


def fault(text: str) -> Finding:
    node, found = reading(text)
    assert node is None
    assert len(found) == 1
    return found[0]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
PIECES = st.lists(
    st.sampled_from(
        [
            *'{}[],:"\\/*\n \t-+.e09',
            "true",
            "null",
            "//",
            "/*",
            "*/",
            '"a"',
            '"a":',
            "\\u",
            "\ud7ff",
            "\x00",
            "é",
            "NaN",
        ]
    )
)


@given(JSON, st.sampled_from([None, 2]))
def test_it_reads_json_as_the_standard_library_does(document: Any, indent: int | None) -> None:
    node, found = reading(json.dumps(document, indent=indent))

    assert found == []
    assert node is not None
    assert node.plain() == document


@given(JSON)
def test_every_value_stands_where_its_place_says(document: Any) -> None:
    text = json.dumps(document, indent=1, ensure_ascii=False)
    node, _ = reading(text)
    lines = text.split("\n")

    assert node is not None
    for each in node.walk():
        at = each.place
        written = text[each.start : each.end]
        assert json.loads(written) == each.plain()
        assert lines[at.line - 1][at.column - 1 :].startswith(written.split("\n")[0][:1])
        if each.key_start >= 0:
            name = each.key_place
            assert json.loads(text[each.key_start : each.key_end]) == each.key
            assert lines[name.line - 1][name.column - 1] == '"'


@settings(max_examples=400)
@given(PIECES.map("".join) | st.text())
def test_nothing_that_is_written_makes_it_raise(text: str) -> None:
    node, found = reading(text)

    assert node is not None or found
    for each in found:
        assert 1 <= each.line <= text.count("\n") + text.count("\r") + 1
        assert each.column >= 1


@given(JSON)
def test_comments_and_trailing_commas_change_nothing(document: Any) -> None:
    """As Zuplo's own examples are written."""
    plain, _ = reading(json.dumps(document))
    text = "// first\n" + json.dumps(document, indent=1).replace("\n", " /* x */ // y\n") + "\n/* last */"
    closed = text if not isinstance(document, (list, dict)) or not document else trailing(document)

    assert plain is not None
    for each in (text, closed):
        node, found = reading(each)
        assert found == []
        assert node is not None
        assert node.plain() == plain.plain()


def trailing(value: Any) -> str:
    if isinstance(value, list):
        return "[" + "".join(trailing(each) + "," for each in value) + "]"
    if isinstance(value, dict):
        return "{" + "".join(f"{json.dumps(key)}:{trailing(each)}," for key, each in value.items()) + "}"
    return json.dumps(value)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("", (1, 1), "The file ends where a value belongs"),
        ("{", (1, 2), "ends before the bracket opened at line 1, column 1"),
        ('{"a": 1]', (1, 8), "`]` stands where"),
        ('{"a" 1}', (1, 6), 'colon is missing after "a"'),
        ('{"a": }', (1, 7), "`}` stands where a value belongs"),
        ('{"a": 1,\n b: 2}', (2, 2), "name in double quotes"),
        ("{'a': 1}", (1, 2), "name in double quotes"),
        ("{“a”: 1}", (1, 2), "“ is no quotation mark"),
        ('{"a": “b c”}', (1, 7), "“ is no quotation mark"),
        ('["a", „b“]', (1, 7), "„ is no quotation mark"),
        ("{«a»: 1}", (1, 2), "« is no quotation mark"),
        ('{"a": True}', (1, 7), "`True` is not JSON"),
        ('{"a": 01}', (1, 7), "`01` is not JSON"),
        ('{"a": 1e999}', (1, 7), "too large"),
        ("[" + "9" * 5000 + "]", (1, 2), "too many digits"),
        ('["a\nb"]', (1, 2), "no end on its line"),
        ('["a\\x"]', (1, 2), "escape"),
        ('["\\ud800"]', (1, 2), "surrogate"),
        ('["a\x01"]', (1, 4), "U+0001"),
        ("[1, /* x", (1, 5), "never ends"),
        ("[1] 2", (1, 5), "after the end"),
        ("[1,,2]", (1, 4), "stands where a value belongs"),
        ('{"a": 1,,}', (1, 9), "A comma too many"),
        ("[" * (DEPTH_LIMIT + 1), (1, DEPTH_LIMIT + 1), "nested more than"),
        ('{"a":' * 100_000, (1, DEPTH_LIMIT * 5 + 1), "nested more than"),
    ],
)
def test_each_way_of_not_being_json_is_named_at_its_place(text: str, place: tuple[int, int], says: str) -> None:
    found = fault(text)

    assert found.code == "json-syntax"
    assert says in found.message
    assert (found.line, found.column) == place


def test_each_missing_comma_is_found_and_the_reading_goes_on() -> None:
    node, found = reading('{"a": 1\n "b": [1 2],\n "c": 3}')

    assert node is None
    assert [(each.line, each.column) for each in found] == [(1, 7), (2, 8)]
    assert all("comma is missing" in each.message for each in found)


def test_a_name_that_stands_twice_is_found_with_both_places() -> None:
    node, found = reading('{\n "a": 1,\n "a": 2\n}')

    assert [(each.code, each.line, each.column, each.pointer) for each in found] == [("duplicate-key", 3, 2, "/a")]
    assert "line 2" in found[0].message
    assert node is not None
    assert node.plain() == {"a": 2}


def test_pointers_are_escaped() -> None:
    """RFC 6901 §3."""
    node, _ = reading('{"a/b": {"c~d": [0, 1]}}')

    assert node is not None
    assert [each.pointer for each in node.walk()] == ["", "/a~1b", "/a~1b/c~0d", "/a~1b/c~0d/0", "/a~1b/c~0d/1"]


@pytest.mark.parametrize("text", ["[" + "1 " * 500_000 + "]", "{" + '"a":1,' * 300_000 + "}"])
def test_a_million_faults_end_the_reading_early(text: str) -> None:
    node, found = reading(text)

    assert node is None
    assert len(found) == FAULT_LIMIT + 1
    assert "was not read" in found[-1].message


def test_a_file_of_one_endless_line_is_read_and_its_line_not_shown_far_out() -> None:
    text = '{"a": [' + "1," * 100_000 + '], "clientSecret": "hunter2hunter2" "b": 1}'
    node, (found,) = reading(text)

    assert node is None
    assert found.column > 200_000
    assert found.source_line == ""
