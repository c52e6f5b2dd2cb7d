"""Revoking: nothing goes by one key, everything that goes is said before, and the proof is shown."""

from typing import Any

import pytest

from devgw.control.messages import CommandAnswer, Consequences, Events, Row, TokenRow
from devgw.dashboard.views import tokens
from tests.dashboard.bench import Bench
from tests.support.sample_world import NOON


def told(result: Consequences) -> CommandAnswer:
    return CommandAnswer("1", True, result.to_json())


REFRESH = Consequences(
    "token",
    "rt:51aa80f3bb70",
    "refresh token rt:51aa80f3bb70",
    token_ids=["rt:51aa80f3bb70", "at:7f3a90c2d1e4", "at:22d9f00b0c01"],
    flow_ids=["f-07a"],
    effect="the next call answers 401 invalid_token",
    undo_id="u-1",
    undo_until=NOON + 30,
)


def revoked(bench: Bench) -> list[dict[str, Any]]:
    return [arguments for name, arguments in bench.port.asked if name == "revoke" and not arguments.get("dry_run")]


@pytest.fixture
def asked(bench: Bench) -> Bench:
    """A desk at which `d` was pressed on a refresh token, and the gateway has said what would end."""
    bench.port.answers = {"revoke dry": told(REFRESH), "revoke": told(REFRESH), "undo": told(REFRESH)}
    bench.press("3", ":", "token rt:51aa", "enter", "d")
    return bench


def test_the_question_names_what_else_ends(asked: Bench) -> None:
    text = asked.text()

    assert "Revoke refresh token rt:51aa80f3bb70 (claude-code)?" in text
    assert "2 tokens, 1 flow under way" in text
    assert "the next call answers 401 invalid_token" in text
    assert revoked(asked) == []


@pytest.mark.parametrize("key", ["enter", "d", "n", "esc", "space"])
def test_only_y_confirms(asked: Bench, key: str) -> None:
    """The confirming key differs from the trigger, and Enter never confirms (lazygit #2291, k9s #961)."""
    asked.press(key)

    assert revoked(asked) == []
    assert (asked.desk.overlay is None) is (key != "enter")


def test_y_revokes_and_says_what_ended_and_until_when_it_can_be_undone(asked: Bench) -> None:
    asked.press("y")

    assert revoked(asked) == [{"kind": "token", "id": "rt:51aa80f3bb70"}]
    assert "revoked refresh token rt:51aa80f3bb70 and 2 tokens, 1 flow under way · z undo 30s" in asked.text()
    asked.pass_time(12)
    assert "z undo 18s" in asked.text()


def test_y_does_nothing_before_the_gateway_has_said_what_ends(bench: Bench) -> None:
    bench.press("3", "d")
    assert "asking the gateway what else ends" in bench.text()
    bench.press("y")

    assert revoked(bench) == []
    assert bench.desk.overlay is not None


def test_the_subject_stays_the_same_when_rows_move_under_the_question(asked: Bench) -> None:
    asked.desk.listing.move(0)
    asked.press("y")

    assert revoked(asked) == [{"kind": "token", "id": "rt:51aa80f3bb70"}]


def test_z_takes_it_back_within_thirty_seconds(asked: Bench) -> None:
    asked.press("y", "z")

    assert asked.port.asked[-1] == ("undo", {"id": "u-1"})
    assert "works again" in asked.text()
    asked.press("z")
    assert "nothing to undo" in asked.text()


def test_after_thirty_seconds_nothing_is_taken_back(asked: Bench) -> None:
    asked.press("y")
    asked.pass_time(31)
    asked.press("z")

    assert [name for name, _ in asked.port.asked if name == "undo"] == []


def test_the_next_refused_use_is_shown_as_the_proof(asked: Bench) -> None:
    asked.press("y")
    row = TokenRow(
        "at:7f3a90c2d1e4", "access", "revoked", NOON - 90, NOON + 9, refused_after=1, last_refused=NOON, seq=99
    )
    asked.world.events(Events(99, NOON, {"token": [row]}), NOON)
    asked.desk.take(asked.world.drain())

    assert "proof: at:7f3a90c2d1e4 was shown again and refused" in asked.text()


