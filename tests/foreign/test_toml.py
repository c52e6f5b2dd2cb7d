"""What the one reader of TOML takes, and what it refuses with a reason."""

import pytest

from devgw.foreign.toml import TomlRefused, read_toml


def test_what_is_toml_is_read() -> None:
    assert read_toml("[a]\nb = 1") == {"a": {"b": 1}}


@pytest.mark.parametrize("text", ["a", "a = " + "[" * 20_000, "a = " + "9" * 5_000, "a = 1\na = 2", "a = 9999-99-99"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(TomlRefused):
        read_toml(text)
