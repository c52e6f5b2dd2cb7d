"""The life of a connection: renewed once for all, saved before used, lost with a reason, sealed at rest."""

import asyncio
import sqlite3
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from devgw.config.project import TokenExchange
from devgw.ids import UpstreamServerId
from devgw.problems.proxy import UpstreamRefusedConnection
from devgw.problems.upstream_connection import ScopeNotGranted, ScopeStillInsufficient
from devgw.problems.upstream_token import TokenAnswerUnreadable
from devgw.store.database import Database
from devgw.store.failure import StateUnusable
from devgw.store.migrations import MIGRATIONS
from devgw.store.sealing import load_key
from tests.outbound.bench import ANNE, BEN, Bench, connect_required, refusal
from tests.outbound.upstream import Upstream

REFUSED = 'Bearer error="invalid_token"'


def refreshes(upstream: Upstream) -> int:
    return sum(each.form["grant_type"] == "refresh_token" for each in upstream.asked_at("/token"))


async def test_an_access_token_is_renewed_shortly_before_its_end(bench: Bench, upstream: Upstream) -> None:
    await bench.connect()
    first = await bench.token()
    bench.clock.travel(timedelta(seconds=3569))
    assert await bench.token() == first
    bench.clock.travel(timedelta(seconds=1))
    assert await bench.token() != first
    assert refreshes(upstream) == 1
    (sent,) = [each.form for each in upstream.asked_at("/token")][1:]
    assert sent["resource"] == upstream.origin + "/mcp"


async def test_those_who_wait_together_share_one_refresh(bench: Bench, upstream: Upstream) -> None:
    """REFR-01: a second use of a rotated refresh token would end the whole connection."""
    await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    tokens = await asyncio.gather(*(bench.token() for _ in range(20)))
    assert len(set(tokens)) == 1
    assert refreshes(upstream) == 1


async def test_whoever_comes_late_with_the_old_token_gets_the_new_one(bench: Bench, upstream: Upstream) -> None:
    """UPST-03: twenty calls that were refused together cost one refresh."""
    await bench.connect()
    old = await bench.token()
    fresh = [await bench.renewed(REFUSED, old) for _ in range(3)]
    assert len(set(fresh)) == 1
    assert fresh[0] != old
    assert refreshes(upstream) == 1


async def test_a_token_without_an_end_is_kept_until_it_is_refused(bench: Bench, upstream: Upstream) -> None:
    upstream.expires_in = None
    await bench.connect()
    first = await bench.token()
    bench.clock.travel(timedelta(days=365))
    assert await bench.token() == first
    assert await bench.renewed(REFUSED, first) in upstream.access_tokens


async def test_a_refresh_that_rotates_nothing_keeps_the_refresh_token(bench: Bench, upstream: Upstream) -> None:
    """UPST-04; RFC 6749 §6."""
    upstream.rotates = False
    await bench.connect()
    upstream.token_answer = lambda _asked, tokens: (200, {}, {"access_token": tokens["access_token"]})
    for _ in range(2):
        bench.clock.travel(timedelta(hours=2))
        await bench.renewed(REFUSED)
    assert refreshes(upstream) == 2


async def test_a_revoked_refresh_token_asks_for_new_consent(bench: Bench, upstream: Upstream) -> None:
    """UPST-08."""
    await bench.connect()
    upstream.refresh_tokens.clear()
    bench.clock.travel(timedelta(hours=2))
    required = await connect_required(bench.token())
    assert required.state == "reconsent_required"
    assert required.message == "Linear authorization must be renewed."
    assert "invalid_grant: It is gone" in required.explain()
    # Nobody asks the upstream again with what it refused.
    assert (await connect_required(bench.token())).state == "reconsent_required"
    assert refreshes(upstream) == 1
    assert bench.names()[-1] == "mcp_auth_upstream_connection_lost"
    await bench.connect()
    assert await bench.token() in upstream.access_tokens


async def test_a_refused_token_without_a_refresh_token_asks_for_new_consent(bench: Bench, upstream: Upstream) -> None:
    upstream.token_answer = lambda _asked, _tokens: (200, {}, {"access_token": "only"})
    await bench.connect()
    assert (await connect_required(bench.renewed(REFUSED))).state == "reconsent_required"