def test_a_change_without_a_new_refusal_is_no_proof(asked: Bench) -> None:
    asked.press("y")
    row = TokenRow("at:7f3a90c2d1e4", "access", "revoked", NOON - 90, NOON + 9, uses=13, seq=99)
    asked.world.events(Events(99, NOON, {"token": [row]}), NOON)
    asked.desk.take(asked.world.drain())

    assert "proof:" not in asked.text()


def test_a_refusal_of_another_token_is_no_proof(asked: Bench) -> None:
    asked.press("y")
    row = TokenRow("at:b01c44aa919e", "access", "revoked", NOON - 90, NOON + 9, refused_after=1, seq=99)
    asked.world.events(Events(99, NOON, {"token": [row]}), NOON)
    asked.desk.take(asked.world.drain())

    assert "proof:" not in asked.text()


def test_marked_ones_want_their_number_typed(bench: Bench) -> None:
    bench.port.answers = {"revoke dry": told(REFRESH), "revoke": told(REFRESH)}
    bench.press("3", "space", "space", "d")
    assert "Revoke 2 marked tokens (1 grant)?" in bench.text()

    bench.press("y", "enter")
    assert revoked(bench) == []
    assert "⏎ revoke" not in bench.text()
    bench.press("backspace", "2")
    assert "⏎ revoke" in bench.text()
    bench.press("enter")
    assert revoked(bench) == [{"kind": "grant", "id": "g-51"}]


def test_a_client_wants_its_name_typed(bench: Bench) -> None:
    bench.port.answers = {"revoke dry": told(Consequences("client", "dcr:claude-code", client_ids=["dcr:claude-code"]))}
    bench.press("4", "d", "claude-code", "enter")

    assert revoked(bench) == [{"kind": "client", "id": "dcr:claude-code"}]


def test_what_the_gateway_refuses_is_said(bench: Bench) -> None:
    bench.port.answers = {"revoke dry": CommandAnswer("1", code="not_found", explanation="There is no such token.")}
    bench.press("3", "d")
    assert "There is no such token." in bench.text()
    bench.press("y")

    assert revoked(bench) == []


def test_together_only_what_can_end_is_marked_and_the_rest_is_counted(bench: Bench) -> None:
    bench.press("3", "*")
    live = {row.id for row in bench.world.table("token") if tokens.can_end(row, NOON)}

    assert bench.desk.listing.marks == live
    shown = len(bench.desk.listing)
    assert f"{len(live)} marked; {shown - len(live)} left out" in bench.text()


def test_one_row_that_cannot_end_does_not_stop_the_others(bench: Bench) -> None:
    """A token of the provider, a spent code, a token that expired: they are left out, and counted."""
    bench.port.answers = {"revoke dry": told(REFRESH), "revoke": told(REFRESH)}
    provider = TokenRow("idp:1", "idp", "live", NOON, NOON + 300, seq=98)
    bench.world.events(Events(98, NOON, {"token": [provider]}), NOON)
    bench.desk.take(bench.world.drain())
    bench.press("3", "space", "/", "kind:idp", "enter", "space")
    bench.press("/", "^U", "kind:code", "enter", "space", "/", "^U", "enter", "d")

    assert "Revoke 1 marked token (1 grant)?" in bench.text()
    assert "2 of the 3 marked left out" in bench.text()
    bench.press("1", "enter")
    assert [each["kind"] for each in revoked(bench)] == ["grant"]


def test_tokens_of_one_grant_end_by_one_act(bench: Bench) -> None:
    bench.port.answers = {"revoke dry": told(REFRESH), "revoke": told(REFRESH)}
    bench.press("3", "/", "grant:g-51", "enter", "*", "d")
    assert "Revoke 2 marked tokens (1 grant)?" in bench.text()
    bench.press("2", "enter")

    assert revoked(bench) == [{"kind": "grant", "id": "g-51"}]


