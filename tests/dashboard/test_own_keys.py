"""Whatever keys a person has, the screen tells those."""

import re
from dataclasses import replace

import pytest

from devgw.dashboard.acts import comparing, revoking
from devgw.dashboard.keys.bindings import KEYMAP
from devgw.dashboard.overlays.help import Help
from devgw.dashboard.world import Link
from tests.dashboard.bench import Bench
from tests.dashboard.test_revoking import REFRESH, told
from tests.support.sample_world import NOON

OTHERS = KEYMAP.rebind({each.id: f"f{number}" for number, each in enumerate(KEYMAP.all, 20)})


def first_screen(**keys: str) -> Bench:
    told = Bench.told()
    bench = Bench(rows={kind: told[kind] for kind in ("config", "health", "token")}, keymap=KEYMAP.rebind(keys))
    bench.size = (200, 50)
    return bench


def key_bar(bench: Bench) -> str:
    return "\n".join(bench.text().splitlines()[-3:])


def test_the_first_screen_tells_the_keys_that_the_person_has() -> None:
    bench = first_screen(copy="w", quit="X", sign_in="ctrl+y", view_health="!", view_tokens="&")
    assert re.search(r"\bw copy .*ctrl\+y sign in here .*X quit", key_bar(bench))
    assert "press ctrl+y to sign in here" in bench.text()
    assert "w 1 copy" in bench.text()
    assert "& shows them" in bench.text()
    bench.press("w", "2")
    assert bench.port.copied


@pytest.mark.parametrize(
    ("keys", "shown", "pressed"),
    [({}, "t", "t"), ({"times": "w"}, "t", "t"), ({"pause": "t"}, "T", "T"), ({"sign_in": "I"}, "I", "I")],
)
def test_what_signs_in_on_the_first_screen_does(keys: dict[str, str], shown: str, pressed: str) -> None:
    bench = first_screen(**keys)
    assert f"{shown} sign in here" in key_bar(bench)
    bench.press(pressed)
    assert bench.port.asked == [("sign_in", {})]


def test_a_key_of_ones_own_is_not_taken_by_signing_in() -> None:
    bench = first_screen(times="w", pause="t")
    bench.press("t")
    assert bench.port.asked == []
    assert bench.desk.is_paused


def test_last_words_are_offered_once_there_is_a_gateway_that_ended_and_its_log() -> None:
    bench = Bench(rows={})
    assert "its last words" not in key_bar(bench)
    bench.world.lose("trying again", NOON, Link.LOST)
    bench.port.has_ended = True
    assert "L its last words" in key_bar(bench)
    bench.port.is_ours = False
    assert "its last words" not in key_bar(bench)


def test_the_first_screen_is_painted_without_writing_what_could_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """A paint of the key bar asks whether there is anything to copy, and no more."""
    bench = first_screen()
    monkeypatch.setattr("devgw.dashboard.views.welcome._added", _never)
    bench.desk.overlay = None
    from devgw.dashboard.draw.bars import key_bar as drawn  # noqa: PLC0415  beside the replaced function

    assert any("copy" in text for lines in drawn(bench.desk, 120, 2)[0] for text, _look in lines)


def _never(*_: object) -> tuple[str, str]:
    raise AssertionError


@pytest.mark.parametrize("view", ["traces", "tokens", "clients"])
def test_an_empty_list_tells_them_too(view: str) -> None:
    bench = Bench(rows={}, keymap=OTHERS)
    bench.size = (200, 50)
    bench.desk.open(view)
    assert f"press {OTHERS.sign('view_flows')} to see how" in bench.text()


def test_no_usual_letter_is_left_where_all_have_others() -> None:
    """Tabs, key bars, Why, filter and Config: each key that is named is one that works."""
    bench = Bench(keymap=OTHERS)
    bench.size = (200, 50)
    assert f"[{OTHERS.sign('view_flows')} Flows" in bench.text()
    assert "1-9 views" not in bench.text()
    assert f"{OTHERS.sign('help')} help" in bench.text()
    assert f"{OTHERS.sign('related')} t open the trace" in bench.text()
    bench.desk.filter("nothing-is-called-so")
    assert f"{OTHERS.sign('back')} clears" in bench.text()
    bench.desk.open("config")
    assert f"{OTHERS.sign('edit')} edit here" in bench.text()


def test_with_the_usual_keys_escape_clears(bench: Bench) -> None:
    bench.desk.filter("nothing-is-called-so")
    assert "esc clears" in bench.text()
    assert "1-9 views" in bench.text()


def test_reasons_and_questions_tell_them_too() -> None:
    bench = Bench(keymap=OTHERS)
    table = bench.world.table("token")
    live = next(row for row in table if row.kind == "access" and row.state == "live")
    bench.desk.open("tokens", row=live.id)
    sessions = f"{OTHERS.sign('revoke')} in Sessions ({OTHERS.sign('view_sessions')})"
    assert sessions in revoking._why_not_row(bench.desk, replace(live, kind="idp"))
    bench.port.answers = {"revoke dry": told(REFRESH), "revoke": told(REFRESH)}
    revoking.ask(bench.desk)
    assert f"{OTHERS.sign('undo')} within 30 s" in bench.text()
    bench.press("y")
    assert f"{OTHERS.sign('undo')} undo" in bench.text()
    bench.desk.overlay = None
    bench.desk.open("traces")
    assert f"mark two with {OTHERS.sign('mark')}" in comparing.why_no_compare(bench.desk)


def test_the_help_tells_each_view_s_key_where_they_are_no_digits() -> None:
    bench = Bench(keymap=OTHERS)
    bench.size = (200, 80)
    bench.desk.overlay = Help()
    assert "1-9 0" not in bench.text()
    assert re.search(rf"{OTHERS.sign('view_health')} +show Health", bench.text())
    usual = Bench()
    usual.desk.overlay = Help()
    assert "1-9 0" in usual.text()