async def test_a_broken_token_endpoint_ends_nothing(bench: Bench, upstream: Upstream) -> None:
    """A provider that is down for a minute must not cost everybody their connection."""
    await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    upstream.answers["/token"] = (503, {"content-type": "text/html"}, b"<h1>Maintenance</h1>")
    problem = await refusal(bench.token())
    assert isinstance(problem, TokenAnswerUnreadable)
    del upstream.answers["/token"]
    assert await bench.token() in upstream.access_tokens


async def test_a_token_that_still_works_is_used_while_the_token_endpoint_is_down(
    bench: Bench, upstream: Upstream
) -> None:
    await bench.connect()
    first = await bench.token()
    upstream.answers["/token"] = (503, {}, b"")
    bench.clock.travel(timedelta(seconds=3580))
    assert await bench.token() == first
    bench.clock.travel(timedelta(seconds=20))
    assert isinstance(await refusal(bench.token()), TokenAnswerUnreadable)


async def test_a_dead_token_endpoint_is_named_and_ends_nothing(bench: Bench, upstream: Upstream) -> None:
    await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    kept = bench.store.connections()[0]
    bench.store.save_connection(replace(kept, token_endpoint="http://127.0.0.1:9/token"))
    late = bench.restarted()
    assert isinstance(await refusal(late.token()), UpstreamRefusedConnection)
    assert late.store.connections()[0].state == "connected"


async def test_a_rotated_token_survives_a_kill(upstream: Upstream, tmp_path: Path) -> None:
    """Issue 5: kill -9 during a refresh loses no connection; what was answered is saved before it is used."""
    database = Database(tmp_path / "devgw.db", MIGRATIONS)
    bench = Bench(upstream, database=database)
    await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    token = await bench.token()
    # A second process over the same file, while the first was never closed.
    late = bench.restarted(database=Database(tmp_path / "devgw.db", MIGRATIONS))
    assert await late.token() == token
    bench.clock.travel(timedelta(hours=2))
    assert await late.token() in upstream.access_tokens


async def test_a_step_up_asks_for_what_was_granted_and_more(bench: Bench, upstream: Upstream) -> None:
    """SEP-2350: the union of scopes."""
    upstream.challenge = 'Bearer scope="read"'
    await bench.connect()
    challenge = 'Bearer error="insufficient_scope", scope="write"'
    required = await connect_required(bench.renewed(challenge))
    assert "write" in required.explain()
    begun = await bench.begin()
    assert begun.scope.scopes == ("read", "write")
    # What is held stays good for whatever it was good for.
    assert await bench.token() in upstream.access_tokens


async def test_a_scope_that_was_granted_already_is_not_asked_for_again(bench: Bench, upstream: Upstream) -> None:
    """MCP §Step-Up Authorization Flow: no endless loop of consent pages."""
    upstream.challenge = 'Bearer scope="read write"'
    await bench.connect()
    challenge = 'Bearer error="insufficient_scope", scope="write"'
    assert isinstance(await refusal(bench.renewed(challenge)), ScopeStillInsufficient)


async def test_a_scope_that_was_asked_for_and_not_granted_is_said_and_not_asked_for_again_and_again(
    bench: Bench, upstream: Upstream
) -> None:
    upstream.challenge = 'Bearer scope="read"'
    await bench.connect()
    challenge = 'Bearer error="insufficient_scope", scope="write admin"'
    await connect_required(bench.renewed(challenge))
    upstream.token_answer = lambda _asked, tokens: (200, {}, {**tokens, "scope": "read write"})
    await bench.connect()
    problem = await refusal(bench.renewed(challenge))
    assert isinstance(problem, ScopeNotGranted)
    assert (problem.missing, problem.granted) == ("admin", "read write")

    upstream.token_answer = lambda _asked, tokens: (200, {}, {**tokens, "scope": "read write admin"})
    assert "connect again: http://localhost:9000/auth/connections/x/connect" in problem.advise()
    await bench.connect()
    assert isinstance(await refusal(bench.renewed(challenge)), ScopeStillInsufficient)


