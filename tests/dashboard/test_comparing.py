"""Two requests side by side: what differs between them."""

import json
from dataclasses import replace

from devgw.cli.printing import as_json
from devgw.control.messages import CommandAnswer, FlowComparison, ReplayView, TraceDetail, TraceRow
from devgw.foreign.folding import folded_with_marks
from tests.dashboard.bench import Bench


def marked(bench: Bench) -> list[str]:
    bench.press("2", "space", "space")
    assert "= compare" in bench.text()
    bench.press("=")
    return [arguments["id"] for name, arguments in bench.port.asked if name == "inspect"]


def came(bench: Bench, number: int, status: int) -> None:
    opened = next(detail for (kind, _), detail in bench.desk.scene.details.items() if kind == "trace")
    detail = replace(opened, row=replace(opened.row, status=status), url="http://localhost:9000/mcp?a=1&b=2")
    bench.port.waiting[number](CommandAnswer("1", True, json.loads(as_json(detail))))


def test_what_differs_between_two_that_are_marked_is_shown_the_older_first(bench: Bench) -> None:
    ids = marked(bench)
    rows = {row.id: row.at for row in bench.world.table("trace")}
    assert len(ids) == 2
    assert rows[ids[0]] < rows[ids[1]]

    came(bench, 1, 401)
    assert bench.desk.overlay is None
    came(bench, 0, 200)
    text = bench.text()
    assert f"From {ids[0]} to {ids[1]}" in text
    assert "-answered 200" in text
    assert "+answered 401" in text
    assert "-request authorization" not in text


def test_where_nothing_differs_it_says_so(bench: Bench) -> None:
    marked(bench)
    came(bench, 0, 200)
    came(bench, 1, 200)
    assert "told in the same words" in bench.text()


def test_one_that_is_no_longer_kept_is_said(bench: Bench) -> None:
    marked(bench)
    bench.port.waiting[0](CommandAnswer("1", code="not_found", explanation="There is no trace 7f3."))
    assert "There is no trace 7f3." in bench.text()


def test_it_wants_two_and_says_how_many_there_are(bench: Bench) -> None:
    bench.press("2", "space", "=")
    assert "mark two with space; 1 is marked" in bench.text()
    assert [name for name, _ in bench.port.asked if name == "inspect"] == []


def test_a_flow_is_laid_beside_the_last_good_one_of_its_client(bench: Bench) -> None:
    bench.press("1")
    row = bench.desk.row
    assert row is not None
    bench.press("=")
    (name, arguments) = bench.port.asked[-1]
    assert (name, arguments) == ("compare", {"id": row.id, "other": ""})

    compared = FlowComparison(
        row, replace(row, id="f-0900d1"), report="1. authorize: `resource` of GET /oauth/authorize\n"
    )
    bench.port.waiting[-1](CommandAnswer("1", True, json.loads(as_json(compared))))
    text = bench.text()
    assert f"{row.id} beside f-0900d1" in text
    assert "1. authorize: `resource`" in text
    bench.press("y")
    assert bench.port.copied[-1] == compared.report


def test_another_flow_is_named_by_a_command(bench: Bench) -> None:
    bench.press("1")
    row = bench.desk.row
    assert row is not None
    bench.press(":", "diff f-0900d1", "enter")
    assert bench.port.asked[-1] == ("compare", {"id": row.id, "other": "f-0900d1"})


def test_that_no_flow_went_well_is_said(bench: Bench) -> None:
    bench.press("1", "=")
    bench.port.waiting[-1](CommandAnswer("1", code="not_found", explanation="None went well.", hint="Name one."))
    assert "None went well. Name one." in bench.text()


def test_marks_stand_under_what_they_mark_in_any_width() -> None:
    value, marks = "   this   http://localhost:33418/callbacks", " " * 41 + "^"
    for width in (20, 44, 200):
        lines = folded_with_marks(f"one\n{value}\n{marks}\n   and a longer line of words", width)
        at = next(number for number, each in enumerate(lines) if "^" in each)
        assert lines[at - 1][lines[at].index("^")] == "s"
        assert max(map(len, lines)) <= width
        assert "".join(each for each in lines[1:] if "^" not in each).replace(" ", "").startswith("thishttp")


def test_a_message_of_an_earlier_flow_opens_its_request_which_is_in_no_list(bench: Bench) -> None:
    bench.press("1")
    row = bench.desk.row
    assert row is not None
    row.run = 1.0
    bench.press("enter", "j", "j")
    while bench.desk.target() is None:
        bench.press("j")
    target = bench.desk.target()
    assert target is not None
    bench.press("enter")
    assert bench.port.asked[-1] == ("inspect", {"kind": "trace", "id": target.id})

    opened = TraceDetail(TraceRow(target.id, 1.0, "GET", "/x", 418), url="http://localhost:9000/x")
    bench.port.waiting[-1](CommandAnswer("1", True, json.loads(as_json(opened))))
    assert f"Request {target.id}" in bench.text()
    assert "answered 418" in bench.text()


def test_a_request_is_asked_again_after_a_question_where_it_may_do_something(bench: Bench) -> None:
    bench.press("2")
    row = bench.desk.row
    assert row is not None
    row.method = "POST"
    bench.press("a")
    assert "it does twice" in bench.text()
    bench.press("esc")
    assert [name for name, _ in bench.port.asked if name == "replay"] == []

    bench.press("a", "y")
    assert bench.port.asked[-1] == ("replay", {"id": row.id})
    view = ReplayView(row, TraceDetail(row), report="POST /mcp  then 200, now 401\n")
    bench.port.waiting[-1](CommandAnswer("1", True, json.loads(as_json(view))))
    assert f"{row.id}, then and now" in bench.text()
    assert "then 200, now 401" in bench.text()

    bench.press("esc")
    assert bench.desk.row is not None
    bench.desk.row.method = "GET"
    bench.press("a")
    assert [name for name, _ in bench.port.asked if name == "replay"] == ["replay", "replay"]
