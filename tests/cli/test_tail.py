"""`devgw tail`, `flows`, `tokens` and `trace` against a running gateway."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from devgw.cli import flows, tail, tokens, trace
from tests.cli.served import Beside, served_beside


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Beside]:
    with served_beside(tmp_path) as found:
        yield found


def run(beside: Beside, command: click.Command, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["-C", str(beside.root), *arguments])


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.output.splitlines()]


def test_tail_prints_the_last_lines_and_leaves_detail_out(beside: Beside) -> None:
    beside.do(beside.walk.all_the_way)
    shown = run(beside, tail.command, "--once", "-n", "3")
    assert shown.exit_code == 0, shown.output
    lines = [line.split(" ", 2)[2] for line in shown.output.splitlines()]
    assert lines == [
        "Claude Code initialize on calc → 200 in 10 ms, 6.0 of it here",
        "Claude Code tools/list on calc → 200 in 10 ms, 6.0 of it here",
        "Claude Code tools/call add on calc → 200 in 10 ms, 6.0 of it here",
    ]


def test_tail_says_what_was_refused_why_and_what_mends_it(beside: Beside) -> None:
    beside.do(beside.walk.registration_refused)
    shown = run(beside, tail.command, "--once").output
    assert "✗ a client not registered (dcr): redirect uri refused\n" in shown
    assert "why  http to a host that is not loopback.\n" in shown
    assert "fix  Use https.\n" in shown


def test_tail_gives_programs_every_event_by_the_contracts_names(beside: Beside) -> None:
    beside.do(beside.walk.all_the_way)
    told = objects(run(beside, tail.command, "--once", "--json", "-n", "100"))
    assert len(told) == beside.walk.bus.seq
    issued = next(each for each in told if each["event"] == "mcp_auth_downstream_token_issued")
    assert {"operationId", "subjectId", "clientName", "outcome", "accessTokenId", "grantId"} <= issued.keys()
    call = [each for each in told if each["event"] == "mcp_capability_completed"][-1]
    assert (call["gatewayMs"], call["upstreamMs"], call["mcpMethod"]) == (6.0, 4.0, "tools/call")


def test_flows_are_listed_and_one_is_told_as_a_report(beside: Beside) -> None:
    beside.do(beside.walk.all_the_way)
    heads, row = run(beside, flows.command).output.splitlines()
    assert heads.split() == [*flows.HEADS[:-1], *flows.HEADS[-1].split()]
    assert "#########" in row
    (listed,) = objects(run(beside, flows.command, "--json"))
    assert run(beside, flows.command, listed["id"]).output.startswith(f"## {listed['id']} Claude Code: done at mcp")
    assert objects(run(beside, flows.command, listed["id"], "--json"))[0]["row"]["id"] == listed["id"]


def test_tokens_tell_how_long_they_live_by_the_gateways_clock(beside: Beside) -> None:
    beside.do(beside.walk.all_the_way)
    beside.do(lambda: beside.walk.wait(30))
    table = run(beside, tokens.command).output
    assert "14m30s" in table
    assert "29d23h" in table
    assert "code:1" not in table
    assert "code:1" in run(beside, tokens.command, "--all").output
    assert [each["id"] for each in objects(run(beside, tokens.command, "--json"))] == ["at:1", "rt:1"]
    one = run(beside, tokens.command, "at:1").output
    assert "family        code:1 (spent) -> at:1 (live) -> rt:1 (live)" in one
    assert "verdict       accepted at http://localhost:9000/mcp/calc" in one


def test_a_trace_is_shown_with_both_messages_and_no_secret(beside: Beside) -> None:
    beside.do(beside.walk.authorized)
    (listed,) = objects(run(beside, trace.command, "--json"))
    shown = run(beside, trace.command, listed["id"]).output
    assert shown.startswith("GET http://localhost:9000/oauth/authorize?client_id=dcr%3A1")
    assert "abcdefghijklmnop" not in shown
    assert "state=secret" not in shown
    assert run(beside, trace.command, listed["id"], "--curl").output.startswith("curl -sS -X GET 'http://localhost")


def test_nothing_yet_is_said_in_a_sentence(beside: Beside) -> None:
    assert run(beside, flows.command).output.startswith("No flow has begun since this gateway started.")
    assert run(beside, tokens.command).output.startswith("No token was issued yet.")
    assert run(beside, trace.command).output.startswith("No request has come yet.")


@pytest.mark.parametrize("command", [flows.command, tokens.command, trace.command])
def test_what_is_not_there_is_said_and_ends_with_one(beside: Beside, command: click.Command) -> None:
    shown = run(beside, command, "nowhere")
    assert shown.exit_code == 1
    assert "There is no " in shown.output


@pytest.mark.parametrize("command", [tail.command, flows.command, tokens.command, trace.command])
def test_without_a_gateway_each_says_what_to_do(tmp_path: Path, command: click.Command) -> None:
    shown = CliRunner().invoke(command, ["-C", str(tmp_path)])
    assert shown.exit_code == 1
    assert "No gateway runs here" in shown.output
    assert "devgw up" in shown.output
