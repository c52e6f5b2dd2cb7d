"""Whatever those do who watch, what was decided is answered: a whole gateway over real sockets."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.config.sample import sample_root
from devgw.diagnosis import RuleDiagnoser, SeenFlow
from devgw.diagnosis.rule import Rule
from devgw.diagnosis.rules import RULES
from devgw.events import Published
from devgw.events.fitness import SLOW_NS
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import FaultMet, McpAuthDownstreamTokenIssued, ObserverFailed, ObserverSetAside
from devgw.settings import Settings
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway

DEEP = 60_000


@pytest.fixture
async def gateway() -> AsyncIterator[Running]:
    async with running_gateway() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=20) as client:
        yield client


async def judged(gateway: Running) -> None:
    """Wait until everything was observed and judged twice, by the task that does it."""
    clock, monitor = gateway.runtime.clock, gateway.runtime.monitor
    assert isinstance(clock, SystemClock)
    for _ in range(2):
        clock.travel(timedelta(seconds=2))
        before = monitor.judged_at
        async with asyncio.timeout(20):
            while monitor.judged_at == before:
                await asyncio.sleep(0.02)


def assert_nothing_happened(gateway: Running) -> None:
    assert gateway.events(FaultMet) == []
    assert gateway.events(ObserverFailed) == []
    assert gateway.runtime.bus.guard.failures == 0
    assert not gateway.runtime.stopping.is_set()


DEEP_BODIES = (
    b'{"a":' + b"[" * DEEP,
    b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
    b'{"a":' * DEEP,
    b"[" * DEEP,
    b'{"redirect_uris":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"a":' + b"9" * 30_000 + b"}",
    b'{"client_name":NaN,"redirect_uris":["http://localhost/cb"]}',
    b'{"client_name":"a","client_name":"b","redirect_uris":1e999}',
    b"\xff\xfe" + b"[" * DEEP,
    b'{"error":{"code":' + b"[" * DEEP,
)


async def test_no_body_from_a_web_page_ends_the_gateway(gateway: Running, http: httpx2.AsyncClient) -> None:
    """A page may send these with one line of script: they are refused, and nothing else happens."""
    headers = {"content-type": "text/plain", "origin": "https://attacker.example", "user-agent": "Mozilla/5.0"}
    for body in DEEP_BODIES:
        answer = await http.post(f"{gateway.origin}/oauth/register", content=body, headers=headers)
        assert answer.status_code == 400
        for url in (gateway.origin + "/oauth/token", gateway.origin + "/oauth/revoke", gateway.mcp_url):
            answer = await http.post(url, content=body, headers=headers | {"content-type": "application/json"})
            assert 400 <= answer.status_code < 500
    await judged(gateway)
    assert_nothing_happened(gateway)
    assert (await gateway.register(http))["client_id"]


def breaks(what: type[BaseException]) -> Callable[[Published], None]:
    def listener(published: Published) -> None:
        del published
        raise what

    return listener


@pytest.mark.parametrize(
    "what",
    [
        *(RecursionError, MemoryError, KeyError, OSError, StopIteration),
        *(SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, BaseException),
    ],
)
async def test_a_client_gets_its_token_though_every_event_is_met_by_a_fault(
    gateway: Running, http: httpx2.AsyncClient, what: type[BaseException]
) -> None:
    """What was committed is answered: else the retry is a replay, and the grant is gone."""
    gateway.runtime.bus.listen(breaks(what), "broken")
    async with Browser(CALLBACK) as browser:
        tokens = await gateway.tokens(http, browser)
    answer = await http.post(
        gateway.mcp_url, json=mcp_request("tools/list"), headers={"authorization": f"Bearer {tokens['access_token']}"}
    )
    assert answer.status_code == 200
    assert len(gateway.events(McpAuthDownstreamTokenIssued)) == 1
    assert gateway.events(FaultMet) == []
    failed = gateway.events(ObserverFailed)
    assert failed[0].kind == what.__name__
    assert all(each.who == "broken" for each in failed)
    checks = {check.name: check for check in gateway.runtime.monitor.health.look().checks}
    assert checks["observers"].state == "warning"
    assert "broken on" in checks["observers"].text
    assert what.__name__ in checks["observers"].text


@pytest.mark.parametrize("who", ["monitor", "diagnosis", "printer"])
async def test_a_slow_observer_holds_up_three_times_and_stands_in_health(
    gateway: Running, http: httpx2.AsyncClient, who: str
) -> None:
    """Whoever it is, the monitor too: each event that it takes so long over holds up every request."""
    bus, seen = gateway.runtime.bus, list[int]()

    def hold_up(published: Published) -> None:
        seen.append(published.seq)
        until = gateway.runtime.clock.thread_time().computed + SLOW_NS
        while gateway.runtime.clock.thread_time().computed < until:
            pass

    observers = dict(bus._observers)
    bus._observers = [(name, hold_up if name == who else listener) for name, listener in observers.items()]
    for _ in range(6):
        assert (await http.post(gateway.mcp_url, json=mcp_request("tools/list"))).status_code == 401
    bus.drain()
    assert len(seen) == 3
    row = next(each for each in gateway.runtime.monitor.health.look().checks if each.name == f"observer {who}")
    assert row.state == "warning"
    assert "was slow 3 times within a minute" in row.text
    assert "set aside until the next start" in row.text
    assert row.fix.startswith("Start devgw again")


@pytest.mark.parametrize("part", ["kept", "flows", "people", "upstreams", "health"])
async def test_one_part_of_the_monitor_that_fails_takes_no_other_along(
    gateway: Running, http: httpx2.AsyncClient, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request stands among the traces, and its line among the lines, whatever else could not be concluded."""

    def fail(*given: Any) -> None:
        raise LookupError(given)

    for name in ("fold", "see", "take", "seen", "exchanged"):
        if hasattr(getattr(gateway.runtime.monitor, part), name):
            monkeypatch.setattr(getattr(gateway.runtime.monitor, part), name, fail)
    answer = await http.post(gateway.mcp_url, json=mcp_request("tools/list"))
    assert answer.status_code == 401
    await judged(gateway)
    assert gateway.events(ObserverFailed)[0].kind == "LookupError"
    monitor = gateway.runtime.monitor
    assert [trace.status for trace in monitor.traces] == [401]
    assert {"mcp_request_rejected", "http_exchanged"} <= {each.event.name for each in monitor.lines}


