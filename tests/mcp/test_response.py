"""Which request a response answers is read from JSON in pieces, wherever its id stands and however it is cut."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from devgw.mcp.attribution import UnansweredIds, shown_ids
from devgw.mcp.event_stream import EventReader
from devgw.mcp.response import (
    Message,
    ResponseReader,
    ResponseUnreadable,
    SecondDocument,
    find_plain_id,
    read_responses,
)

CUTS = (1, 2, 3, 7, 64, 1_000_000)
OWN = b'{"jsonrpc":"2.0","id":7,"result":{}}'


def read(text: bytes, cut: int) -> list[tuple[set[str], list[Any]]]:
    """Return names and ids of each message, read in pieces of `cut` bytes."""
    reader = ResponseReader()
    found = [each for at in range(0, len(text), cut) for each in reader.feed(text[at : at + cut])]
    return [(each.names & {"id", "result", "error", "method"}, each.ids) for each in found + reader.close()]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (OWN, [[7]]),
        (b'{"result":{"a":"\\"id\\":9","b":[{"id":3}]},"id":"x\\"y"}', [['x"y']]),
        (b'[{"id":1,"result":{}},{"id":2,"error":{}}]', [[1], [2]]),
        (b'{"id":1,"id":2,"result":1}', [[1, 2]]),
        (b'{"\\u0069d":5,"result":{}}', [[5]]),
        (b'{"a":' + b'{"id":1,"b":[' * 9 + b"]}" * 9 + b',"id":3,"result":null}', [[3]]),
        (b'{"result":"' + b'x\\"' * 3_000 + b'","id":4}', [[4]]),
        (b'{"' + b"k" * 5_000 + b'":1,"id":4,"result":1}', [[4]]),
        (b'{"id":12,"result":{', [[12]]),
        (b'{"id":{"a":1},"result":{}}', [[None]]),
        (b'{"id":true,"result":{}}', [[None]]),
        (b'\xef\xbb\xbf{"id":1.5,"result":{}}', [[1.5]]),
        (b"null", []),
        (b'"id"', []),
        (b"[]", []),
        (b"", []),
    ],
)
def test_ids_are_found_however_a_text_is_cut(text: bytes, ids: list[list[Any]], cut: int) -> None:
    assert [found for _, found in read(text, cut)] == ids


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("text", [OWN + OWN, OWN + b"\n" + OWN, b"[" + OWN + b"] " + OWN, OWN + b"[]"])
def test_a_second_text_behind_the_first_is_none_of_json_however_it_is_cut(text: bytes, cut: int) -> None:
    with pytest.raises(SecondDocument, match="it is no JSON: Extra data"):
        read(text, cut)


NAMES = ["id", "result", "error", "method", "x", "\\"]
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(
    members=some.dictionaries(
        some.sampled_from(["id", "result", "error", "method", "x", "\\"]), JSON | some.just(7), max_size=6
    ),
    cut=some.sampled_from(CUTS),
    is_ascii=some.booleans(),
)
def test_what_is_read_in_pieces_is_what_a_parser_reads(members: dict[str, Any], cut: int, *, is_ascii: bool) -> None:
    text = json.dumps(members, ensure_ascii=is_ascii).encode()
    (whole,) = read_responses(text)

    assert (plain := find_plain_id(text)) is None or whole.ids == [plain]

    assert read(text, cut) == [(whole.names & {"id", "result", "error", "method"}, whole.ids)]


@pytest.mark.parametrize(
    "text", [b"[" + b"{}," * 2_000, b"{" + b'"a":1,' * 2_000, b'{"a":' * 2_000, b"[" * 2_000, b'{"a":[' * 9_000]
)
def test_a_text_of_more_parts_than_any_answer_is_refused_at_once(text: bytes) -> None:
    with pytest.raises(ResponseUnreadable):
        read(text, 1_000)


@pytest.mark.parametrize("size", [1_000_000])
@pytest.mark.parametrize("inside", [b"[],", b'{"a":{"b":[1,2]}},', b'"\\"",', b"1,", b'{"id":8},'])
def test_a_long_text_costs_its_length_and_nothing_more(inside: bytes, size: int) -> None:
    """Quadratic reading of these would take minutes."""
    text = b'{"id":7,"result":[' + inside * (size // len(inside))

    assert read(text, 10_000) == [({"id", "result"}, [7])]


# --- whose it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ([7], OWN),
        ([7], b'{"jsonrpc":"2.0","id":7.0,"result":{}}'),
        (["7"], b'{"jsonrpc":"2.0","id":"7","result":{}}'),
        ([1, 2], b'[{"jsonrpc":"2.0","id":2,"result":{}},{"jsonrpc":"2.0","id":1,"result":{}}]'),
        ([1, 2], b'[{"jsonrpc":"2.0","id":2,"result":{}}]'),
        ([7], b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700}}'),
        ([7], b'{"jsonrpc":"2.0","error":{"code":-32700}}'),
        ([7], b'{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600}}'),
        ([7], b'{"jsonrpc":"2.0","id":99,"method":"sampling/createMessage"}'),
        ([7], b'{"jsonrpc":"2.0","method":"notifications/progress"}'),
        ([7], b'{"error":"invalid_request","id":"request-1"}'),
        ([], b'{"ok":true}'),
    ],
)
def test_ones_own_answer_and_what_is_no_response_may_pass(asked: list[Any], text: bytes) -> None:
    question = UnansweredIds(asked)

    assert all(question.is_own(each) for each in read_responses(text))


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ([7], b'{"jsonrpc":"2.0","id":8,"result":{}}'),
        ([1], b'{"jsonrpc":"2.0","id":"1","result":{}}'),
        (["1"], b'{"jsonrpc":"2.0","id":1,"result":{}}'),
        ([1], b'{"jsonrpc":"2.0","id":true,"result":{}}'),
        ([7], b'{"jsonrpc":"2.0","id":8,"error":{"code":1}}'),
        ([7], b'{"jsonrpc":"2.0","id":null,"result":{}}'),
        ([7], b'{"jsonrpc":"2.0","result":{}}'),
        ([7], b'{"jsonrpc":"2.0","id":null,"result":{},"error":{}}'),
        ([7], b'{"id":8,"result":{}}'),
        ([7], b'{"jsonrpc":"2.0","id":7,"id":8,"result":{}}'),
        ([7], b'{"jsonrpc":"2.0","id":8,"id":7,"result":{}}'),
        ([7], b'{"jsonrpc":"2.0","\\u0069d":8,"result":{}}'),
        ([7], b'{"jsonrpc":"2.0","id":8,"method":"x","result":{}}'),
        ([1, 2], b'[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":3,"result":{}}]'),
        ([1, 2], b'[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":1,"result":{}}]'),
        ([], OWN),
    ],
)
def test_another_ones_answer_may_not(asked: list[Any], text: bytes) -> None:
    question = UnansweredIds(asked)

    assert not all(question.is_own(each) for each in read_responses(text))


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        (OWN, 7),
        (b' { "id" : "a-1" , "result" : {}} ', "a-1"),
        (b'{"result":{},"jsonrpc":"2.0","id":7}\n', 7),
        (b'{"result":{"id":7}}', None),
        (b'{"result":{"id":7},"id":8}', None),
        (b'{"id":7,"result":{},"\\u0069d":8}', None),
        (b'[{"id":7,"result":{}}]', None),
        (b'{"x":{"id":7,"result":{}}}', None),
        (b'{"x":{},"id":7,"result":{}}', None),
        (b'{"result":"\\"id\\":7}"}', None),
        (b'{"id":null,"error":{}}', None),
        (b'{"id":7.0,"result":{}}', None),
        (b'{"id":01,"result":{}}', None),
    ],
)
def test_a_plain_text_is_told_by_a_glance(text: bytes, identifier: Any) -> None:
    assert find_plain_id(text) == identifier


def test_ids_are_shown_short_and_clean() -> None:
    assert shown_ids([]) == "no id"
    assert shown_ids([1, "1", None, 4]) == 'id 1, "1", null, …'
    assert shown_ids(["\x1b]52;c;x"]) == 'id "\\u001b]52;c;x"'
    assert len(shown_ids(["x" * 500])) < 60


# --- event streams ----------------------------------------------------------------------------------------------------


def events(text: bytes, cut: int) -> tuple[bytes, list[Message]]:
    """Return the bytes of the events that ended, and the messages in them."""
    reader, done, found = EventReader(), 0, []
    for at in range(0, len(text), cut):
        ended, messages = reader.feed(text[at : at + cut])
        done = at + ended if ended else done
        found += messages
    return text[:done], found


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_the_messages_of_a_stream_are_read_with_every_line_end(end: bytes, cut: int) -> None:
    lines = [b"event: message", b"id: 1", b'data: {"jsonrpc":"2.0",', b'data:"id":1,"result":{"x":"data: 5"}}', b""]
    lines += [b": comment", b"", b"data", b"", b"datax: {", b'data: {"id":"b","result":1}', b""]
    text = end.join(lines) + end

    done, found = events(text + b"data: half", cut)

    assert [each.ids for each in found] == [[1], ["b"]]
    assert done in {text, text.removesuffix(b"\n")}  # of a blank line in CR LF that is cut, the LF comes too late


def test_a_mark_of_byte_order_hides_no_event() -> None:
    assert [each.ids for each in events(b'\xef\xbb\xbfdata: {"id":1,"result":{}}\n\n', 1)[1]] == [[1]]


def test_broken_json_in_one_event_hides_nothing_in_the_next() -> None:
    text = b'data: {"a":"\n\ndata: {"id":1,"result":{}}\n\n'

    assert [each.ids for each in events(text, 1_000)[1]] == [[], [1]]