async def test_a_credential_is_never_shown_to_another_authorization_server(bench: Bench, upstream: Upstream) -> None:
    """SEP-2352."""
    await bench.connect()
    upstream.resource_metadata = {"authorization_servers": ["https://new.example"]}
    assert (await connect_required(bench.renewed(REFUSED))).state == "reconsent_required"
    assert refreshes(upstream) == 0


async def test_a_credential_is_never_shown_to_another_upstream(bench: Bench, upstream: Upstream) -> None:
    """A route file that was edited must not send one server's token to the next."""
    await bench.connect()
    upstream.mcp_path = "/other"
    assert (await connect_required(bench.token())).state == "authenticating"


async def test_a_shared_connection_serves_everybody(upstream: Upstream) -> None:
    exchange = TokenExchange("p", UpstreamServerId("x"), "Wiki", auth_mode="shared-oauth")
    bench = Bench(upstream, exchange=exchange)
    required = await connect_required(bench.token(BEN))
    assert required.state == "admin_connect_required"
    assert required.message == "An administrator must connect Wiki before this service is available."
    await bench.connect(ANNE)
    assert await bench.token(BEN) == await bench.token(ANNE)


async def test_disconnecting_forgets_and_tells_the_upstream(bench: Bench, upstream: Upstream) -> None:
    """RFC 7009."""
    upstream.server_metadata = {"revocation_endpoint": f"{upstream.origin}/revoke"}
    await bench.connect()
    assert await bench.oauth.disconnect(ANNE, bench.exchange.id)
    (sent,) = upstream.asked_at("/revoke")
    assert sent.form["token"] in upstream.refresh_tokens
    assert (await connect_required(bench.token())).state == "authenticating"
    assert not await bench.oauth.disconnect(ANNE, bench.exchange.id)


async def test_the_standing_says_what_a_page_needs(bench: Bench, upstream: Upstream) -> None:
    before = bench.oauth.state_of(bench.route, ANNE, "Anne", "/oauth/setup?t=1")
    assert before
    assert (before.state, before.is_connected) == ("authenticating", False)
    ticket = bench.oauth.read_ticket(
        before.connect_url.split("browserTicket=")[1].split("&")[0].replace("%3D", "="), "x"
    )
    assert (ticket.subject_id, ticket.label, ticket.return_to) == (ANNE, "Anne", "/oauth/setup?t=1")
    await bench.connect()
    (shown,) = bench.oauth.connections_of(bench.route, ANNE, "/")
    assert shown.is_connected
    assert bench.oauth.state_of(replace(bench.route, token_exchange=None), ANNE) is None


async def test_secrets_are_sealed_at_rest(upstream: Upstream, tmp_path: Path) -> None:
    key_file = tmp_path / "connections.key"
    bench = Bench(upstream, database=Database(tmp_path / "devgw.db", MIGRATIONS), key=load_key(key_file))
    await bench.connect()
    token = await bench.token()
    bench.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = b"".join(each.read_bytes() for each in tmp_path.glob("devgw.db*"))  # noqa: ASYNC240  a test may wait
    assert bench.exchange.id.encode() in kept
    for secret in (token, *upstream.refresh_tokens, "s e+c/ret"):
        assert secret.encode() not in kept
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert load_key(key_file) == bench.key


async def test_a_lost_key_is_a_clear_message_and_a_new_connect(bench: Bench, upstream: Upstream) -> None:
    await bench.connect()
    late = bench.restarted(key=load_key(None))
    required = await connect_required(late.token())
    assert required.state == "reconsent_required"
    assert "key file" in required.explain()
    standing = late.oauth.state_of(late.route, ANNE)
    assert standing
    assert standing.state == "unreadable"
    assert (await connect_required(late.renewed(REFUSED))).state == "reconsent_required"
    await late.connect()
    assert await late.token() in upstream.access_tokens


def test_a_file_that_is_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("not a key")
    with pytest.raises(StateUnusable, match="Move it away"):
        load_key(tmp_path / "k")


def test_an_older_database_gets_the_tables(tmp_path: Path) -> None:
    Database(tmp_path / "old.db", MIGRATIONS[:1]).close()
    Database(tmp_path / "old.db", MIGRATIONS).close()
    tables = sqlite3.connect(tmp_path / "old.db").execute("SELECT name FROM sqlite_master").fetchall()
    assert ("upstream_connection",) in tables
