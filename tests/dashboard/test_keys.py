"""What keys do, pressed at a desk as on the screen."""

import json
from dataclasses import replace

import pytest

from devgw.cli.printing import as_json
from devgw.control.messages import CheckRow, CommandAnswer, Events, HealthView, TokenRow, TraceDetail, TraceRow
from devgw.dashboard.acts.running import pager, show_last_words
from devgw.dashboard.keys.bindings import KEYMAP
from devgw.dashboard.look.glyphs import UNICODE
from devgw.dashboard.look.line import line, plain
from devgw.dashboard.look.sheet import Sheet
from devgw.dashboard.mouse import clicked
from devgw.dashboard.overlays.help import Help
from devgw.dashboard.views.base import GUTTER, View, share
from devgw.dashboard.views.catalog import VIEWS, key_of
from devgw.dashboard.views.tokens import can_end
from devgw.dashboard.world import Link
from devgw.foreign.client_setup import CLIENT_SETUPS
from devgw.foreign.text import is_hidden
from tests.dashboard.bench import Bench
from tests.support.sample_world import NOON


def test_the_newest_failure_is_explained_without_a_key(bench: Bench) -> None:
    """From start to "I see which step failed and what to change"."""
    text = bench.text()

    assert "step 5 callback" in text
    assert "Register the redirect URI" in text


def test_where_rows_were_dropped_their_number_is_said_to_be_more(bench: Bench) -> None:
    bench.size = (200, 50)
    assert "tokens 6 " in bench.text()
    table = bench.world.table("token")
    table.capacity = len(table)

    assert "tokens 6+" in bench.text()
    assert f"3 Tokens {len(table)}+" in bench.text()


def test_every_view_has_its_digit(bench: Bench) -> None:
    bench.size = (200, 50)
    for view in VIEWS:
        bench.press(key_of(view))
        assert bench.desk.view is view
        assert f"[{key_of(view)} {view.title}" in bench.text()


def test_enter_opens_and_q_goes_back_level_by_level(bench: Bench) -> None:
    bench.size = (80, 24)
    bench.look()
    bench.press("enter")
    assert "GET /oauth/callback" in bench.text()

    bench.press("q")
    assert "GET /oauth/callback" not in bench.text()
    bench.press("q")
    assert bench.port.did == []  # the top level does not quit by the way


def test_in_the_smallest_terminal_tab_leads_from_the_ladder_to_the_why_and_back(bench: Bench) -> None:
    bench.size = (60, 16)
    bench.look()
    bench.press("enter")
    assert "stopped here" in bench.text()
    assert "Tab:Why" in bench.text()

    bench.press("tab")
    assert "Register the redirect URI" in bench.text()
    bench.press("tab")
    assert "stopped here" in bench.text()


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 30), (120, 36), (200, 50)])
def test_a_failed_flow_opens_at_its_failed_step_under_the_names_of_the_lanes(
    bench: Bench, size: tuple[int, int]
) -> None:
    bench.size = size
    bench.look()
    bench.press("enter")
    text = bench.text()
    assert "✗►│" in text
    assert "stopped here" in text
    assert "Browser" in text
    assert bench.desk.target() is not None

    bench.press(*["k"] * 12)
    assert "Browser" in bench.text()
    assert "✗►│" not in bench.text() or size[1] > 24


def test_a_click_on_a_title_sorts_and_a_second_one_turns_it_round(bench: Bench) -> None:
    at = bench.text().split("\n")[3].index("CLIENT")
    for descending in (False, True):
        clicked(bench.desk, bench.look(), "list", at, 1, "click")
        assert (bench.desk.listing.order.name, bench.desk.listing.order.descending) == ("CLIENT", descending)
    clicked(bench.desk, bench.look(), "list", at, 1, "up")
    assert bench.desk.listing.order.name == "CLIENT"


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
@pytest.mark.parametrize("width", [58, 78, 98, 118, 198])
def test_no_column_is_cut_by_the_edge_of_the_list(view: View, width: int) -> None:
    slots = share(view.columns, width)
    assert sum(each.width + 1 for each in slots) - 1 <= width - GUTTER


