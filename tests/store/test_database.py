"""The state on disk: how it is made, refused, kept whole through errors and kills, and forgotten in time."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devgw.gateway.records import AccessToken, Client, Consent, Grant, PendingAuthorization, Session
from devgw.ids import ClientId, GrantId, OperationId, SessionId, SubjectId, TokenId, TransactionId
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.login import StateUnknown
from devgw.problems.state import DiskFull, StateDamaged
from devgw.store.database import Database
from devgw.store.failure import StateRefused, StateUnusable
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import REMEMBERED_AFTER_EXPIRY, RecordStore

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def client(name: str, expires_at: datetime | None = None) -> Client:
    return Client(
        id=ClientId(name),
        name=name,
        registered_by="dcr",
        redirect_uris=("http://localhost/cb",),
        token_endpoint_auth_method="none",
        grant_types=("authorization_code",),
        metadata={"a": [1, {"b": "é\x00"}]},
        secret_digest=None,
        issued_at=NOON,
        expires_at=expires_at,
    )


def session(name: str, expires_at: datetime) -> Session:
    return Session(
        id=SessionId(name),
        cookie_digest=f"digest of {name}",
        subject_id=SubjectId("ada"),
        email=None,
        display_name=None,
        started_at=NOON,
        expires_at=expires_at,
        issuer="https://idp.example",
        claims={"department": "research"},
    )


def grant(name: str, expires_at: datetime, session_id: str | None = None) -> Grant:
    return Grant(
        id=GrantId(name),
        client_id=ClientId("c"),
        client_name="c",
        subject_id=SubjectId("ada"),
        session_id=SessionId(session_id) if session_id else None,
        email=None,
        operation_id=OperationId("sample"),
        resource="http://localhost:9000/mcp/sample",
        scope="mcp:tools",
        issuer="http://localhost:9000",
        created_at=NOON,
        expires_at=expires_at,
    )


def save_and_fail(store: RecordStore, name: str, error: BaseException) -> None:
    with store.transaction():
        store.save_client(client(name))
        raise error


def insert_orphan(database: Database, error: BaseException | None) -> None:
    with database.transaction():
        database.execute("INSERT INTO child VALUES (7)")
        if error:
            raise error


def tables_of(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    finally:
        connection.close()


def test_an_empty_folder_gets_every_table_and_only_its_owner_may_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        database = Database(tmp_path / "devgw.db", MIGRATIONS)
        RecordStore(database).save_client(client("one"))
        modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
        database.close()
    finally:
        os.umask(before)
    assert set(modes) == {"devgw.db", "devgw.db-wal", "devgw.db-shm"}
    assert set(modes.values()) == {0o600}
    assert {"client", "authorization_grant", "upstream_connection", "spent_assertion"} <= tables_of(
        tmp_path / "devgw.db"
    )


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_database_of_an_older_devgw_is_brought_up_and_keeps_its_records(tmp_path: Path, version: int) -> None:
    path = tmp_path / "devgw.db"
    old = Database(path, MIGRATIONS[:version])
    record = Database(None, MIGRATIONS)
    RecordStore(record).save_client(client("of old"))
    columns = [row[1] for row in old.execute("PRAGMA table_info(client)").fetchall()]
    row = record.execute(f"SELECT {','.join(columns)} FROM client").fetchone()  # noqa: S608  names of our own
    old.execute(f"INSERT INTO client ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})", row)  # noqa: S608
    old.close()
    for _ in range(2):
        new = Database(path, MIGRATIONS)
        assert RecordStore(new).find_client(ClientId("of old")) == client("of old")
        assert new.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        new.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "devgw.db"
    old = Database(path, MIGRATIONS)
    RecordStore(old).save_client(client("kept"))
    old.close()
    with pytest.raises(StateUnusable, match="cannot be used"):
        Database(path, [*MIGRATIONS, "CREATE TABLE half (a); CREATE TABLE half (a);"])
    again = Database(path, MIGRATIONS)
    assert RecordStore(again).find_client(ClientId("kept"))
    assert "half" not in tables_of(path)
    again.close()


def test_a_database_of_a_newer_devgw_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "devgw.db"
    newer = Database(path, [*MIGRATIONS, "CREATE TABLE of_tomorrow (a)"])
    newer.close()
    with pytest.raises(StateUnusable, match=f"version {len(MIGRATIONS) + 1}.*knows {len(MIGRATIONS)}.*Update devgw"):
        Database(path, MIGRATIONS)
    assert "of_tomorrow" in tables_of(path), "nothing was touched"


@pytest.mark.parametrize("version", [-1, -11, -(2**31), len(MIGRATIONS) + 1, 2**31 - 1])
def test_a_version_that_this_devgw_did_not_write_is_refused_by_number_and_place_and_left_as_it_is(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "elsewhere" / "devgw.db"
    path.parent.mkdir()
    Database(path, MIGRATIONS).close()
    with sqlite3.connect(path) as kept:
        kept.execute(f"PRAGMA user_version={version}")
    with pytest.raises(StateUnusable, match=f"version .*{version}") as refused:
        Database(path, MIGRATIONS)
    assert str(path) in str(refused.value)
    away = "Update devgw; or move the database away, or start" if version > 0 else "Move it away, or start"
    assert str(refused.value).endswith(f"{away} with --ephemeral.")
    with sqlite3.connect(path) as kept:
        assert kept.execute("PRAGMA user_version").fetchone() == (version,)


def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "devgw.db"
    path.write_bytes(b"this is somebody's diary " * 100)
    with pytest.raises(StateUnusable, match="--ephemeral"):
        Database(path, MIGRATIONS)
    assert path.read_bytes().startswith(b"this is somebody's diary")


def test_a_damaged_database_is_refused_at_the_start_and_not_at_some_request(tmp_path: Path) -> None:
    path = tmp_path / "devgw.db"
    database = Database(path, MIGRATIONS)
    for number in range(300):
        RecordStore(database).save_client(client(f"client {number}"))
    database.close()
    content = bytearray(path.read_bytes())
    page = content.index(b"client 250") // 4096 * 4096
    content[page : page + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(StateUnusable, match="cannot be used"):
        Database(path, MIGRATIONS)


@pytest.mark.parametrize("obstacle", ["folder in its place", "file for a folder"])
def test_a_place_where_nothing_can_be_written_is_refused(tmp_path: Path, obstacle: str) -> None:
    path = tmp_path / "state" / "devgw.db"
    if obstacle == "folder in its place":
        path.mkdir(parents=True)
    else:
        path.parent.write_text("")
    with pytest.raises(StateUnusable, match="Move it away, or start with --ephemeral"):
        Database(path, MIGRATIONS)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StateUnusable, match="--ephemeral"):
            Database(tmp_path / "devgw.db", MIGRATIONS)
    finally:
        tmp_path.chmod(0o700)


def test_a_refusal_commits_and_anything_else_rolls_back() -> None:
    """A replay must commit its revocation before it is refused (OAuth 2.1 §4.3.1)."""
    database = Database(None, MIGRATIONS)
    store = RecordStore(database)
    with pytest.raises(Refused), store.transaction():
        save_and_fail(store, "refused", Refused(StateUnknown()))
    for error in (RuntimeError(), KeyboardInterrupt()):
        with pytest.raises(type(error)), store.transaction():
            save_and_fail(store, "lost", error)
    with store.transaction():
        store.save_client(client("kept"))
    assert [each.name for each in store.clients()] == ["refused", "kept"]


def test_a_database_that_is_locked_for_long_costs_one_request_and_not_the_next(tmp_path: Path) -> None:
    """Somebody's sqlite3 shell holds the write lock: what fails must leave later transactions whole."""
    path = tmp_path / "devgw.db"
    database = Database(path, MIGRATIONS)
    store = RecordStore(database)
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateRefused, match="state_locked"), store.transaction():
        store.save_client(client("in vain"))
    shell.execute("ROLLBACK")
    with pytest.raises(RuntimeError):
        save_and_fail(store, "rolled back", RuntimeError())
    assert store.clients() == []
    shell.close()
    database.close()


