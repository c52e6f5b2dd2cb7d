"""Tokens, grants, sessions, clients and upstreams as their rows tell them."""

from datetime import timedelta
from typing import Any

import pytest

from devgw.clock import FrozenClock
from devgw.events import taxonomy as told
from devgw.events.trace import Body
from devgw.gateway.records import AccessToken, Client, Grant, RefreshToken, Session
from devgw.ids import GrantId, OperationId, TokenId
from devgw.limits import Limits
from devgw.monitor.book import Book, Count, Graveyard, Ring
from devgw.monitor.changes import Cursor
from devgw.monitor.details import ClientDetail, TokenDetail
from devgw.monitor.opening import OPENERS, open_record
from devgw.monitor.reading import changes_since, cursor_now
from devgw.monitor.row import Row
from devgw.monitor.rows import TokenRow
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore
from tests.monitor.walk import ACCESS, CALC, CLIENT, GRANT, REFRESH, RESOURCE, SESSION, SUBJECT, Walk


def token(walk: Walk, id_: str) -> TokenRow:
    found = walk.monitor.grants.tokens.get(id_)
    assert found is not None
    return found


def revoke(walk: Walk, *ids: str, cause: str = "revoked_by_user") -> None:
    tokens = tuple(TokenId(each) for each in ids)
    walk.tell(told.McpAuthDownstreamTokenRevoked(token_ids=tokens, cause=cause, grant_id=GRANT, client_id=CLIENT))


def test_a_redeemed_code_is_spent_and_its_tokens_live() -> None:
    walk = Walk()
    walk.all_the_way()
    states = {row.id: (row.kind, row.state, row.parent) for row in walk.monitor.grants.tokens}
    assert states == {
        "code:1": ("code", "spent", ""),
        "at:1": ("access", "live", "code:1"),
        "rt:1": ("refresh", "live", "code:1"),
    }
    assert (token(walk, "at:1").uses, token(walk, "at:1").expires > token(walk, "at:1").issued) == (3, True)


def test_rotation_is_drawn_as_a_family() -> None:
    walk = Walk()
    walk.all_the_way()
    walk.refreshed()
    detail = open_record(walk.monitor, "token", "rt:2")
    assert isinstance(detail, TokenDetail)
    assert [(row.id, row.state) for row in detail.family] == [
        ("code:1", "spent"),
        ("at:1", "live"),
        ("rt:1", "spent"),
        ("at:2", "live"),
        ("rt:2", "live"),
    ]
    grant = walk.monitor.grants.grants.get(GRANT)
    assert grant is not None
    assert (grant.rotations, grant.tokens, grant.email) == (1, 3, "dev@example.test")


def test_a_revocation_ends_the_grant_and_the_next_use_is_its_proof() -> None:
    walk = Walk()
    walk.all_the_way()
    revoke(walk, "at:1", "rt:1")
    grant = walk.monitor.grants.grants.get(GRANT)
    assert grant is not None
    assert (grant.state, grant.tokens, grant.ended_by) == ("revoked", 0, "revoked_by_user")
    assert token(walk, "at:1").refused_after == 0
    walk.refused("token_revoked")
    assert token(walk, "at:1").refused_after == 1
    walk.tell(told.McpAuthDownstreamTokenRestored(token_ids=(TokenId("at:1"), TokenId("rt:1")), client_id=CLIENT))
    assert (grant.state, grant.tokens, token(walk, "at:1").state) == ("live", 2, "live")


def test_a_replay_marks_the_token_that_was_shown_twice() -> None:
    walk = Walk()
    walk.all_the_way()
    walk.refreshed()
    revoke(walk, "at:2", "rt:2", cause="refresh_token_replayed")
    walk.refresh_refused()
    assert [token(walk, each).state for each in ("rt:1", "rt:2", "at:2")] == ["replayed", "revoked", "revoked"]


def test_sessions_and_clients_count_what_hangs_on_them() -> None:
    walk = Walk()
    walk.all_the_way()
    (session,) = walk.monitor.people.sessions
    (client,) = walk.monitor.people.clients
    assert (session.id, session.email, session.grants, session.flows) == (SESSION, "dev@example.test", 1, 1)
    assert (client.name, client.tokens, client.grants, client.flows) == ("Claude Code", 2, 1, 1)
    walk.tell(told.McpAuthSessionEnded(session_id=SESSION, cause="signed_out"))
    walk.tell(told.McpAuthClientDeleted(client_id=CLIENT, cause="deleted_by_user"))
    assert (session.state, client.state) == ("ended", "deleted")


