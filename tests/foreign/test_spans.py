"""Stretches of time as people write them."""

import pytest

from devgw.foreign.spans import read_span, span_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("+16m", 960),
        ("1h30m", 5_400),
        ("30d", 2_592_000),
        ("15", 15),
        (" 2h ", 7_200),
        ("366d", 31_622_400),
    ],
)
def test_a_span_is_read(text: str, seconds: int) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "x", "0", "0s", "-5m", "1h 30m", "1.5h", "367d", "9" * 30, "٣m", "+", "m", "1y", "+-1m"]
)
def test_what_is_no_span_is_none(text: str) -> None:
    assert read_span(text) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59, "59s"), (960, "16m"), (5_400, "1h30m"), (90_061, "1d1h"), (-60, "1m")]
)
def test_a_span_is_told_in_two_units_at_most(seconds: int, text: str) -> None:
    assert span_text(seconds) == text
