"""Lines, countdowns, frames, colours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgw.dashboard.look import words
from devgw.dashboard.look.countdown import WIDTH, countdown
from devgw.dashboard.look.frame import Frame, Scroll, framed
from devgw.dashboard.look.glyphs import ASCII, UNICODE, choose
from devgw.dashboard.look.line import cut, fit, line, line_cells, plain, slide, spread, wrap
from devgw.dashboard.look.palette import PALETTES, Styles, contrast
from devgw.dashboard.look.sheet import Sheet
from devgw.foreign.text import cells, clean

NOW = 1_000_000.0


@given(st.text(max_size=30), st.integers(0, 40))
def test_a_fitted_text_takes_exactly_its_cells(text: str, width: int) -> None:
    assert cells(fit(text, width)) == width


@given(st.text(max_size=30), st.integers(0, 40))
def test_a_cut_line_takes_no_more_than_its_cells(text: str, width: int) -> None:
    assert line_cells(cut(line((clean(text), ""), ("tail", "dim")), width, "…")) <= width


@given(st.text(max_size=60), st.integers(8, 40))
def test_a_wrapped_text_keeps_its_letters_and_its_width(text: str, width: int) -> None:
    lines = wrap(text, width)

    assert all(line_cells(each) <= width for each in lines)
    kept = "".join(plain(each) for each in lines).replace(" ", "")
    assert kept == "".join(clean(part) for part in text.split("\n")).replace(" ", "")


def test_a_name_cannot_write_outside_its_cell() -> None:
    """A client calls itself what it likes: escapes, line ends, text that runs backwards."""
    assert clean("a\x1b[2Jb\r\n\u202ec\u200d") == "a\\u{1b}[2Jb\\u{d}\\u{a}\\u{202e}c\\u{200d}"


def test_wide_letters_take_two_cells() -> None:
    assert fit("日本語", 4) == "日… " or cells(fit("日本語", 4)) == 4
    assert (
        plain(
            slide(
                line(
                    ("日本語", ""),
                ),
                2,
            )
        )
        == "本語"
    )


def test_two_ends_share_a_line_and_the_left_one_gives_way() -> None:
    assert plain(spread(line("left side is long"), line("right"), 15)) == "left sid… right"


@pytest.mark.parametrize(
    ("left", "whole", "ended", "says"),
    [
        (2_520_000, 2_592_000, "", "   29d04h ███████▊"),
        (378, 900, "", "    6m18s ███▍░░░░"),
        (44, 900, "", " !    44s ▍░░░░░░░"),
        (9, 900, "", "!!     9s ▏░░░░░░░"),
        (0, 900, "", " ✗    -0s ········"),
        (-12, 900, "", " ✗   -12s ········"),
        (400, 900, "reused", " ✗ reused ········"),
        (400, 900, "revoked", "✗ revoked ········"),
    ],
)
def test_a_countdown_says_it_in_sign_time_and_bar(left: int, whole: int, ended: str, says: str) -> None:
    text, _look = countdown(NOW, NOW + left, NOW + left - whole, ended).cell(UNICODE)

    assert text == says
    assert cells(text) == WIDTH


def test_what_never_expires_says_so() -> None:
    assert countdown(NOW, 0.0).cell(UNICODE)[0] == "  ∞ never ········"


def test_all_countdowns_change_on_the_same_second() -> None:
    one, other = countdown(NOW + 0.9, NOW + 60.2), countdown(NOW + 0.9, NOW + 60.7)

    assert one.left == other.left == 60


def test_without_colour_and_without_unicode_every_urgency_still_differs() -> None:
    cases = [(900, ""), (44, ""), (9, ""), (-1, ""), (900, "reused")]
    texts = {countdown(NOW, NOW + left, NOW + left - 900, ended).cell(ASCII)[0] for left, ended in cases}

    assert len(texts) == len(cases)
    assert all(each.isascii() for each in texts)


def test_the_ascii_signs_are_ascii() -> None:
    assert all(getattr(ASCII, name).isascii() for name in ASCII.__slots__)
    assert all(cells(getattr(UNICODE, name)) == len(getattr(UNICODE, name)) for name in UNICODE.__slots__)


@pytest.mark.parametrize(
    ("environment", "wanted", "encoding", "is_ascii"),
    [
        ({}, False, "UTF-8", False),
        ({}, True, "utf-8", True),
        ({}, False, "ascii", True),
        ({"TERM": "linux"}, False, "utf8", True),
    ],
)
def test_the_terminal_decides_which_signs(
    environment: dict[str, str], wanted: bool, encoding: str, is_ascii: bool
) -> None:
    assert (choose(environment, wanted, encoding) is ASCII) is is_ascii


@pytest.mark.parametrize("name", [name for name, palette in PALETTES.items() if not palette.is_ansi])
@pytest.mark.parametrize("colour", ["text", "dim", "ok", "warn", "bad", "now", "key", "strong"])
def test_every_colour_can_be_read(name: str, colour: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text."""
    palette = PALETTES[name]

    assert contrast(getattr(palette, colour), palette.background) >= 4.5


@pytest.mark.parametrize("name", PALETTES)
def test_a_selected_row_differs_from_others_in_more_than_colour(name: str) -> None:
    styles = Styles(PALETTES[name])

    assert styles.style("@").bold
    assert styles.style("@") != styles.style("")


def test_a_frame_is_as_large_as_asked_and_shows_where_one_is() -> None:
    frame = Frame(line(("Flows", "title")), "7 of 90", scroll=Scroll(40, 5, 90))

    box = framed(frame, [line(str(n)) for n in range(5)], 40, 7, UNICODE)

    assert [line_cells(each) for each in box] == [40] * 7
    assert plain(box[0]) == "┌─ Flows ──────────────────── 7 of 90 ─┐"
    assert sum(plain(each).endswith("┃") for each in box) == 1


@pytest.mark.parametrize(
    ("value", "says"), [(0.4, "0.4ms"), (38, "38ms"), (1_234, "1.2s"), (41_000, "41s"), (182_000, "3m02s")]
)
def test_durations_are_short(value: float, says: str) -> None:
    assert words.milliseconds(value) == says


@pytest.mark.parametrize(
    ("count", "says"), [(0, "0"), (312, "312"), (1_204, "1.2k"), (64_000, "64k"), (3_100_000, "3.1M")]
)
def test_sizes_are_short(count: int, says: str) -> None:
    assert words.size(count) == says


@given(st.text(min_size=1, max_size=30), st.integers(4, 12))
def test_no_name_of_a_fact_is_cut(name: str, names: int) -> None:
    sheet = Sheet(60, UNICODE)
    sheet.names = names
    sheet.fact(name, "value")

    shown = "".join(plain(each) for each in sheet.lines)
    assert shown.replace(" ", "") == f"{clean(name)}value".replace(" ", "")
