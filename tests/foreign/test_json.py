"""What the one reader of JSON takes, and what it refuses with a reason."""

import time

import pytest

from devgw.foreign.json import JsonRefused, find_refusal, read_json, read_object
from devgw.limits import Limits


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


def test_what_is_json_is_read() -> None:
    assert read_json(b'{"a": [1, 2.5, "\xc3\xa9", null, true]}') == {"a": [1, 2.5, "é", None, True]}


@pytest.mark.parametrize("depth", [1, Limits.JSON_DEPTH])
def test_depth_is_taken_up_to_the_limit(depth: int) -> None:
    assert read_json(nested(depth)) is not None


@pytest.mark.parametrize("depth", [Limits.JSON_DEPTH + 1, 900, 100_000])
@pytest.mark.parametrize("text", ["array", "object"])
def test_what_is_deeper_is_refused_by_the_limits_name(depth: int, text: str) -> None:
    content = nested(depth) if text == "array" else '{"a":' * depth + "1" + "}" * depth
    with pytest.raises(JsonRefused) as refused:
        read_json(content)
    assert refused.value.limit == "JSON_DEPTH"


def test_brackets_in_a_string_are_no_depth() -> None:
    assert read_json('["' + "[" * 5_000 + '"]') == ["[" * 5_000]


def test_many_objects_side_by_side_are_not_deep() -> None:
    assert len(read_json("[" + ",".join(['{"a":{}}'] * 1_000) + "]")) == 1_000


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"a":1,"a":2}', b'{"x":{"a":1,"b":2,"a":3}}', b"NaN", b"[Infinity]", b"1e999", b"9" * 5_000, b"\xff"],
)
def test_what_two_readers_may_read_differently_is_refused(content: bytes) -> None:
    with pytest.raises(JsonRefused):
        read_json(content)


def test_what_is_longer_than_asked_is_refused() -> None:
    with pytest.raises(JsonRefused) as refused:
        read_json(b"[1,2,3]", most_bytes=6)
    assert refused.value.limit == "JSON_BYTES"


@pytest.mark.parametrize("content", ["[]", "1", '"x"', "null", "true"])
def test_an_object_is_asked_for_and_nothing_else_taken(content: str) -> None:
    with pytest.raises(JsonRefused):
        read_object(content)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_another_encoding_than_utf_8_is_not_guessed(encoding: str) -> None:
    """RFC 8259 §8.1: text between systems MUST be UTF-8; a mark of byte order MAY be ignored."""
    with pytest.raises(JsonRefused):
        read_json('{"a": 1}'.encode(encoding))
    assert read_json(b"\xef\xbb\xbf[1]") == [1]


def test_a_member_that_stands_twice_is_found_in_one_pass() -> None:
    members = ",".join(f'"{number}":0' for number in range(300_000))

    began = time.monotonic()
    with pytest.raises(JsonRefused, match="'299999' stands twice"):
        read_json("{" + members + ',"299999":1}')
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("text", ["[" + "[]," * 3_000_000 + "0]", "[" + "{}," * 1_000_001 + "0]"])
def test_what_is_short_as_text_and_enormous_as_objects_is_refused(text: str) -> None:
    with pytest.raises(JsonRefused) as refused:
        read_json(text)
    assert refused.value.limit == "JSON_VALUES"


@pytest.mark.parametrize(
    "content",
    [
        b'{"keys":[' + b"{}," * 300_000 + b"{}]}",
        b'{"keys":[' + b",".join(b'{"kid":"%d"}' % each for each in range(40_000)) + b"]}",
        b'{"keys":[' + (b"[" * 32 + b"]" * 32 + b",") * 14_000 + b"1]}",
        b"{" + b",".join(b'"%d":1' % each for each in range(70_000)) + b"}",
    ],
    ids=["empty", "named", "nested", "members"],
)
def test_a_document_has_no_room_for_what_takes_fifty_times_its_text(content: bytes) -> None:
    with pytest.raises(JsonRefused) as refused:
        read_object(content)
    assert (refused.value.limit, refused.value.wanted) == ("JSON_VALUES", "JSON of 50,000 values at most")


def test_a_refusal_that_is_kept_holds_nothing_of_what_was_read() -> None:
    """It is an exception, with the frames that it went through and all that stands in them."""
    refused = find_refusal(b'{"a":' + b"x" * 1_000, "application/json")
    assert refused is not None
    assert (refused.__traceback__, refused.__cause__, refused.__context__) == (None, None, None)
