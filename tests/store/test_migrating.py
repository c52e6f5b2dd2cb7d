"""A database that an earlier devgw wrote opens, and what it kept is as good as before."""

import sqlite3
from pathlib import Path

from devgw.clock import from_epoch
from devgw.ids import TokenId
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore

OLD = 3
"""Steps of the schema before refresh tokens knew when they were first presented."""
WITH_IMPLIED = 8
"""Steps of the schema while a code knew whether its resource was asked for by name."""
NOON = 1_790_000_000.0
_GRANT = (
    "INSERT INTO authorization_grant VALUES "
    "('g-1','dcr:1','Old client','user_1',NULL,NULL,'sample','http://x/mcp','mcp:tools','http://x',?,?,'[]','[]',NULL,NULL)"
)
_CODE = "INSERT INTO authorization_code VALUES (?,?,?,?,?,?,?,?,?,?,?)"
_TOKEN = "INSERT INTO refresh_token VALUES (?,?,'g-1',?,?,?,?,?,NULL)"


def _written_by_an_earlier_one(path: Path) -> None:
    Database(path, MIGRATIONS[:OLD]).close()
    with sqlite3.connect(path) as database:
        database.execute(_GRANT, [NOON, NOON + 1e6])
        database.execute(_TOKEN, ["rt:1", "d1", NOON, NOON + 1e6, None, NOON + 5, "rt:2"])
        database.execute(_TOKEN, ["rt:2", "d2", NOON, NOON + 1e6, "rt:1", None, None])
    database.close()


def test_refresh_tokens_of_an_earlier_devgw_know_whether_they_were_used(tmp_path: Path) -> None:
    path = tmp_path / "devgw.db"
    _written_by_an_earlier_one(path)
    store = RecordStore(Database(path, MIGRATIONS))
    (second,) = store.successors_of(TokenId("rt:1"))
    assert (second.id, second.used_at) == ("rt:2", None)
    first = store.find_refresh_token("d1")
    assert first
    assert first.used_at == first.spent_at == from_epoch(NOON + 5)


def test_a_code_of_an_earlier_devgw_waits_to_be_redeemed_as_before(tmp_path: Path) -> None:
    path = tmp_path / "devgw.db"
    Database(path, MIGRATIONS[:WITH_IMPLIED]).close()
    with sqlite3.connect(path) as database:
        code = ["code:1", "d1", "g-1", "dcr:1", "http://localhost:1/cb", "c", "http://x/mcp", 1, NOON, NOON + 60, None]
        database.execute(_CODE, code)
    database.close()
    found = RecordStore(Database(path, MIGRATIONS)).find_code("d1")
    assert found
    assert (found.client_id, found.resource, found.redeemed_at) == ("dcr:1", "http://x/mcp", None)
    assert (found.issued_at, found.expires_at) == (from_epoch(NOON), from_epoch(NOON + 60))
