"""A member put into a JSON text and taken out again: no other letter changes."""

import json

import pytest

from devgw.config.member_edit import NoMembers, drop_member, put_member

TEXTS = [
    '{"m": {"a": {"x": 1.0e3}}}',
    '{ "b" : "\\u00fc\\/" , "m" : { "a" : [1,2 , 3] } }',
    '{\n  "m": {\n    "a": {\n      "x": 1\n    }\n  },\n  "z": [1, 2]\n}\n',
    '{\n\t"m": {\n\t\t"a": 1\n\t}\n}',
    '{\r\n    "m": {\r\n        "a": {"x": 1}\r\n    }\r\n}\r\n',
    '{\n  "m": {"a": 1}, "n": {"a": 2}\n}',
    '{"m":{}}',
    '{\n  "m": {}\n}\n',
    '{\r\n\t"m": {}\r\n}',
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("count", [1, 3])
def test_what_is_put_in_and_taken_out_leaves_every_letter(text: str, count: int) -> None:
    before = json.loads(text)
    changed = text
    for number in range(count):
        changed = put_member(changed, "m", f"new {number}", {"url": "http://localhost/", "é": [number]})
    new = {f"new {number}": {"url": "http://localhost/", "é": [number]} for number in range(count)}
    assert json.loads(changed) == before | {"m": before["m"] | new}
    assert list(json.loads(changed)["m"]) == [*before["m"], *new]
    assert changed.count("\n") == changed.count("\r\n") or "\r\n" not in text
    for number in range(count):
        changed = drop_member(changed, "m", f"new {number}")
    assert changed == text


@pytest.mark.parametrize("text", ["{}", '{"a": 1}', "{\n}", '{\n    "a": 1\n}\n', '{\r\n "a": 1\r\n}'])
def test_a_table_that_is_not_there_is_made(text: str) -> None:
    changed = put_member(text, "m", "new", {"x": 1})
    assert json.loads(changed) == json.loads(text) | {"m": {"new": {"x": 1}}}
    assert changed.count("\n") == changed.count("\r\n") or "\r\n" not in text


@pytest.mark.parametrize("gone", ["a", "b", "c"])
def test_a_member_is_taken_out_wherever_it_stands(gone: str) -> None:
    text = '{\n  "m": {\n    "a": 1,\n    "b": {"y": "}"},\n    "c": 3\n  }\n}'
    left = json.loads(text)["m"]
    left.pop(gone)
    changed = drop_member(text, "m", gone)
    assert json.loads(changed)["m"] == left
    assert [each for each in text.splitlines() if f'"{gone}"' not in each][:2] == changed.splitlines()[:2]
    assert changed.count("\n") == text.count("\n") - 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"m": {"a": "\\ud800"}}', "line 1, column 13: Half of a surrogate pair"),
        ("[]", "an object belongs where it has an array"),
        ('{"m": 1}', "an object belongs where it has a number"),
        ('{"m": {', "line 1"),
    ],
)
def test_what_cannot_be_edited_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(NoMembers, match=said):
        put_member(text, "m", "new", 1)
