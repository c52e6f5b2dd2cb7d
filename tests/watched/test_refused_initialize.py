"""A server that refuses `initialize` by an error of JSON-RPC is told, though its status says that all is well."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.events.taxonomy import WatchedStepTaken
from tests.diagnosis.third_party import named
from tests.outbound.upstream import running_upstream
from tests.support.gateway import mcp_request
from tests.watched.bench import Watching, watching

OFFER = mcp_request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x"}})


def refusal(code: int, message: str, **data: Any) -> bytes:
    said = {"code": code, "message": message} | ({"data": data} if data else {})
    return json.dumps({"jsonrpc": "2.0", "id": 1, "error": said}).encode()


async def offered(watched: Watching) -> None:
    async with httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http:
        await http.post(watched.url, json=OFFER)


OLD = refusal(-32602, "Unsupported protocol version", supported=["2024-11-05"], requested="2025-11-25")


@pytest.mark.parametrize(
    ("body", "name", "words"),
    [
        (OLD, "REQ-10", "initialize offers revision 2025-11-25; the MCP server at"),
        (refusal(-32602, "clientInfo.version is required"), "PROXY-20", "“clientInfo.version is required”"),
        (refusal(-32000, "This tenant is suspended"), "PROXY-20", "“This tenant is suspended”"),
        (refusal(-32603, "Internal error"), "PROXY-20", "“Internal error”"),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
async def test_a_refused_initialize_is_told_by_its_words(
    tmp_path: Path, body: bytes, name: str, words: str, *, is_stream: bool
) -> None:
    kind = "text/event-stream" if is_stream else "application/json"
    async with running_upstream() as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        upstream.answers["/mcp"] = (200, {"content-type": kind}, b"data: %s\n\n" % body if is_stream else body)
        await offered(watched)
        made = await named(watched, name)
    assert words in (made.explanation or ""), made.explanation


@pytest.mark.parametrize("body", [refusal(-32601, "Method not found"), refusal(-32022, "Unsupported", supported=["x"])])
async def test_one_after_which_clients_go_on_without_a_handshake_is_not_talked_about(
    tmp_path: Path, body: bytes
) -> None:
    async with running_upstream() as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        upstream.answers["/mcp"] = (200, {"content-type": "application/json"}, body)
        await offered(watched)
        upstream.answers["/mcp"] = (200, {"content-type": "application/json"}, OLD)
        await offered(watched)
        await named(watched, "REQ-10")  # so that all of the first is told, too
        told = [each.diagnosis_id for each in watched.events(WatchedStepTaken) if each.diagnosis_id]
    assert set(told) == {"REQ-10"}