def test_enter_on_the_failed_message_opens_its_trace_and_o_leads_back(bench: Bench) -> None:
    bench.press("enter")
    target = bench.desk.target()
    assert target is not None
    assert target.id == "7f3a090a"

    bench.press("2", "o")
    assert "its flow" in bench.text()
    bench.press("f")
    assert (bench.desk.view.name, bench.desk.row.id) == ("flows", "f-07c")  # type: ignore[union-attr]  # a row is there


def test_links_lead_from_token_to_client_to_its_tokens(bench: Bench) -> None:
    bench.press("3", "enter")
    target = bench.desk.target()
    assert target is not None
    assert (target.kind, target.id) == ("client", "dcr:claude-code")

    bench.press("enter")
    assert bench.desk.view.name == "clients"
    bench.press("o", "k")
    assert bench.desk.view.name == "tokens"
    assert {row.client for row in bench.desk.listing.rows()} == {"claude-code"}


def test_n_goes_from_problem_to_problem_and_round(bench: Bench) -> None:
    bench.press("2")
    seen = []
    for _ in range(4):
        bench.press("n")
        seen.append(bench.desk.row.status)  # type: ignore[union-attr]  # a row is there

    assert seen == [401, 400, 502, 401]
    bench.press("N")
    assert bench.desk.row.status == 502  # type: ignore[union-attr]  # a row is there


def test_a_filter_is_live_and_a_mistake_keeps_the_old_result(bench: Bench) -> None:
    bench.press("2", "/", "status:4xx")
    assert "2 of 8" in bench.text()

    bench.press(" dur")
    assert "2 of 8" in bench.text()  # a field that is being typed is no word to look for
    bench.press(">q")
    text = bench.text()
    assert "'q' is not a number with a unit" in text
    assert "2 of 8" in text
    caret = next(line for line in text.splitlines() if "^ 'q'" in line)
    typed = next(line for line in text.splitlines() if "dur>q" in line)
    assert caret.index("^") == typed.index("q")

    bench.press("enter")
    assert bench.desk.asked["traces"].applied == "status:4xx"
    bench.press("esc")
    assert len(bench.desk.listing) == 8


def test_a_filter_belongs_to_its_view_and_survives_a_change(bench: Bench) -> None:
    bench.press("2", "/", "status:4xx", "enter", "3")
    assert len(bench.desk.listing) == 9
    bench.press("2")
    assert len(bench.desk.listing) == 2


def test_nothing_matches_says_so_and_how_to_get_back(bench: Bench) -> None:
    bench.press("2", "/", "status:599", "enter")

    assert "nothing matches status:599 · 8 hidden · esc clears" in bench.text()


def test_s_sorts_by_the_next_column_and_keeps_the_row(bench: Bench) -> None:
    bench.press("2", "j", "j")
    chosen = bench.desk.row
    bench.press("s")

    assert "ST▴" in bench.text()
    assert bench.desk.row is chosen
    statuses = [row.status for row in bench.desk.listing.rows()]
    assert statuses == sorted(statuses)


def test_following_ends_when_the_cursor_moves_and_begins_again_at_the_top(bench: Bench) -> None:
    bench.press("2")
    assert "following" in bench.text()
    bench.press("j")
    assert "following" not in bench.text()
    bench.press("g")
    assert "following" in bench.text()


def test_pause_holds_the_picture_and_counts_what_is_behind(bench: Bench) -> None:
    bench.press("2", "p")
    row = TraceRow("new", NOON + 1, "GET", "/new", 200, seq=99)
    bench.world.events(Events(99, NOON, {"trace": [row]}), NOON)
    bench.desk.take(bench.world.drain())
    assert "1 behind" in bench.text()
    assert "/new" not in bench.text()

    bench.press("p")
    assert "/new" in bench.text()


def test_colon_goes_to_views_records_and_rows(bench: Bench) -> None:
    bench.press(":", "tok", "enter")
    assert bench.desk.view.name == "tokens"
    bench.press(":", "trace 7f3a0904", "enter")
    assert bench.desk.row.id == "7f3a0904"  # type: ignore[union-attr]  # a row is there
    bench.press(":", "2", "enter")
    assert bench.desk.listing.index == 1
    bench.press(":", "nonsense", "enter")
    assert "no command 'nonsense'" in bench.text()
    bench.press("esc", ":", "q", "enter", "y")
    assert bench.port.did == [("quit", 0)]


