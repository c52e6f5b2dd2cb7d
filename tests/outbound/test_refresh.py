"""What was begun at a token endpoint comes to its end: clients leave, devgw stops or is killed, connections break."""

import asyncio
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpcore2
import pytest

from devgw.config.project import Route
from devgw.events import FailureOrigin
from devgw.events.taxonomy import McpAuthUpstreamConnectionLost
from devgw.problems import Refused
from devgw.problems.proxy import UpstreamNameUnknown
from devgw.problems.upstream_connection import ConnectBrowserForeign, ConnectStateUnknown
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from tests.outbound.bench import ANNE, ORIGIN, Bench, admitted, connect_required, refusal
from tests.outbound.upstream import Upstream


async def until(holds: Any) -> None:
    """Return once `holds` is true."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0)


def refreshes(upstream: Upstream) -> int:
    return sum(each.form["grant_type"] == "refresh_token" for each in upstream.asked_at("/token"))


async def under_way(bench: Bench, upstream: Upstream) -> "asyncio.Task[str]":
    """Connect, let the token end, and return a refresh that the upstream has decided but not answered."""
    await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    upstream.held = asyncio.Event()
    before = refreshes(upstream)
    asking = asyncio.ensure_future(bench.token())
    await until(lambda: refreshes(upstream) == before + 1)
    return asking


async def test_a_client_that_leaves_does_not_cut_a_refresh(bench: Bench, upstream: Upstream) -> None:
    asking = await under_way(bench, upstream)
    asking.cancel()
    await asyncio.wait([asking])
    second = asyncio.ensure_future(bench.token())
    await asyncio.sleep(0)
    assert upstream.held
    upstream.held.set()
    assert await second in upstream.access_tokens
    assert refreshes(upstream) == 1
    late = bench.restarted()
    assert await late.token() == await bench.token()
    assert late.store.connections()[0].unanswered_since is None


async def test_a_stop_waits_for_a_refresh_and_what_it_brought_is_stored(bench: Bench, upstream: Upstream) -> None:
    asking = await under_way(bench, upstream)
    asking.cancel()
    stopping = asyncio.ensure_future(bench.completion.finish(5))
    await asyncio.sleep(0)
    assert upstream.held
    upstream.held.set()
    assert await stopping == ()
    assert bench.store.connections()[0].secrets.refresh_token in upstream.refresh_tokens
    assert await bench.restarted().token() in upstream.access_tokens


async def test_a_stop_that_cannot_wait_says_for_what(bench: Bench, upstream: Upstream) -> None:
    asking = await under_way(bench, upstream)
    assert await bench.completion.finish(0.01) == ("refresh of x for anne",)
    with pytest.raises(asyncio.CancelledError):
        await asking
    late = bench.restarted()
    assert upstream.held
    upstream.held.set()
    assert (await connect_required(late.token())).state == "reconsent_required"
    assert "devgw was ended before it came" in (late.store.connections()[0].lost_because or "")


async def test_a_kill_during_a_refresh_is_named_as_what_it_was(bench: Bench, upstream: Upstream) -> None:
    """Not "the upstream took the connection back": it answered, and nobody was there."""
    asking = await under_way(bench, upstream)
    late = bench.restarted()  # the database as it stands at this moment
    assert upstream.held
    upstream.held = None
    required = await connect_required(late.token())
    assert "devgw was ended before it came" in required.explain()
    (lost,) = [each for each in late.events if isinstance(each, McpAuthUpstreamConnectionLost)]
    assert (lost.reason_code, lost.failure_origin) == ("refresh_answer_lost", FailureOrigin.GATEWAY)
    assert "let devgw stop by itself" in (lost.hint or "")
    asking.cancel()


async def test_after_a_kill_the_old_refresh_token_is_tried_once_more(bench: Bench, upstream: Upstream) -> None:
    upstream.rotates = False
    asking = await under_way(bench, upstream)
    late = bench.restarted()
    assert late.store.connections()[0].unanswered_since is not None
    upstream.held = None
    assert await late.token() in upstream.access_tokens
    assert late.store.connections()[0].unanswered_since is None
    asking.cancel()


async def test_an_answer_that_broke_off_is_named_and_one_that_never_left_is_not(
    bench: Bench, upstream: Upstream
) -> None:
    await bench.connect()
    kept = bench.store.connections()[0]
    bench.clock.travel(timedelta(hours=2))
    bench.store.save_connection(replace(kept, token_endpoint="http://127.0.0.1:9/token"))
    unsent = bench.restarted()
    await refusal(unsent.token())
    assert unsent.store.connections()[0].unanswered_since is None

    bench.store.save_connection(kept)
    cut = bench.restarted()
    upstream.answers["/token"] = (200, {"content-length": "100"}, b"{")
    await refusal(cut.token())
    assert cut.store.connections()[0].unanswered_since is not None
    del upstream.answers["/token"]
    upstream.refresh_tokens.clear()
    required = await connect_required(cut.token())
    assert "was lost" in required.explain()
    assert "devgw was ended" not in required.explain()


async def test_of_several_answers_that_were_lost_the_first_is_named(bench: Bench, upstream: Upstream) -> None:
    """It may have brought the rotation that made the refresh token void; those after it could not."""
    await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    first = bench.clock.now()
    upstream.answers["/token"] = (200, {"content-length": "100"}, b"{")
    for _ in range(2):
        await refusal(bench.token())
        bench.clock.travel(timedelta(minutes=5))
    assert bench.store.connections()[0].unanswered_since == first


async def test_a_refusal_without_anything_lost_before_is_the_upstreams(bench: Bench, upstream: Upstream) -> None:
    await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    upstream.answers["/token"] = (503, {}, b"down")
    await refusal(bench.token())
    assert bench.store.connections()[0].unanswered_since is None
    del upstream.answers["/token"]
    upstream.refresh_tokens.clear()
    assert "was lost" not in (await connect_required(bench.token())).explain()


async def test_callbacks_that_come_together_redeem_the_code_once(bench: Bench, upstream: Upstream) -> None:
    begun = await bench.begin()
    query = await bench.authorized(begun)
    upstream.held = asyncio.Event()
    coming = [asyncio.ensure_future(bench.oauth.finish(bench.route, query, [begun.cookie])) for _ in range(5)]
    await until(lambda: upstream.asked_at("/token"))
    foreign = await refusal(bench.oauth.finish(bench.route, query, ["cb_another"]))
    assert isinstance(foreign, ConnectBrowserForeign)
    coming[0].cancel()
    upstream.held.set()
    finished = await asyncio.gather(*coming[1:])
    assert len({each.connection.established_at for each in finished}) == 1
    assert len(upstream.asked_at("/token")) == 1
    assert await bench.token() in upstream.access_tokens
    late = await refusal(bench.oauth.finish(bench.route, query, [begun.cookie]))
    assert isinstance(late, ConnectStateUnknown)


async def test_a_browser_that_leaves_at_its_callback_is_connected_all_the_same(
    bench: Bench, upstream: Upstream
) -> None:
    begun = await bench.begin()
    query = await bench.authorized(begun)
    upstream.held = asyncio.Event()
    coming = asyncio.ensure_future(bench.oauth.finish(bench.route, query, [begun.cookie]))
    await until(lambda: upstream.asked_at("/token"))
    coming.cancel()
    upstream.held.set()
    assert await bench.completion.finish(5) == ()
    assert await bench.token() in upstream.access_tokens


async def test_what_an_upstream_rotated_is_used_and_saved_later_where_the_state_cannot_be_saved_now(
    upstream: Upstream, tmp_path: Path
) -> None:
    """Otherwise another program that locks the database for a moment costs the connection."""
    bench = Bench(upstream, database=Database(tmp_path / "devgw.db", MIGRATIONS))
    asking = await under_way(bench, upstream)
    shell = sqlite3.connect(tmp_path / "devgw.db", isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    assert upstream.held
    upstream.held.set()
    token = await asking
    assert token in upstream.access_tokens
    assert await bench.token() == token
    with pytest.raises(Refused, match="state_locked"):
        bench.oauth.save_held()
    shell.execute("ROLLBACK")
    shell.close()
    bench.oauth.save_held()
    assert await bench.restarted().token() == token


async def test_where_not_even_the_wish_to_refresh_can_be_written_down_nothing_is_sent(
    bench: Bench, upstream: Upstream
) -> None:
    await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    bench.database.execute("PRAGMA query_only=1")
    await refusal(bench.token())
    assert refreshes(upstream) == 0
    bench.database.execute("PRAGMA query_only=0")
    assert await bench.token() in upstream.access_tokens
    assert bench.restarted().store.connections()[0].secrets.refresh_token in upstream.refresh_tokens


@pytest.mark.parametrize("answers", [True, False])
async def test_a_connection_that_is_taken_back_during_a_refresh_stays_away(
    bench: Bench, upstream: Upstream, *, answers: bool
) -> None:
    asking = await under_way(bench, upstream)
    if not answers:
        asking.cancel()
        assert upstream.held
        upstream.held.set()
        assert await bench.completion.finish(5) == ()
        upstream.answers["/token"] = (400, {}, {"error": "invalid_grant"})
        bench.clock.travel(timedelta(hours=2))
        upstream.held = asyncio.Event()
        asking = asyncio.ensure_future(bench.token())
        await until(lambda: refreshes(upstream) == 2)
    assert await bench.oauth.disconnect(ANNE, bench.exchange.id)
    assert upstream.held
    upstream.held.set()
    assert (await connect_required(asking)).state == "authenticating"
    assert bench.store.connections() == []
    assert (await connect_required(bench.token())).state == "authenticating"


def moved_to_a_name(bench: Bench) -> tuple[Bench, Route]:
    """Return a new process, and the route, where the upstream is known by a name that has to be looked up."""
    url = bench.route.upstream_url.replace("127.0.0.1", "upstream.test")
    bench.store.save_connection(replace(bench.store.connections()[0], upstream_url=url))
    return bench.restarted(), replace(bench.route, upstream_url=url)


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_connection_that_is_taken_back_while_the_upstreams_name_is_looked_up_stays_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    late, named = moved_to_a_name(bench)
    looking, found = asyncio.Event(), asyncio.Event()

    async def look_up(_host: str, _port: int | None) -> list[str]:
        looking.set()
        await found.wait()
        if not is_known:
            raise httpcore2.ConnectError
        return ["127.0.0.1"]

    monkeypatch.setattr("devgw.outbound.network.addresses_of", look_up)
    asking = asyncio.ensure_future(late.oauth.obtain(named, admitted(), ORIGIN))
    await asyncio.wait_for(looking.wait(), 5)
    taking = asyncio.ensure_future(late.oauth.disconnect(ANNE, late.exchange.id))
    await until(lambda: late.store.connections() == [])
    found.set()
    assert await taking
    await refusal(asking)
    assert late.store.connections() == []
    assert (await connect_required(late.oauth.obtain(named, admitted(), ORIGIN))).state == "authenticating"


async def test_a_name_that_is_not_known_for_a_moment_leaves_no_answer_outstanding(
    bench: Bench, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    late, named = moved_to_a_name(bench)

    async def look_up(_host: str, _port: int | None) -> list[str]:
        raise httpcore2.ConnectError

    monkeypatch.setattr("devgw.outbound.network.addresses_of", look_up)
    assert isinstance(await refusal(late.oauth.obtain(named, admitted(), ORIGIN)), UpstreamNameUnknown)
    assert late.store.connections()[0].unanswered_since is None
    assert refreshes(upstream) == 0