def test_every_kind_of_record_can_be_opened() -> None:
    walk = Walk()
    walk.all_the_way()
    flow = next(iter(walk.monitor.flow_book.flows))
    ids = {"flow": flow.id, "trace": "00000001", "token": "at:1", "grant": GRANT, "client": CLIENT, "session": SESSION}
    ids |= {"why": flow.id, "under_way": "all"}
    for kind in OPENERS:
        detail = open_record(walk.monitor, kind, ids.get(kind, "calc"))
        assert detail is not None, kind
        assert type(detail).from_json(plain(detail)) == detail
        assert open_record(walk.monitor, kind, "nowhere") is None


def plain(value: Any) -> Any:
    """Return rows as JSON would carry them."""
    if isinstance(value, Row):
        return {name: plain(each) for name, each in value.to_json().items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def test_an_upstream_that_fails_says_why_and_recovers() -> None:
    walk = Walk()
    walk.all_the_way()
    row = walk.monitor.upstreams.upstreams.get("calc")
    assert row is not None
    assert (row.name, row.state, row.requests) == ("Calculator", "ok", 3)
    trace = walk.trace("POST", "/mcp/calc", kind="mcp", operation_id=OperationId("calc"), failure_origin="upstream")
    trace.outcome, trace.explanation = "failure", "Connection refused."
    walk.exchange(trace, 502)
    assert (row.state, row.last_error, row.errors) == ("failing", "Connection refused.", 1)
    walk.called()
    assert row.state == "ok"


def test_what_the_store_has_from_before_the_start_is_there() -> None:
    walk = Walk()
    now = walk.clock.now()
    later = now + timedelta(hours=1)
    store = RecordStore(Database(None, MIGRATIONS))
    metadata = {"client_name": "Claude Code", "client_secret": "cs_hidden"}
    uris = ("http://localhost/cb",)
    store.save_client(
        Client(CLIENT, "Claude Code", "dcr", uris, "none", ("authorization_code",), metadata, None, now, later)
    )
    store.save_session(Session(SESSION, "d1", SUBJECT, "dev@example.test", "Dev", now, later, "https://idp.test"))
    grant = Grant(
        GRANT, CLIENT, "Claude Code", SUBJECT, SESSION, None, CALC, RESOURCE, "mcp:tools", RESOURCE, now, later
    )
    store.save_grant(grant)
    store.save_refresh_token(RefreshToken(TokenId("rt:0"), "d2", GRANT, now, later, spent_at=now))
    store.save_refresh_token(RefreshToken(REFRESH, "d3", GRANT, now, later, parent_id=TokenId("rt:0")))
    store.save_access_token(AccessToken(ACCESS, "d4", GRANT, now, later, REFRESH, uses=7, last_used_at=now))
    walk.monitor.seed(store)
    assert {row.id: row.state for row in walk.monitor.grants.family(GRANT)} == {
        "rt:0": "spent",
        "rt:1": "live",
        "at:1": "live",
    }
    assert (token(walk, "at:1").uses, token(walk, "at:1").client, token(walk, "at:1").parent) == (
        7,
        "Claude Code",
        "rt:1",
    )
    client = open_record(walk.monitor, "client", CLIENT)
    assert isinstance(client, ClientDetail)
    assert (client.row.tokens, client.row.grants) == (2, 1)
    assert client.metadata["client_name"] == "Claude Code"
    assert "cs_hidden" not in repr(client)
    assert [row.email for row in walk.monitor.people.sessions] == ["dev@example.test"]


def test_of_more_tokens_than_are_kept_the_newest_are_shown_whatever_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refresh tokens are read behind access tokens, and would push all of them out."""
    monkeypatch.setattr(Limits, "LISTED_ROWS", 4)
    walk = Walk()
    now, later = walk.clock.now(), walk.clock.now() + timedelta(days=1)
    store = RecordStore(Database(None, MIGRATIONS))
    store.save_grant(Grant(GRANT, CLIENT, "c", SUBJECT, None, None, CALC, RESOURCE, "mcp:tools", RESOURCE, now, later))
    for number in range(4):
        issued = now + timedelta(seconds=number)
        refresh = TokenId(f"rt:{number}")
        store.save_refresh_token(RefreshToken(refresh, f"r{number}", GRANT, issued, later))
        store.save_access_token(AccessToken(TokenId(f"at:{number}"), f"a{number}", GRANT, issued, later, refresh))
    walk.monitor.seed(store)

    assert {row.id for row in walk.monitor.grants.tokens} == {"at:2", "rt:2", "at:3", "rt:3"}


def test_the_grants_of_the_tokens_that_are_shown_are_kept_before_newer_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that refreshes for weeks has an old grant, and its newest tokens would have lost client and person."""
    monkeypatch.setattr(Limits, "LISTED_ROWS", 2)
    walk = Walk()
    now, later = walk.clock.now(), walk.clock.now() + timedelta(days=1)
    store = RecordStore(Database(None, MIGRATIONS))
    for name in ("g-old", "g-2", "g-3"):
        who = (CLIENT, "c", SUBJECT, None, "dev@example.test", CALC)
        store.save_grant(Grant(GrantId(name), *who, RESOURCE, "mcp:tools", RESOURCE, now, later))
    store.save_access_token(AccessToken(TokenId("at:1"), "a1", GrantId("g-old"), now, later))
    walk.monitor.seed(store)

    assert [(row.client, row.email) for row in walk.monitor.grants.tokens] == [("c", "dev@example.test")]
    assert {row.id for row in walk.monitor.grants.grants} == {"g-old", "g-3"}


def test_every_token_says_the_mail_address_of_its_person() -> None:
    """The list of tokens can be filtered and sorted by what its column shows."""
    walk = Walk()
    walk.all_the_way()

    assert {(row.kind, row.email) for row in walk.monitor.grants.tokens} == {
        ("code", "dev@example.test"),
        ("access", "dev@example.test"),
        ("refresh", "dev@example.test"),
    }


def test_bodies_are_dropped_before_memory_is() -> None:
    walk = Walk(kept=1_000)
    for _ in range(40):
        trace = walk.trace("POST", "/nowhere")
        trace.response_body = Body(b"x" * 2_000_000, 2_000_000)
        walk.exchange(trace, 404)
    kept = [trace for trace in walk.monitor.traces if trace.response_body.content]
    assert sum(len(trace.response_body.content) for trace in kept) <= 64 * 1024 * 1024
    assert all(trace.response_body.size == 2_000_000 for trace in walk.monitor.traces)
    assert walk.monitor.trace(kept[-1].id) is kept[-1]


def test_old_tokens_are_forgotten_and_readers_told() -> None:
    walk = Walk()
    walk.all_the_way()
    cursor = cursor_now(walk.monitor)
    walk.wait(7200)
    walk.monitor.tick()
    gone = changes_since(walk.monitor, cursor).gone
    assert sorted(gone["token"]) == ["at:1", "code:1"]
    assert [row.id for row in walk.monitor.grants.family(GRANT)] == ["rt:1"]


def test_a_book_gives_what_changed_in_order_of_change() -> None:
    count = Count()
    book: Book[str] = Book("x", count, Graveyard(count), kept=3)
    for name in "abc":
        book.put(name, name)
    seen = count.value
    book.touch("a")
    book.put("d", "d")
    assert [item for _, item in book.since(seen)] == ["a", "d"]
    assert "b" not in book
    assert len(book) == 3


def test_a_ring_keeps_the_newest_and_counts_what_went() -> None:
    ring: Ring[int] = Ring(Count(), kept=3)
    for number in range(5):
        ring.add(number)
    assert (list(ring), ring.total, ring.dropped) == ([2, 3, 4], 5, 2)
    assert [item for _, item in ring.since(0, limit=2)] == [3, 4]


def test_nothing_changed_is_nothing_sent() -> None:
    walk = Walk()
    walk.all_the_way()
    cursor = Cursor()
    assert not changes_since(walk.monitor, cursor).is_empty
    assert changes_since(walk.monitor, cursor).is_empty


def test_time_is_the_gateways() -> None:
    clock = FrozenClock()
    walk = Walk(clock=clock)
    walk.all_the_way()
    clock.travel(timedelta(days=40))
    detail = open_record(walk.monitor, "token", "at:1")
    assert isinstance(detail, TokenDetail)
    assert detail.verdict == ["expired: the next use is refused"]