def test_a_commit_that_fails_leaves_no_transaction_open() -> None:
    database = Database(None, [*MIGRATIONS, _DEFERRED])
    store = RecordStore(database)
    for error in (None, Refused(StateUnknown())):
        with pytest.raises(sqlite3.IntegrityError):
            insert_orphan(database, error)
        with store.transaction():
            store.save_client(client("after it"))
        assert database.execute("SELECT count(*) FROM child").fetchone() == (0,)


_DEFERRED = """CREATE TABLE parent (id PRIMARY KEY);
CREATE TABLE child (parent REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"""
"""What makes a commit fail at will."""


def test_every_record_comes_back_as_it_went(tmp_path: Path) -> None:
    database = Database(tmp_path / "devgw.db", MIGRATIONS)
    store = RecordStore(database)
    store.save_client(client("é\x00'; DROP TABLE client; --", NOON))
    store.save_session(session("s", NOON))
    store.save_grant(grant("g", NOON, "s"))
    token = AccessToken(TokenId("at:1"), "digest", GrantId("g"), NOON, NOON + HOUR)
    store.save_access_token(token)
    assert store.clients() == [client("é\x00'; DROP TABLE client; --", NOON)]
    assert store.find_session(SessionId("s")) == session("s", NOON)
    assert store.find_grant(GrantId("g")) == grant("g", NOON, "s")
    assert store.find_access_token("digest") == token
    database.close()


