"""What a watched command wants elsewhere and does not get stands behind all that concerns the watched server."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devgw.cli.watch_words import proxied_ending, proxied_facts
from devgw.diagnosis.rule import diagnosis
from devgw.monitor.details import CaseView
from devgw.monitor.why import NEWEST, why_of
from tests.outbound.upstream import Upstream
from tests.support.serving import listen
from tests.watched.proxied import Proxied, proxied
from tests.watched.raw import RawClient
from tests.watched.test_proxy_attacks import credential, said, status


@pytest.fixture
async def watched(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Proxied]:
    async with proxied(f"{upstream.origin}/mcp", tmp_path) as watched:
        yield watched


async def fail_elsewhere(watched: Proxied) -> str:
    """Ask for a tunnel to where nothing listens; return the place."""
    with listen() as closed:
        place = f"127.0.0.1:{closed.getsockname()[1]}"
    head = f"CONNECT {place} HTTP/1.1\r\nhost: {place}\r\n".encode()
    assert status(await said(watched.port, head + credential(watched) + b"\r\n")) == 502
    return place


async def cases(watched: Proxied) -> list[CaseView]:
    runtime = watched.runtime
    runtime.bus.drain()
    await runtime.monitor.catch_up()
    told = why_of(runtime.monitor, NEWEST)
    assert told is not None
    return told.cases


async def fail_the_login(upstream: Upstream, watched: Proxied) -> None:
    """Let the token endpoint refuse the code."""
    upstream.answers["/token"] = (
        400,
        {"content-type": "application/json"},
        json.dumps({"error": "invalid_grant"}).encode(),
    )
    async with watched.http() as http:
        assert (await RawClient(http, f"{upstream.origin}/mcp").go()).startswith("token: 400")


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_tunnel_that_failed_stands_behind_a_refusal_of_the_watched_server(
    upstream: Upstream, watched: Proxied, is_first: bool
) -> None:
    if is_first:
        await fail_elsewhere(watched)
    await fail_the_login(upstream, watched)
    if not is_first:
        await fail_elsewhere(watched)
    found = await cases(watched)
    assert found[0].flow is not None
    assert [each.id for each in found[-1].diagnoses] == ["NET-01"]
    words = "\n".join(proxied_ending(watched.runtime.watched, watched.runtime.monitor))
    assert words.index("invalid_grant") < words.index("NET-01")
    assert proxied_facts(watched.runtime.watched, watched.runtime.monitor)["why"]["flow"] is not None


async def test_a_tunnel_that_failed_stands_behind_what_a_later_attempt_mended(
    upstream: Upstream, watched: Proxied
) -> None:
    await fail_the_login(upstream, watched)
    del upstream.answers["/token"]
    async with watched.http() as http:
        assert await RawClient(http, f"{upstream.origin}/mcp").go() == "passes"
    await fail_elsewhere(watched)
    found = await cases(watched)
    assert found[0].flow is not None
    assert [each.id for each in found[-1].diagnoses] == ["NET-01"]


@pytest.mark.parametrize("is_newer", [True, False])
async def test_what_is_aside_hides_nothing_of_the_same_name(watched: Proxied, is_newer: bool) -> None:
    own = diagnosis("NET-01", "The watched server is gone.", "Start it.")
    aside = diagnosis("NET-01", "Something else is gone.", "Start that.", is_aside=True)
    book, now = watched.runtime.monitor.diagnoses, watched.runtime.clock.now()
    book.take_gateway([aside, own] if is_newer else [own, aside], now)
    assert book.of_gateway() == [own]


async def test_what_failed_elsewhere_alone_is_said_all_the_same(watched: Proxied) -> None:
    place = await fail_elsewhere(watched)
    (case,) = await cases(watched)
    assert place in case.diagnoses[0].cause
