"""The list of tokens: found by what its columns show, and honest about what it leaves out."""

import pytest

from devgw.control.messages import Events, Row, TokenRow
from devgw.dashboard.look.glyphs import UNICODE
from devgw.dashboard.look.sheet import Sheet
from devgw.dashboard.views.inspector import write_claims
from devgw.dashboard.world import TOLD
from devgw.limits import Limits
from tests.dashboard.bench import Bench
from tests.support.sample_world import NOON


def tell(bench: Bench, *rows: Row) -> None:
    bench.world.events(Events(98, NOON, {"token": [*rows]}), NOON)
    bench.desk.take(bench.world.drain())


@pytest.mark.parametrize("asked", ["person:ada@", "person:user_7", "ada@acme"])
def test_a_token_is_found_by_the_mail_address_that_its_row_shows(bench: Bench, asked: str) -> None:
    tell(bench, TokenRow("at:ada", "access", "live", NOON, NOON + 300, subject_id="user_7", email="ada@acme.example"))
    bench.press("3", "/", asked, "enter")

    assert [row.id for row in bench.desk.listing.rows()] == ["at:ada"]
    assert "ada@acme" in bench.text()


def test_a_token_without_a_session_says_whose_it_is_all_the_same(bench: Bench) -> None:
    row = TokenRow("at:ada", "access", "live", NOON, NOON + 300, subject_id="user_7", email="ada@acme.example")
    sheet = Sheet(60, UNICODE, height=40)
    write_claims(row, bench.desk.scene, sheet)
    said = ["".join(text for text, _ in one).split() for one in sheet.lines]

    assert ["person", "ada@acme.example"] in said
    assert ["subject", "user_7"] in said


def test_where_the_list_is_full_it_says_that_it_has_the_newest_alone(bench: Bench) -> None:
    bench.press("3")
    assert "newest" not in bench.text()
    bench.world.table("token").capacity = len(bench.world.table("token"))

    assert f"the newest {len(bench.world.table('token')):,}" in bench.text()


def test_the_dashboard_asks_for_what_it_shows_and_keeps_all_that_it_is_told() -> None:
    assert "grant" not in TOLD
    assert Bench().world.table("token").capacity == Limits.LISTED_ROWS
