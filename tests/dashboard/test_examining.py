"""Every probe of the doctor by one key: a row for each, as soon as it is known, with its fix beside it."""

from typing import Any

from devgw.control.messages import PARTS, CheckRow, CommandAnswer, Events, HealthView, StateChange
from devgw.dashboard.world import Link
from tests.dashboard.bench import Bench
from tests.support.sample_world import NOON

KEYS = {
    "name": "provider.keys",
    "verdict": "fail",
    "did": "asked for the keys",
    "saw": "nothing answers at https://idp.test/jwks",
    "todo": "Start what should answer there.",
    "diagnosis_id": "JWKS-02",
}
GOOD = {"name": "machine.port", "verdict": "pass", "did": "looked at port 9000", "saw": "devgw listens"}


def answer(bench: Bench, number: int, *checks: dict[str, Any]) -> None:
    bench.port.waiting[number](CommandAnswer("1", True, {"checks": [*checks]}))
    bench.desk.take(bench.world.drain())


def begun() -> Bench:
    bench = Bench(rows={})
    bench.press("9", "r")
    bench.desk.take(bench.world.drain())
    return bench


def test_each_part_is_asked_for_and_stands_there_while_it_is_looked_at() -> None:
    bench = begun()

    assert [arguments["part"] for name, arguments in bench.port.asked if name == "examine"] == [*PARTS]
    assert bench.text().count("asked") >= len(PARTS)
    assert "the identity provider" in bench.text()


def test_a_row_stands_as_soon_as_it_is_known_with_its_fix_beside_it() -> None:
    bench = begun()
    answer(bench, 1, GOOD)
    assert "machine.port: devgw listens" in bench.text()
    assert "looking at each upstream" in bench.text()

    answer(bench, 3, KEYS)
    bench.press("g")
    text = bench.text()
    assert "✗ error" in text
    assert "JWKS-02" in text
    assert "Start what should answer there." in text
    assert "devgw explain JWKS-02" in text


def test_at_the_end_it_says_how_it_went_and_a_second_time_begins_anew() -> None:
    bench = begun()
    for number in range(len(PARTS)):
        answer(bench, number, *([KEYS] if number == 3 else []))
    assert "1 check: 1 failure" in bench.text()

    bench.press("r")
    bench.desk.take(bench.world.drain())
    assert "provider.keys" not in bench.text()


def test_what_is_only_suspected_is_no_error() -> None:
    bench = begun()
    answer(bench, 3, KEYS | {"is_certain": False})
    bench.press("g")

    assert "! maybe" in bench.text()
    assert "✗ error" not in bench.text()


def test_marks_stand_below_what_they_mark_and_the_fix_comes_first() -> None:
    bench = begun()
    answer(bench, 3, KEYS | {"marks": ["http://localhost/cb", "                ^", "http://localhost/ccb"]})
    bench.press("g")
    shown = [row.split("││")[1] for row in bench.text().splitlines() if "││" in row]
    at = next(number for number, row in enumerate(shown) if row.startswith("http://localhost/cb"))

    assert shown[at + 1].startswith("                ^")
    assert next(number for number, row in enumerate(shown) if "Start what" in row) < at


def test_a_part_that_cannot_be_looked_at_says_why() -> None:
    bench = begun()
    bench.size = (200, 50)
    bench.port.waiting[0](CommandAnswer("1", code="not_possible", explanation="It is only watched."))
    bench.desk.take(bench.world.drain())

    assert "It is only watched." in bench.text()


def test_without_a_gateway_nothing_is_asked() -> None:
    bench = Bench(rows={})
    bench.world.lose("trying again", NOON, Link.LOST)
    bench.press("9", "r")

    assert bench.port.asked == []
    assert "not reachable" in bench.text()


def test_what_was_met_by_the_way_stays_beside_the_probes(bench: Bench) -> None:
    bench.press("9")
    met = len(bench.desk.listing)
    bench.press("r")
    bench.desk.take(bench.world.drain())
    assert len(bench.desk.listing) == met + len(PARTS)
    bench.press("/", "probe", "enter")
    assert len(bench.desk.listing) == len(PARTS)


def test_health_shows_how_a_check_was_before(bench: Bench) -> None:
    was = StateChange(NOON - 600, NOON - 60, "bad", "the provider is 90 s behind us")
    row = CheckRow("clock", "bad", "the provider is 95 s behind us", at=NOON, changed=NOON - 60, history=[was])
    bench.world.events(Events(99, NOON, {"health": [HealthView(checks=[row])]}), NOON)
    bench.desk.take(bench.world.drain())
    bench.press("8")

    assert "the provider is 90 s behind us, for 9m00s" in " ".join(bench.text().replace("│", " ").split())
