"""How long a server asks to be left alone is repeated only where it can be followed (RFC 9110 §10.2.3)."""

import pytest

from devgw.foreign.retry_after import read_wait

NOW = "Sun, 22 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("30", "30 s"),
        (" 599 ", "599 s"),
        ("600", "10 min"),
        ("601", "11 min"),
        ("86400", "24 h"),
        ("2592000", "30 days"),
        ("Sun, 22 Nov 2026 12:00:30 GMT", "30 s"),
        ("Sun, 22 Nov 2026 15:00:00 GMT", "3 h"),
        ("Sunday, 22-Nov-26 12:01:00 GMT", "60 s"),
    ],
)
def test_a_moment_to_come_is_said(value: str, wait: str) -> None:
    assert read_wait({"retry-after": value, "date": NOW}) == wait


@pytest.mark.parametrize(
    "value",
    [
        *("", "0", "-30", "+30", "30.5", "1e3", "soon", "\xb2", "\u0663", "99999999999999999999", "3000000"),
        *("Wed, 21 Oct 2015 07:28:00 GMT", "Sun, 22 Nov 2026 12:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"),
        *("30, 60", "30, Sun, 22 Nov 2026 12:00:30 GMT", "Sun, 22 Nov 2026 12:00:30 GMT, 30"),
    ],
)
def test_what_is_over_or_far_or_no_moment_is_no_advice(value: str) -> None:
    assert read_wait({"retry-after": value, "date": NOW}) == ""


@pytest.mark.parametrize("headers", [{}, {"date": ""}, {"date": "now"}])
def test_a_date_says_nothing_where_the_server_does_not_say_what_time_it_is_there(headers: dict[str, str]) -> None:
    """Its clock may stand otherwise than ours."""
    assert read_wait({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"} | headers) == ""
