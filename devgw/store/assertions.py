"""Assertions that were redeemed, so that none pays twice, not even after a restart."""

from datetime import datetime

from devgw.clock import from_epoch
from devgw.entropy import digest
from devgw.store.database import Database

ASSERTIONS = """
CREATE TABLE spent_assertion (
  digest TEXT PRIMARY KEY, spent_at REAL NOT NULL, expires_at REAL NOT NULL);
"""


class AssertionRecords:
    """Keeps them until they have expired, as `gateway.store.SpentAssertions` asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def spent_at(self, issuer: str, jti: str) -> datetime | None:
        """Return when an assertion was used, or None."""
        row = self._database.execute(
            "SELECT spent_at FROM spent_assertion WHERE digest=?", [_key(issuer, jti)]
        ).fetchone()
        return from_epoch(row[0]) if row else None

    def spend(self, issuer: str, jti: str, now: datetime, expires_at: datetime) -> None:
        """Remember that it was used, and forget those that have expired."""
        self._database.execute("DELETE FROM spent_assertion WHERE expires_at<?", [now.timestamp()])
        row = [_key(issuer, jti), now.timestamp(), expires_at.timestamp()]
        self._database.execute("INSERT INTO spent_assertion VALUES (?,?,?)", row)


def _key(issuer: str, jti: str) -> str:
    """Return under what an assertion is kept; the line break keeps the two parts apart."""
    return digest(f"{issuer}\n{jti}")
