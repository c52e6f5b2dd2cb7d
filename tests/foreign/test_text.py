"""What the one cleaner of text leaves of what could deceive or steer."""

import pytest

from devgw.foreign.text import clean, clean_lines, hidden_in

OVERRIDE, ESCAPE, JOINER = "\u202e", "\x1b", "\u200d"


@pytest.mark.parametrize(
    "text", ["", "Claude Code", "Bücher", "日本語", "a — b…", "\u26a0\ufe0f", "e\u0301\u0323", "नमस्ते"]
)
def test_what_can_be_seen_stays(text: str) -> None:
    assert clean(text) == text
    assert hidden_in(text) == ""


@pytest.mark.parametrize(
    "bad",
    [
        *(
            ESCAPE,
            "\x9b",
            "\n",
            "\r",
            "\t",
            "\x00",
            OVERRIDE,
            JOINER,
            "\u2028",
            "\ufeff",
            "\u3164",
            "\U000e0041",
            "\ud800",
        ),
        *("\ufe00", "\U000e0100", "\u180b", "\u2065", "\U000e0fff", "\ufff0"),
    ],
)
def test_what_cannot_is_written_out(bad: str) -> None:
    assert clean(f"a{bad}b") == f"a\\u{{{ord(bad):x}}}b"
    assert hidden_in(f"a{bad}b") == f"U+{ord(bad):04X}"


@pytest.mark.parametrize("mark", ["\u0323", "\u0489", "\u0300\u0336"])
def test_marks_that_pile_up_are_written_out_and_draw_over_nothing(mark: str) -> None:
    """A hundred on one letter reach over ten lines of a page."""
    shown = clean("e" + mark * 100)
    assert len([each for each in shown if each in mark]) == 4
    assert f"\\u{{{ord(mark[-1]):x}}}" in shown
    assert clean(f"e{mark}" * 3) == f"e{mark}" * 3


def test_a_long_text_is_cut_where_it_says_so() -> None:
    assert clean("abcdef", 4) == "abc…"
    assert clean("abcd", 4) == "abcd"


def test_lines_stay_lines_where_a_layout_is_shown() -> None:
    assert clean_lines(f"a\r\n\tb{ESCAPE}[2J") == "a\n\tb\\u{1b}[2J"