def test_help_is_made_from_the_key_map_and_says_why_not(bench: Bench) -> None:
    bench.press("?")
    lines = "\n".join(plain(one) for one in Help().lines(bench.desk, 106, 200))

    for key in KEYMAP.all:
        if key.works_in("flows") and key.id == key.id.removeprefix("view_"):
            first = key.text.split(",")[0].split(":")[0]
            assert first in lines or key.label in lines, key.id
    assert "(nothing to undo)" in lines

    bench.press("waterfall no such thing")
    assert "sort by" not in bench.text()
    bench.press("esc")
    assert bench.desk.overlay is None


def test_no_key_means_two_things_in_one_view() -> None:
    for view in VIEWS:
        for key, found in KEYMAP.by_key.items():
            own = [each for each in found if each.works_in(view.name) and each.views]
            everywhere = [each for each in found if each.works_in(view.name) and not each.views]
            assert len(own) <= 1, (view.name, key)
            assert len(everywhere) <= 1, (view.name, key)
            assert not (own and everywhere), (view.name, key)


def test_a_key_that_cannot_do_anything_now_says_why(bench: Bench) -> None:
    bench.press("z")

    assert "nothing to undo" in bench.text()


def test_the_palette_finds_by_a_part_and_runs(bench: Bench) -> None:
    bench.press("^P", "show tra", "enter")

    assert bench.desk.view.name == "traces"


def test_every_command_is_in_the_palette() -> None:
    assert len([each for each in KEYMAP.all if each.in_palette]) <= 100


def test_privacy_hides_people_and_hosts_but_not_this_machine(bench: Bench) -> None:
    bench.press("5")
    assert "dev@example.test" in bench.text()
    bench.press("P")
    text = bench.text()
    assert "example.test" not in text
    assert "person " in text

    bench.press("6")
    assert "localhost:9002" in bench.text()


def test_ctrl_c_asks_once_and_quits_the_second_time(bench: Bench) -> None:
    bench.press("^C")
    assert bench.port.did == []
    assert "Ctrl+C again" in bench.text()
    bench.press("^C")
    assert bench.port.did == [("quit", 130)]


def test_every_client_that_is_known_can_be_copied_from_the_first_screen() -> None:
    bench = Bench(rows={})
    names = [each.name for each in CLIENT_SETUPS]
    for bench.size in ((80, 24), (120, 36)):
        text = bench.text()
        assert all(name in text for name in names if bench.size == (120, 36))
        bench.press("y")
        assert all(name in bench.text() for name in names)
        bench.press("esc")
    for number, client in enumerate(CLIENT_SETUPS, 2):
        bench.press("y", f"{number:x}")
        assert "localhost:9000/mcp/calc" in bench.port.copied[-1]
        assert client.file == "" or json.loads(bench.port.copied[-1])[client.member]


def test_after_a_restart_the_first_screen_says_what_still_works() -> None:
    rows = Bench.told()
    bench = Bench(rows={kind: rows[kind] for kind in ("config", "health", "token")})
    kept = sum(can_end(row, NOON) for row in rows["token"] if isinstance(row, TokenRow))

    assert f"No sign-in since this start; {kept} tokens of before" in bench.text()
    assert "Nothing has happened" not in bench.text()


@pytest.mark.parametrize("width", [60, 72, 80, 100, 120, 160, 200])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_no_key_in_the_bar_is_cut(bench: Bench, view: View, width: int) -> None:
    bench.size = (width, 24)
    bench.press(key_of(view))
    last = bench.text().splitlines()[-1]

    assert "…" not in last
    assert last.endswith("? help")


def test_parts_of_devgw_stand_below_what_somebody_asks_after(bench: Bench) -> None:
    checks = [CheckRow("housekeeping", "ok", is_inside=True), CheckRow("gateway", "ok"), CheckRow("jwks", "bad")]
    bench.world.events(Events(99, NOON, {"health": [HealthView(checks=checks)]}), NOON)
    bench.desk.take(bench.world.drain())
    bench.press("8")

    assert [row.name for row in bench.desk.listing.rows()] == ["jwks", "gateway", "housekeeping"]


