"""A good answer in an event stream is read as the standard of event streams has it, by the doctor as by the proxy."""

from pathlib import Path

import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Answer, Verdict
from devgw.diagnosis.verdicts.server_way import way_to
from devgw.outbound.server_doctor import examine_server, seen_at
from devgw.problems import Refused
from devgw.wiring.examining import examine_running
from tests.diagnosis.stories.test_upstreams import answering, behind
from tests.support.gateway import mcp_request
from tests.support.serving import serve

RESULT = '{"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}}'
ANSWER = f'{{"jsonrpc": "2.0", "id": 1,\n "result": {RESULT}}}'
EVENT = "".join(f"data: {line}\n" for line in ANSWER.split("\n")) + "\n"
NOTE = 'data: {"jsonrpc": "2.0", "method": "notifications/message", "params": {}}\n\n'


@pytest.mark.parametrize(
    "stream",
    [
        EVENT,
        f"\ufeff{EVENT}",
        f"{NOTE}{EVENT}",
        f"{EVENT}{NOTE}",
        f": alive\n\nretry: 9\n\nevent: message\nid: 1\n{EVENT}",
        EVENT.replace("\n", "\r\n"),
        EVENT.replace("\n", "\r"),
        EVENT.replace("data: ", "data:"),
    ],
)
async def test_no_form_of_a_stream_is_taken_for_no_answer(tmp_path: Path, stream: str) -> None:
    """HTML Living Standard §9.2.6: a mark at its beginning, three ends of lines, several lines of data to an event."""
    answer = (200, {"content-type": "text/event-stream"}, stream.encode())
    async with serve(answering(answer)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        await http.post(gateway.mcp_url, json=mcp_request("initialize"), headers=headers)
        assert await gateway.said() == []
        project = await examine_running(gateway.running.runtime)
        alone = (await examine_server(f"{origin}/mcp", SystemClock())).checks
    failed = [each for each in (*project, *alone) if each.verdict is Verdict.FAIL]
    assert [each for each in failed if each.name.startswith(("upstream.", "server."))] == []
    assert [each.saw for each in alone if each.name == "server.reached"]


@pytest.mark.parametrize(
    ("id_", "is_taken"), [("1", True), ("1.0", True), ("1.5", False), ('"1"', False), ("true", False)]
)
async def test_a_number_is_the_same_id_however_it_is_written(id_: str, is_taken: bool) -> None:
    answer = f'{{"jsonrpc": "2.0", "id": {id_}, "result": {RESULT}}}'.encode()
    async with serve(answering((200, {"content-type": "application/json"}, answer))) as origin:
        checks = (await examine_server(f"{origin}/mcp", SystemClock())).checks
    assert ("PROXY-10" in {each.diagnosis_id for each in checks}) is not is_taken


@pytest.mark.parametrize("members", ['"id": 1, "id": 9', '"id": 1, "x": ' + "[" * 200 + "]" * 200])
async def test_what_two_readers_may_read_differently_is_not_called_no_response(members: str) -> None:
    answer = f'{{"jsonrpc": "2.0", {members}, "result": {RESULT}}}'.encode()
    async with serve(answering((200, {"content-type": "application/json"}, answer))) as origin:
        checks = (await examine_server(f"{origin}/mcp", SystemClock())).checks
    (found,) = [each for each in checks if each.name == "server.reached"]
    assert (found.diagnosis_id, "no response" in found.saw) == ("NET-06", False)


def test_of_several_messages_the_response_is_read() -> None:
    answer = Answer("http://x", 200, {"content-type": "text/event-stream"}, f"{EVENT}{NOTE}".encode())
    assert "result" in answer.message


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_that_fails_as_it_is_begun_with_is_not_said_to_answer_without_a_login(status: int) -> None:
    """What it asks for is not known, so that nothing is put in front of it."""
    failing = '{"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "CRM is down"}}'
    answer = (status, {"content-type": "application/json"}, failing.encode())
    async with serve(answering(answer)) as origin:
        seen = await seen_at(f"{origin}/mcp", SystemClock())
    with pytest.raises(Refused) as refused:
        way_to(seen)
    assert (refused.value.problem.diagnosis_id, "CRM is down" in refused.value.problem.explain()) == ("PROXY-19", True)