def test_what_is_marked_itself_does_not_end_beside_it(bench: Bench) -> None:
    grant = Consequences("grant", "g-51", token_ids=["at:7f3a90c2d1e4", "rt:51aa80f3bb70"], undo_id="u-1")
    bench.port.answers = {"revoke dry": told(grant)}
    bench.press("3", "/", "grant:g-51", "enter", "space", "d")
    assert "Also ends  1 token " in bench.text()
    bench.press("esc", "*", "d")

    assert "Also ends  nothing else" in bench.text()


def test_the_undoing_of_several_says_how_many_work_again(bench: Bench) -> None:
    rows: list[Row] = [TokenRow(f"at:{n}", "access", "live", NOON, NOON + 9, grant_id=f"g-{n}", seq=98) for n in "12"]
    bench.world.events(Events(98, NOON, {"token": rows}), NOON)
    bench.desk.take(bench.world.drain())
    grant = Consequences("grant", "g-1", undo_id="u-1", undo_until=NOON + 30)
    bench.port.answers = {"revoke dry": told(grant), "revoke": told(grant), "undo": told(grant)}
    bench.press("3", "/", "grant:g-1 or grant:g-2", "enter", "*", "d", "2", "enter", "z")

    assert "undone: 2 grants work again" in bench.text()


@pytest.mark.parametrize(("kind", "where"), [("idp", "Sessions"), ("upstream", "Upstreams"), ("code", "good once")])
def test_what_is_not_ours_to_revoke_says_where_it_ends(bench: Bench, kind: str, where: str) -> None:
    row = TokenRow(f"{kind}:1", kind, "live", NOON, NOON + 300, seq=98)
    bench.world.events(Events(98, NOON, {"token": [row]}), NOON)
    bench.desk.take(bench.world.drain())
    bench.press("3", ":", f"token {kind}:1", "enter", "d")

    assert where in bench.text()
    assert [name for name, _ in bench.port.asked if name == "revoke"] == []


def test_tokens_of_the_provider_are_folded_in_under_their_session_and_one_key_shows_them(bench: Bench) -> None:
    session = next(iter(bench.world.table("session")))
    row = TokenRow("idp:1f9a", "idp", "live", NOON, NOON + 300, subject_id=session.subject_id, seq=98)
    bench.world.events(Events(98, NOON, {"token": [row]}), NOON)
    bench.desk.take(bench.world.drain())
    bench.press("3")
    assert "idp:1f9a" not in bench.text()
    bench.press("i")
    assert "idp:1f9a" in bench.text()
    bench.press("i")
    assert "idp:1f9a" not in bench.text()

    bench.press(":", f"session {session.id}", "enter")
    assert "idp:1f9a" in bench.text()


def test_a_family_says_its_client_and_person_once_and_is_together(bench: Bench) -> None:
    bench.press("3")
    rows = [*bench.desk.listing.rows()]
    live = [row.grant_id for row in rows if tokens.can_end(row, NOON)]
    assert len([each for number, each in enumerate(live) if each not in live[:number]]) == len(
        [each for number, each in enumerate(live) if number == 0 or live[number - 1] != each]
    )
    assert _said(bench, "cursor") == 1
    bench.press("s")
    assert bench.desk.listing.order.name == "CLIENT"
    assert _said(bench, "cursor") == 2


def _said(bench: Bench, word: str) -> int:
    return sum(word in line.split("│")[1] for line in bench.text().splitlines() if line.startswith("│"))


def test_of_very_many_marked_ones_a_part_is_foreseen_and_that_is_said(bench: Bench) -> None:
    bench.port.answers = {"revoke dry": told(REFRESH), "revoke": told(REFRESH)}
    rows: list[Row] = [
        TokenRow(f"at:x{number:04}", "access", "live", NOON, NOON + 300, client="c", grant_id=f"g-x{number}", seq=98)
        for number in range(1_000)
    ]
    bench.world.events(Events(98, NOON, {"token": rows}), NOON)
    bench.desk.take(bench.world.drain())
    bench.press("3", "/", "grant:g-x", "enter", "*", "d")

    assert "Revoke 1,000 marked tokens (1,000 grants)?" in bench.text()
    assert "asked for 50 of 1,000 alone" in bench.text()
    assert len(bench.port.asked) == 50
    bench.press("1000", "enter")
    assert len(revoked(bench)) == 1_000
