"""What the answer to a request that is asked again says otherwise: in few lines, however long both are."""

from dataclasses import replace

from devgw.limits import Limits
from devgw.monitor.details import BodyView
from devgw.monitor.replay import replayed
from tests.monitor.test_comparison import called


def report(then: list[str], now: list[str]) -> list[str]:
    """Return the lines of the report on two answers with these lines."""
    one, other = (replace(called(1), response_body=BodyView("\n".join(each), 9)) for each in (then, now))
    return replayed(one, other, 0).report.splitlines()


def test_lines_that_differ_stand_with_their_places_and_those_around_them() -> None:
    then = [f"line {number}" for number in range(1, 2_001)]
    now = [*then[:999], "another", "and one more", *then[1_000:1_199], *then[1_200:]]
    assert report(then, now)[2:] == [
        *("--- then", "+++ now", "@@ -999 +999 @@", " line 999", "-line 1000", "+another", "+and one more"),
        *(" line 1001", "@@ -1199 +1200 @@", " line 1199", "-line 1200", " line 1201"),
        f"… and what comes after line {998 + Limits.COMPARED_LINES} was not compared",
    ]


def test_what_is_only_moved_behind_the_last_line_that_is_compared_is_not_told_as_missing() -> None:
    then = [f"line {number}" for number in range(1, 2_001)]
    said = report(then, ["first", *then])[2:]
    assert said[:4] == ["--- then", "+++ now", "@@ -1 +1 @@", "+first"]
    assert [each for each in said if each.startswith("-line")] == []
    assert "@@" not in "".join(said[3:])


def test_of_answers_in_which_everything_is_another_a_few_lines_are_told() -> None:
    said = report(["a", "b"] * 15_000, ["b", "c"] * 15_000)
    assert len(said) < 60
    assert said[-1] == f"… and what comes after line {Limits.COMPARED_LINES} was not compared"


def test_an_answer_that_goes_on_where_the_other_ends_differs_by_what_follows() -> None:
    assert report(["x"], ["x", "y"])[2:] == ["--- then", "+++ now", "@@ -1 +1 @@", " x", "+y"]
    assert "+y" in report(["x"], ["x", *["y"] * 1_000])
    assert report(["x"] * 900, ["x"] * 900)[-1] == "The answer is the same."