def test_an_upstream_that_was_never_called_has_no_times(bench: Bench) -> None:
    row = next(iter(bench.world.table("upstream")))
    fresh = replace(row, p50_ms=0.0, p95_ms=0.0, seq=99)
    bench.world.events(Events(99, NOON, {"upstream": [fresh]}), NOON)
    bench.desk.take(bench.world.drain())
    bench.size = (200, 50)
    bench.press("6", ":", f"upstream {row.id}", "enter")

    listed = next(line for line in bench.text().splitlines() if line.startswith("│>"))
    assert "0ms" not in listed


def test_leaving_asks_where_it_ends_flows_that_are_under_way(bench: Bench) -> None:
    under_way = next(row for row in bench.world.table("flow") if row.state == "active")
    bench.press("Q")
    assert under_way.id in bench.text().partition("would end with the gateway")[2]
    assert bench.port.did == []
    bench.press("enter", "Q", "Q")
    assert bench.port.did == []
    bench.press("y")
    assert bench.port.did == [("quit", 0)]


def test_leaving_asks_nothing_where_no_flow_ends_with_it(bench: Bench) -> None:
    bench.port.is_ours = False
    bench.press("Q")
    assert bench.port.did == [("quit", 0)]

    alone = Bench(rows={kind: rows for kind, rows in Bench.told().items() if kind != "flow"})
    alone.press("Q")
    assert alone.port.did == [("quit", 0)]


def test_y_offers_copies_with_a_preview_and_the_gateway_masks(bench: Bench) -> None:
    bench.press("2", "y")
    assert "curl -sS -X POST" in bench.text()
    bench.press("c")

    assert bench.port.copied == [
        "curl -sS -X POST 'http://localhost:9000/mcp/calc' -H 'authorization: Bearer $DEVGW_TOKEN'"
    ]


def test_x_exports_what_is_shown_or_marked(bench: Bench) -> None:
    bench.press("2", "space", "space", "x", "j")

    assert list(bench.port.written) == ["devgw-traces.jsonl"]
    assert len(bench.port.written["devgw-traces.jsonl"].splitlines()) == 2


def test_a_line_that_leaves_the_screen_is_one_line_and_steers_no_terminal() -> None:
    """What a stranger put into a path would run in the shell that the line is pasted into."""
    rows = Bench.told()
    path = "/\x1b]52;c;aGk=\x07\nrm -rf x\r\u202e"
    rows["trace"] = [replace(each, path=path) for each in rows["trace"] if isinstance(each, TraceRow)]
    bench = Bench(rows=rows)
    bench.press("2", ":", "export text", "enter", "y", "l")

    for text in (bench.port.written["devgw-traces.txt"], bench.port.copied[-1]):
        assert "rm -rf x" in text
        assert not any(is_hidden(each) for each in text.replace("\n", ""))
    assert "\n" not in bench.port.copied[-1]
    assert len(bench.port.written["devgw-traces.txt"].splitlines()) == len(rows["trace"])


def test_a_har_carries_masked_values_alone_and_asks_for_what_was_never_opened(bench: Bench) -> None:
    rows = [*bench.world.table("trace")]
    opened = _opened_once(bench)
    bench.port.answers["inspect"] = CommandAnswer("1", True, json.loads(as_json(opened)))
    bench.press("2", ":", "export har", "enter")

    text = bench.port.written["devgw.har"]
    assert text.count("Bearer at_…") == len(rows)
    assert f"headers and bodies of {len(rows)} of {len(rows)}" in bench.text()
    asked = [arguments["id"] for name, arguments in bench.port.asked if name == "inspect"]
    assert set(asked) == {row.id for row in rows} - {opened.row.id}


def _opened_once(bench: Bench) -> TraceDetail:
    """Forget all requests that were opened but one."""
    key, opened = next(each for each in bench.desk.scene.details.items() if each[0][0] == "trace")
    bench.desk.scene.details = {key: opened}
    assert isinstance(opened, TraceDetail)
    return opened


def test_a_har_says_of_how_many_requests_it_has_no_more_than_the_line(bench: Bench) -> None:
    _opened_once(bench)
    bench.port.answers["inspect"] = CommandAnswer("1", code="not_found", explanation="There is no trace.")
    bench.press("2", ":", "export har", "enter")

    text = bench.port.written["devgw.har"]
    assert '"status": 502' in text
    assert f"headers and bodies of 1 of {text.count('queryString')}; of the others" in bench.text()