@pytest.mark.parametrize(
    ("column", "written"),
    [
        *(("issued_at", "junk"), ("issued_at", b"\x00"), ("issued_at", 1e300), ("expires_at", float("inf"))),
        *(("redirect_uris", "[" * 900), ("redirect_uris", "7"), ("redirect_uris", b"\xff"), ("metadata", "[]")),
        *(("name", b"\xff"), ("metadata", "{"), ("redirect_uris", "")),
    ],
)
def test_a_row_that_devgw_did_not_write_is_a_damaged_database_and_no_defect(
    tmp_path: Path, column: str, written: object
) -> None:
    """SQLite's own check passes it: it keeps any type in any column."""
    path = tmp_path / "devgw.db"
    database = Database(path, MIGRATIONS)
    store = RecordStore(database)
    store.save_client(client("whole"))
    database.execute(f"UPDATE client SET {column}=?", [written])  # noqa: S608  columns of ours
    with pytest.raises(StateRefused) as refused:
        store.clients()
    problem = refused.value.problem
    assert isinstance(problem, StateDamaged)
    assert problem.explain() == (
        f"devgw cannot use its state: {path} is damaged (a row of client has a {column} that devgw did not write)."
    )
    database.execute("DELETE FROM client")
    store.save_client(client("new"))
    assert [each.id for each in store.clients()] == ["new"]


def test_what_sqlite_put_beside_a_file_that_went_is_not_shared_with_the_new_one(tmp_path: Path) -> None:
    """Two connections over one shared memory: whichever closes takes the locks of the other along."""
    path = tmp_path / "devgw.db"
    database = Database(path, MIGRATIONS)
    store = RecordStore(database)
    store.save_client(client("before"))
    beside = [tmp_path / f"devgw.db-{each}" for each in ("wal", "shm")]
    with contextlib.ExitStack() as held:  # so that no number of a file is given again
        before = [os.fstat(held.enter_context(each.open("rb")).fileno()).st_ino for each in beside]
        path.unlink()
        store.save_client(client("after"))
        assert not set(before) & {each.stat().st_ino for each in beside}
    again = RecordStore(Database(path, MIGRATIONS))
    assert [each.name for each in again.clients()] == ["before", "after"]
    database.close()


def test_what_is_done_after_a_commit_may_itself_wait_for_one_or_write() -> None:
    database, done = Database(None, MIGRATIONS), list[str]()
    store = RecordStore(database)

    def act() -> None:
        database.after_commit(lambda: done.append("at once"))
        with pytest.raises(RuntimeError):
            save_and_fail(store, "rolled back", RuntimeError())

    with store.transaction():
        database.after_commit(act)
        store.save_client(client("kept"))
    assert (done, [each.name for each in store.clients()]) == (["at once"], ["kept"])


