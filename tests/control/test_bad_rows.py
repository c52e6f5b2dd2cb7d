"""One row that cannot be made or sent never spoils a list, and never ends a reader."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from devgw.control.client import ControlClient, ask_once, snapshot_once
from devgw.control.codec import from_line, to_line
from devgw.control.messages import CommandAnswer, EventLine, FlowRow, TraceRow
from devgw.events import taxonomy as told
from devgw.events.trace import Body
from devgw.ids import TokenId
from devgw.monitor import flow_view, lines, trace_view
from devgw.monitor.views import ConfigView
from tests.control.conftest import Served


def deep(levels: int, kind: type = list) -> Any:
    found: Any = {} if kind is dict else []
    for _ in range(levels):
        found = {"a": found} if kind is dict else [found]
    return found


def checked(served: Served, claims: dict[str, Any]) -> None:
    """Tell that a token of the identity provider was checked."""
    served.walk.tell(
        told.McpAuthProviderTokenChecked(token_id=TokenId("idt:1"), verdict="good", header={}, claims=claims, checks=())
    )


@pytest.mark.parametrize(
    "claims", [{"a": deep(900)}, {"a": deep(900, dict)}, {"scope": deep(70)}, {"a": [deep(5_000)]}]
)
async def test_a_deep_claim_spoils_neither_the_lines_nor_the_token(served: Served, claims: dict[str, Any]) -> None:
    """Every `devgw tail` said from then on that the gateway has ended."""
    served.walk.challenged()
    checked(served, claims)
    served.walk.challenged()
    found = await snapshot_once(served.state_dir, ["line", "token"])
    names = [each.name for each in found.of("line", EventLine)]
    assert names.count("mcp_request_rejected") == 2
    assert names.count("mcp_auth_provider_token_checked") == 1
    answer = await ask_once(served.state_dir, "inspect", kind="token", id="idt:1")
    assert answer.ok
    assert "too deep" in str(answer.result["jwt"])


@pytest.mark.parametrize("levels", [70, 480, 5_000, 30_000])
async def test_a_deep_body_is_shown_as_it_came(served: Served, levels: int) -> None:
    content = b'{"a":' + b"[" * levels + b"]" * levels + b"}"
    trace = served.walk.trace("POST", "/oauth/register", kind="oauth", request_body=Body(content, len(content)))
    served.walk.exchange(trace, 400)
    answer = await ask_once(served.state_dir, "inspect", kind="trace", id=trace.id)
    assert answer.ok
    assert answer.result["request_body"]["text"].startswith('{"a":[[[[')
    assert [row.id for row in (await snapshot_once(served.state_dir, ["trace"])).of("trace", TraceRow)] == [trace.id]


def fails_on(wanted: str, real: Callable[..., Any]) -> Callable[..., Any]:
    """Return `real`, but that it fails on the first thing whose text holds `wanted`."""
    failed: list[str] = []

    def made(thing: Any, *more: Any) -> Any:
        if wanted in repr(thing) and (not failed or failed[0] == repr(thing)):
            failed.append(repr(thing))
            raise RecursionError
        return real(thing, *more)

    return made


async def test_rows_that_cannot_be_made_say_so_and_the_others_are_there(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.walk.all_the_way()
    monkeypatch.setattr(flow_view, "row_of", fails_on("Flow(", flow_view.row_of))
    monkeypatch.setattr(trace_view, "row_of", fails_on("/oauth/token", trace_view.row_of))
    monkeypatch.setattr(lines, "line_of", fails_on("McpAuthCodeIssued", lines.line_of))
    found = await snapshot_once(served.state_dir, ["flow", "trace", "line"])
    (flow,) = found.of("flow", FlowRow)
    assert flow.why == "cannot be shown (RecursionError): a defect of devgw"
    assert (flow.state, flow.step) == ("done", "mcp")
    traces = found.of("trace", TraceRow)
    assert len(traces) == len(served.walk.monitor.traces)
    assert [each.status for each in traces if "cannot be shown" in each.note] == [200]
    told_lines = found.of("line", EventLine)
    assert len(told_lines) >= served.walk.bus.seq - 3
    assert [each.name for each in told_lines if "cannot be shown" in each.text] == ["mcp_auth_code_issued"]
    assert served.walk.bus.guard.failures == 3


@pytest.mark.parametrize("odd", [object(), deep(5_000), {1: object()}, {"a": {object()}}])
async def test_a_row_that_cannot_be_written_is_replaced_and_the_reader_stays(served: Served, odd: Any) -> None:
    served.walk.all_the_way()
    row = next(iter(served.walk.monitor.grants.grants))
    row.scope = odd
    served.walk.monitor.take_config(ConfigView(generation=7, effective={"a": odd}))
    found = await snapshot_once(served.state_dir, ["grant", "config", "token"])
    assert [each.id for each in found.rows["grant"]] == [row.id]  # type: ignore[attr-defined]  # rows of grants
    assert [each.generation for each in found.of("config", ConfigView)] == [7]
    assert len(found.rows["token"]) == 3
    client = ControlClient(served.state_dir)
    async with served.reading(client) as (_, seen):
        await seen.until(served.walk.monitor.count.value)
        served.walk.called()
        served.walk.monitor.grants.grants.touch(row.id)
        await seen.until(served.walk.monitor.count.value)


async def test_changes_that_cannot_be_collected_are_passed_over(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served.reading() as (_, seen):
        await seen.until(served.walk.monitor.count.value)
        upstreams = served.walk.monitor.upstreams
        with monkeypatch.context() as patched:
            patched.setattr(upstreams, "weigh", lambda _row: 1 / 0)
            served.walk.called()
            async with asyncio.timeout(10):
                while not served.walk.bus.guard.failures:
                    await asyncio.sleep(0.01)
        served.walk.called()
        await seen.until(served.walk.monitor.count.value)


async def test_an_answer_that_cannot_be_written_is_a_fault_of_that_command_alone(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer_oddly(*given: Any) -> ConfigView:
        del given
        return ConfigView(effective={"a": deep(5_000)})

    monkeypatch.setattr(served.actions, "reload", answer_oddly)
    answer = await ask_once(served.state_dir, "reload")
    assert (answer.ok, answer.code) == (False, "fault")
    assert "A defect of devgw" in answer.explanation
    assert (await ask_once(served.state_dir, "clear", kind="lines")).ok


def test_a_snapshot_of_very_many_rows_is_taken_by_a_dashboard() -> None:
    """What our own gateway tells is as much as it is: a million commas are twenty thousand clients' rows."""
    answer = CommandAnswer(id="1", ok=True, result={"rows": list(range(1_200_000))})
    assert from_line(to_line(answer)) == answer