async def test_the_watching_ends_with_the_gateway_and_its_last_word_is_heard() -> None:
    async with running_gateway() as running:
        pass
    assert [each.event.name for each in running.heard][-1] == "gateway_stopping"


def raises(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    raise RecursionError(view, now)


async def test_a_rule_that_fails_ends_nothing_and_its_traceback_is_in_the_log(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    root = tmp_path / "project"
    shutil.copytree(sample_root(), root)
    async with running_gateway(root, settings=Settings(port=0), ephemeral=False) as gateway:
        runtime = gateway.runtime
        rules = (Rule((), "nothing", raises), *RULES)
        runtime.monitor.take_diagnoser(RuleDiagnoser(runtime.bus, runtime.clock, rules))
        for _ in range(4):
            answer = await http.get(f"{gateway.origin}/.well-known/oauth-protected-resource/nowhere")
            assert answer.status_code == 404
            await judged(gateway)
        assert [each.who for each in gateway.events(ObserverSetAside)] == ["rule raises"]
        checks = {check.name: check for check in runtime.monitor.health.look().checks}
        assert checks["diagnosis"].state == "ok", "the task that watches goes on"
        assert "failed 3 times, last with RecursionError" in checks["rule raises"].text
    log = root / ".devgw" / "gateway.log"
    told = log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    assert "rule raises failed on f-" in told
    assert "Traceback (most recent call last)" in told
    assert "RecursionError" in told


async def test_where_nothing_is_kept_no_traceback_is_written(gateway: Running, http: httpx2.AsyncClient) -> None:
    gateway.runtime.bus.listen(breaks(KeyError), "broken")
    assert (await http.post(gateway.mcp_url, json=mcp_request("tools/list"))).status_code == 401
    assert gateway.events(ObserverFailed)
    assert not (gateway.runtime.settings.state_path / "gateway.log").exists()
