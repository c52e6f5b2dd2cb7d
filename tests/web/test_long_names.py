"""What a stranger writes is told and kept in short, however long it is, and costs nobody else time."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from devgw.clock import FrozenClock
from devgw.config.project import CapabilityEntry, CapabilityFilter
from devgw.events.trace import Body, Trace
from devgw.foreign.text import clean
from devgw.ids import TraceId
from devgw.limits import Limits
from devgw.mcp.answer import failure_in
from devgw.monitor.trace_weight import lighten, weight_of
from devgw.problems import Problem
from tests.support.bytes_upstream import bytes_upstream
from tests.support.gate import gate
from tests.support.gateway import Running
from tests.web.test_many_long_bodies import answer_result

LONG = 1_000_000
FILTERED: dict[str, Any] = {"capability_filter": CapabilityFilter("only-echo", tools=(CapabilityEntry("echo"),))}
MODERN = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "z"}


def told(event: Any) -> int:
    """Return how many characters an event or trace tells, its bodies and headers aside."""
    names = [each for each in event.__dataclass_fields__ if not each.endswith(("_body", "_headers"))]
    return sum(len(repr(getattr(event, each))) for each in names if each != "trace")


@pytest.mark.parametrize("filtered", [True, False])
@pytest.mark.parametrize(
    ("message", "headers"),
    [
        ({"params": {"name": "x" * LONG}}, {}),
        ({"params": {"name": "\u202e" * LONG}}, {}),
        ({"params": {"name": "x" * LONG}}, MODERN),
        ({"method": "m" * LONG}, {}),
        ({"method": "m" * LONG}, MODERN),
        ({"method": "initialize", "params": {"protocolVersion": "v" * LONG}}, {}),
        ({"id": "i" * LONG}, {}),
    ],
)
async def test_of_a_message_little_is_told_however_long_its_names_are(
    message: dict[str, Any], headers: dict[str, str], *, filtered: bool
) -> None:
    call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "echo"}} | message
    more = FILTERED if filtered else {}
    async with (
        bytes_upstream(answer_result) as upstream,
        gate(upstream.url, **more) as gateway,
        httpx2.AsyncClient(timeout=30) as client,
    ):
        await client.post(gateway.url, json=call, headers=gateway.bearer | headers)

    (trace,) = gateway.traces
    assert told(trace) < 20_000
    assert max(told(event) for event in gateway.events) < 20_000


@pytest.mark.parametrize("message", ["x" * LONG, "\u202e" * LONG])
async def test_a_name_that_no_filter_lists_is_refused_at_once(message: str) -> None:
    call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": message * 4}}
    async with (
        bytes_upstream(answer_result) as upstream,
        gate(upstream.url, **FILTERED) as gateway,
        httpx2.AsyncClient(timeout=30) as client,
    ):
        began = time.thread_time()
        answer = await client.post(gateway.url, json=call, headers=gateway.bearer)
        assert time.thread_time() - began < 2
    assert answer.json()["error"]["data"]["reason"] == "capability_hidden"


@dataclass(frozen=True, slots=True)
class Told(Problem):
    """A refusal with facts of every kind."""

    text: str
    several: tuple[str, ...]
    few: tuple[str, ...] = ("a", "b")
    number: int = 7

    def explain(self) -> str:
        return self.text


def test_the_facts_of_a_refusal_are_kept_in_short() -> None:
    problem = Told("x" * LONG, ("y" * LONG,) * 1_000)
    assert problem.text == "x" * (Limits.FACT_CHARACTERS - 1) + "…"
    assert len(problem.several) == 50
    assert all(len(each) == Limits.FACT_CHARACTERS for each in problem.several)
    assert (problem.few, problem.number) == (("a", "b"), 7)
    assert Told("x" * Limits.FACT_CHARACTERS, ()).text == "x" * Limits.FACT_CHARACTERS


@pytest.mark.parametrize("name", ["grant_type", "client_id", "code", "scope", "resource", "client_assertion"])
async def test_of_a_token_request_little_is_kept_however_long_its_parameters_are(
    gateway: Running, http: httpx2.AsyncClient, name: str
) -> None:
    form = {"grant_type": "authorization_code", "client_id": "x", "code": "y"} | {name: "q" * 900_000}
    answer = await http.post(f"{gateway.origin}/oauth/token", data=form)
    assert answer.json()["error"] in {"invalid_request", "invalid_client"}
    async with asyncio.timeout(20):
        while not (traces := list(gateway.runtime.monitor.traces)):
            gateway.runtime.bus.drain()
            await asyncio.sleep(0.01)
    assert told(traces[0]) < 20_000


def test_what_a_tool_says_of_its_failure_is_kept_in_short() -> None:
    for content in (b'{"error":{"code":1,"message":"%s"}}', b'{"result":{"isError":true,"content":[{"text":"%s"}]}}'):
        found = failure_in(content % (b"x" * 50_000), is_stream=False)
        assert found is not None
        assert found[1].count("x") == Limits.FACT_CHARACTERS


def test_of_a_light_trace_only_the_beginning_of_its_url_is_left() -> None:
    path, query = "/" + "p" * 9_999, b"q" * 10_000
    trace = Trace(TraceId("t"), FrozenClock().now(), "GET", path, query, request_body=Body(b"b", 1))
    assert weight_of(trace) == 20_001
    lighten(trace)
    assert weight_of(trace) == 2_048


def test_a_long_text_is_cleaned_no_further_than_it_is_shown() -> None:
    began = time.process_time()
    assert clean("\u202e" * 20_000_000, 20) == "\\u{202e}\\u{202e}\\u{…"
    assert time.process_time() - began < 0.2
