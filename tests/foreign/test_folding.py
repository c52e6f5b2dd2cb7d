"""How long text is broken into lines."""

import pytest

from devgw.foreign import folding
from devgw.foreign.folding import fold
from devgw.foreign.text import cells

WORDS = "a word, 日本語 ❤️ e\u0301 and https://a.example/some/longer/path?with=a&query=of-many-letters, then more"


@pytest.mark.parametrize("width", [2, 3, 8, 20, 400])
@pytest.mark.parametrize("text", [WORDS, WORDS.replace(" ", ""), "日" * 50, "x" * 99, "e\u0301" * 30, "", " "])
def test_no_line_is_wider_and_nothing_but_blanks_at_its_ends_is_lost(text: str, width: int) -> None:
    lines = fold(text, width)
    assert max(map(cells, lines)) <= width
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_line_ends_between_words_where_it_can() -> None:
    assert fold("one two three", 8) == ["one two", "three"]
    assert fold("abcdefghij kl", 4) == ["abcd", "efgh", "ij", "kl"]


@pytest.mark.parametrize("width", [-1, 0, 1])
def test_where_there_is_no_room_a_character_has_a_line(width: int) -> None:
    assert fold("ab 日", width) == ["a", "b", "日"]


@pytest.mark.parametrize("word", ["x", "ü", "日", "e\u0301"])
def test_each_letter_is_measured_a_few_times_however_long_the_text_is(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = 0

    def counted(text: str) -> int:
        nonlocal measured
        measured += len(text)
        return cells(text)

    monkeypatch.setattr(folding, "cells", counted)
    text = word * 20_000
    fold(text, 40)
    assert measured <= 5 * len(text)
