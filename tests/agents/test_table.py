"""The table of the README comes from a run, and agrees with it."""

from devgw.diagnosis.clients import entries
from tests.agents.agents import ALL, FRAMEWORKS
from tests.agents.table import README, merge, read_seen, shown, table


def test_the_readme_shows_what_was_seen() -> None:
    assert shown(README.read_text(encoding="utf-8")) == table(), "python -m tests.agents writes it"


def test_the_book_knows_every_client_that_was_seen() -> None:
    known = {entry.name for entry in entries()}
    assert {kind.BOOK or kind.NAME for kind in ALL} <= known
    assert {each["client"] for each in read_seen()} <= known | {each.NAME for each in (*ALL, *FRAMEWORKS)}


def test_another_version_forgets_what_was_seen_of_the_one_before() -> None:
    first = {"client": "a", "version": "1", "date": "2026-01-01", "situation": "sample", "seen": "works"}
    seen = merge([], [first, first | {"situation": "notes", "seen": "failed"}])
    assert seen[0]["results"] == {"sample": "works", "notes": "failed"}

    (again,) = merge(seen, [first | {"version": "2"}])
    assert again["results"] == {"sample": "works"}
