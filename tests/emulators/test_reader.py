"""The emulators' own door."""

import pytest

from devgw.emulators.reader import read_json


@pytest.mark.parametrize("text", ["[" * 60_000, "[" * 51 + "]" * 51, '{"a":' * 480 + "1" + "}" * 480, "{", "9" * 5_000])
def test_what_would_break_a_reader_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(text)


def test_what_is_json_is_read() -> None:
    assert read_json(b'{"a": [1]}') == {"a": [1]}
