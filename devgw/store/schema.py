"""A connection is brought to the schema of this devgw: whole, migrated, with every table that is asked for later."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from devgw.store.failure import Contents, StateUnusable


def bring_up(connection: sqlite3.Connection, migrations: Sequence[str], path: Path | None, contents: Contents) -> None:
    """Check the file, apply what it has not seen of `migrations`, and check what came of it.

    Raises:
        sqlite3.Error: where it is damaged, or another program's.
        StateUnusable: where a newer devgw wrote it, which `path` names.
    """
    _check_whole(connection)
    _check_version(connection, migrations, path, contents)
    _migrate(connection, migrations)
    _check_tables(connection, migrations)


def _check_whole(connection: sqlite3.Connection) -> None:
    """Find damage now and not at some request."""
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(f"it is damaged: {found}")


def _version_of(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _check_version(
    connection: sqlite3.Connection, migrations: Sequence[str], path: Path | None, contents: Contents
) -> None:
    """Find the number of another program, or of another devgw."""
    version = _version_of(connection)
    if version < 0:
        raise sqlite3.DatabaseError(f"its version is {version}, which no devgw writes")
    if version > len(migrations):
        raise StateUnusable(
            f"The {contents.database} {path} has version {version}, and this devgw knows {len(migrations)}: a newer "
            f"devgw wrote it. Update devgw; or move the database away{contents.otherwise}"
        )


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    version = _version_of(connection)
    if version == 0 and _tables(connection):
        raise sqlite3.DatabaseError("it is another program's: it has tables that devgw did not make")
    for number, script in enumerate(migrations[version:], start=version + 1):
        connection.executescript(f"BEGIN; {script}; PRAGMA user_version={number}; COMMIT;")


def _check_tables(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    """Find a table or column that somebody took away."""
    with closing(sqlite3.connect(":memory:")) as pattern:
        pattern.executescript("; ".join(migrations))
        wanted = _tables(pattern)
    found = _tables(connection)
    for name, columns in wanted.items():
        if name not in found:
            raise sqlite3.DatabaseError(f"it is damaged: the table {name} is missing")
        if missing := columns - found[name]:
            raise sqlite3.DatabaseError(f"it is damaged: the table {name} lacks {', '.join(sorted(missing))}")


def _tables(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Return the columns of each table."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'")
    return {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for (name,) in names.fetchall()}