def test_what_waited_for_a_commit_that_never_came_is_not_done_after_the_next(tmp_path: Path) -> None:
    database, done = Database(tmp_path / "devgw.db", MIGRATIONS), list[str]()

    def act_and_fail() -> None:
        with database.transaction():
            database.after_commit(lambda: done.append("of what was rolled back"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act_and_fail()
    RecordStore(database).save_client(client("next"))
    with database.transaction():
        database.after_commit(lambda: done.append("of this one"))
    assert done == ["of this one"]
    database.close()


def _went(store: RecordStore, now: datetime) -> tuple[int, list[str], list[str]]:
    pruned = store.prune(now)
    return pruned.records, [each.name for each in pruned.expired], [each.name for each in pruned.unused]


def test_what_expired_is_forgotten_a_day_later() -> None:
    store = RecordStore(Database(None, MIGRATIONS))
    store.save_client(client("for ever"))
    store.save_client(client("short", NOON))
    store.save_grant(grant("short", NOON))
    store.save_session(session("short", NOON))
    assert _went(store, NOON + REMEMBERED_AFTER_EXPIRY) == (0, [], [])
    assert _went(store, NOON + REMEMBERED_AFTER_EXPIRY + HOUR) == (2, ["short"], [])
    assert [each.name for each in store.clients()] == ["for ever"]


def pending(name: str, client_id: str, expires_at: datetime) -> PendingAuthorization:
    return PendingAuthorization(
        id=TransactionId(name),
        client_id=ClientId(client_id),
        client_name="c",
        redirect_uri="http://localhost/cb",
        operation_id=OperationId("sample"),
        resource="http://localhost:9000/mcp/sample",
        scope="mcp:tools",
        issuer="http://localhost:9000",
        parameters={},
        created_at=NOON,
        expires_at=expires_at,
    )


def test_clients_that_nobody_ever_signed_in_for_give_way_to_newer_ones() -> None:
    """Whoever registers in a loop, a page or a broken client, fills no disk, and takes nobody's place who is in use."""
    store = RecordStore(Database(None, MIGRATIONS))
    consented = Consent(SubjectId("ada"), ClientId("consented"), "r", OperationId("sample"), "s", NOON)
    with store.transaction():
        for name in ("consented", "granted", "signing in", "given up", "first", "second"):
            store.save_client(client(name))
        store.save_client(replace(client("configured"), registered_by="configured"))
        store.save_consent(consented)
        store.save_grant(replace(grant("g", NOON + HOUR), client_id=ClientId("granted")))
        store.save_pending(pending("p", "signing in", NOON + HOUR))
        store.save_pending(pending("q", "given up", NOON))
        for number in range(Limits.UNUSED_CLIENTS - 1):
            store.save_client(client(f"loop {number}"))
    assert _went(store, NOON) == (0, [], ["given up", "first"])
    kept = {each.id for each in store.clients()}
    assert {"consented", "granted", "signing in", "configured", "second"} <= kept
    assert not {"given up", "first"} & kept
    assert _went(store, NOON) == (0, [], [])


def test_logins_that_came_to_nothing_are_not_all_remembered() -> None:
    store = RecordStore(Database(None, MIGRATIONS))
    with store.transaction():
        store.save_pending(pending("open", "c", NOON + HOUR))
        for number in range(Limits.AUTHORIZATIONS_OPEN + 3):
            store.save_pending(pending(f"p{number}", "c", NOON))
    assert _went(store, NOON) == (3, [], [])
    kept = [each.id for each in store.pendings()]
    assert (kept[:2], kept[-1]) == (["open", "p3"], f"p{Limits.AUTHORIZATIONS_OPEN + 2}")


def test_a_session_stays_as_long_as_a_grant_that_was_given_in_it() -> None:
    """What the person may see follows from the session's claims, for as long as the client may come."""
    store = RecordStore(Database(None, MIGRATIONS))
    store.save_session(session("old", NOON))
    store.save_grant(grant("long", NOON + 30 * 24 * HOUR, "old"))
    assert store.prune(NOON + 3 * 24 * HOUR).records == 0
    assert store.prune(NOON + 40 * 24 * HOUR).records == 2


WRITER = """
import sys
from pathlib import Path
from devgw.limits import Limits
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore
from tests.store.test_database import NOON, client, grant
store = RecordStore(Database(Path(sys.argv[1]), MIGRATIONS))
number = 0
while True:
    with store.transaction():
        store.save_client(client(f"pair {number}"))
        store.save_grant(grant(f"pair {number}", NOON))
    number += 1
    print(number, flush=True)
"""


def test_a_kill_in_the_middle_of_writing_loses_nothing_that_was_said_and_leaves_no_halves(tmp_path: Path) -> None:
    path = tmp_path / "devgw.db"
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = 0
    while said < 200:
        said = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    said = max([said, *(int(each) for each in process.stdout.read().split())])
    process.wait()
    process.stdout.close()
    store = RecordStore(Database(path, MIGRATIONS))
    clients, grants = {each.name for each in store.clients()}, {str(each.id) for each in store.grants()}
    assert clients == grants
    assert {f"pair {number}" for number in range(said)} <= clients


def test_a_part_that_found_no_room_takes_the_rest_of_its_transaction_along(tmp_path: Path) -> None:
    """Somebody who passes over the refusal must not commit the half."""
    database = Database(tmp_path / "devgw.db", MIGRATIONS)
    store = RecordStore(database)
    store.save_client(client("before"))
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StateRefused, match="disk_full"):
        save_one_and_pass_over_another(store)
    assert [each.name for each in store.clients()] == ["before"]
    trouble = database.trouble
    assert isinstance(trouble, DiskFull)
    database.execute("PRAGMA max_page_count=1000000")
    database.prove()
    assert database.trouble is None
    database.close()


def save_one_and_pass_over_another(store: RecordStore) -> None:
    with store.transaction():
        store.save_client(client("half"))
        with contextlib.suppress(Refused):
            store.save_client(replace(client("too large"), user_agent="x" * 1_000_000))