def test_reveal_opens_one_secret_for_ten_seconds(bench: Bench) -> None:
    result = {"place": "request.headers.authorization", "value": "Bearer at_verysecret"}
    bench.port.answers["reveal"] = CommandAnswer("1", True, result)
    bench.press("2", "v")
    assert "at_verysecret" in bench.text()

    bench.pass_time(10.1)
    assert "at_verysecret" not in bench.text()


def test_config_opens_the_editor_at_the_place(bench: Bench) -> None:
    bench.press("7", "e")

    assert bench.port.did == [("edit", "config/policies.json", 14, 9)]


def test_the_first_screen_offers_commands_and_t_signs_in() -> None:
    bench = Bench(rows={"config": Bench.told()["config"], "health": Bench.told()["health"]})
    bench.press("y", "2")
    assert bench.port.copied == ["claude mcp add --transport http calc http://localhost:9000/mcp/calc"]

    bench.press("t")
    assert bench.port.asked == [("sign_in", {})]


def test_a_lost_gateway_is_said_and_its_rows_stay(bench: Bench) -> None:
    bench.world.lose("trying again", NOON, Link.LOST)
    text = bench.text()

    assert "gateway unreachable since 12:00:00" in text
    assert "f-07c" in text
    bench.press("3", "d")
    assert "the gateway is not reachable" in bench.text()


def test_the_last_words_offer_to_start_it_again(bench: Bench) -> None:
    bench.world.lose("trying again", NOON, Link.LOST)
    bench.port.has_ended = True
    bench.press("L")
    assert "the port is taken" in bench.text()
    bench.press("R")

    assert bench.port.did == [("start",)]


@pytest.mark.parametrize(("key", "did"), [("R", "start"), ("r", "start"), ("Q", "quit")])
def test_beside_the_last_words_each_key_that_one_would_press_works(bench: Bench, key: str, did: str) -> None:
    bench.world.lose("trying again", NOON, Link.LOST)
    bench.port.has_ended = True
    show_last_words(bench.desk, "The gateway ended")
    assert "R start it again" in bench.text()
    assert "Q quit" in bench.text()
    bench.press(key)

    assert bench.port.did[0][0] == did


def test_before_the_gateway_answers_only_what_works_is_offered() -> None:
    bench = Bench(rows={})
    bench.world.lose("trying again", NOON, Link.CONNECTING)
    text = bench.text()
    assert "press t" not in text
    assert "start the gateway again" not in text

    bench.port.has_ended = True
    assert "R start the gateway again" in bench.text()
    bench.press("R")
    assert bench.port.did == [("start",)]


@pytest.mark.parametrize("key", ["d", "v"])
def test_read_only_changes_and_reveals_nothing(key: str) -> None:
    bench = Bench(is_read_only=True)
    bench.press("3" if key == "d" else "2", key)

    assert "read-only" in bench.text()
    assert [name for name, _ in bench.port.asked if name in {"revoke", "reveal"}] == []


def test_the_panes_grow_and_shrink(bench: Bench) -> None:
    bench.press("+", "+")
    assert set(bench.look().boxes) & {"list", "detail", "side"} == {"list"}
    bench.press("_", "_")
    assert set(bench.look().boxes) & {"list", "detail", "side"} == {"list", "detail", "side"}


def test_tab_goes_round_the_panes(bench: Bench) -> None:
    seen = []
    for _ in range(3):
        bench.press("tab")
        seen.append(bench.desk.focus)

    assert seen == ["detail", "side", "list"]


def test_what_a_pager_gets_is_cleaned_as_the_screen_is(bench: Bench) -> None:
    sheet = Sheet(80, UNICODE)
    sheet.add(line("GET /\x1b]52;c;aGk=\x07\u202e"))
    bench.desk.sheets["detail"] = sheet
    pager(bench.desk)
    (text,) = [said for did, said in bench.port.did if did == "page"]
    assert "GET /" in text
    assert not any(is_hidden(each) for each in text.replace("\n", ""))
