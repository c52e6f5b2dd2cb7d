"""What the one reader of TOML takes, and what it refuses with a reason."""

import pytest

from devgw.foreign.toml import TomlRefused, read_toml


def test_what_is_toml_is_read() -> None:
    assert read_toml("[a]\nb = 1") == {"a": {"b": 1}}


@pytest.mark.parametrize("text", ["a", "a = " + "[" * 20_000, "a = " + "9" * 5_000, "a = 1\na = 2", "a = 9999-99-99"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(TomlRefused):
        read_toml(text)


LONG = ".".join("a" * 20_000)


@pytest.mark.parametrize("text", [f"{LONG} = 1", f"[{LONG}]", f"[[ {LONG} ]]", f"x = {{b = 1, {LONG} = 1}}"])
@pytest.mark.parametrize("dot", [".", " . ", "\t.\t"])
@pytest.mark.parametrize("part", ["a", '"a b"', "'a.b'"])
def test_a_key_of_too_many_parts_is_refused_at_once(text: str, dot: str, part: str) -> None:
    """Python's own reader takes minutes over it."""
    with pytest.raises(TomlRefused, match="more than 64 parts"):
        read_toml(text.replace(".", dot).replace("a", part))


@pytest.mark.parametrize("text", ["a = 'b.c.d'", "a.b.c = 1", "a = '" + "." * 300 + "'", "a = [1.5, 2.5]"])
def test_dots_elsewhere_are_none_of_a_key(text: str) -> None:
    assert read_toml(text)
