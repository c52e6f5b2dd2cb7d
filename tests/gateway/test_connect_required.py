"""Connect-required in the form that each revision understands, as the official SDK reads it."""

from typing import Any

import mcp_types
import pytest

from devgw.gateway.connect_required import answer_connect_required
from devgw.mcp.message import Messages
from devgw.problems.upstream import ConnectRequired

URL = "http://localhost:9000/auth/connections/linear/connect?browserTicket=t"
PROBLEM = ConnectRequired("authenticating", "linear", "Linear", "linear-mcp", URL, "linear:user-oauth")
URL_CAPABLE: dict[str, Any] = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"url": {}}}}
FORM_CAPABLE: dict[str, Any] = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}}}


def answer(revision: str | None, method: str = "tools/call", **parameters: Any) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", "id": 4, "method": method, "params": {"name": "t", **parameters}}
    (found,) = answer_connect_required(PROBLEM, Messages((message,)), revision, {"traceId": "abc"})
    assert found["id"] == 4
    return found


@pytest.mark.parametrize("method", ["tools/call", "tools/list", "initialize", "prompts/get"])
def test_2025_11_25_gets_its_own_error_with_both_payloads(method: str) -> None:
    """gateway.md §6, and the URL elicitation error of that revision."""
    error = answer("2025-11-25", method)["error"]
    assert error["code"] == -32042
    assert error["data"] == {
        "traceId": "abc",
        "state": "authenticating",
        "upstreamServerId": "linear",
        "operationId": "linear-mcp",
        "authUrl": URL,
        "nextAction": "redirect",
        "authProfileId": "linear:user-oauth",
        "elicitations": [
            {
                "elicitationId": "linear-mcp:linear:user-oauth",
                "mode": "url",
                "url": URL,
                "message": "Connect Linear to continue.",
            }
        ],
    }
    mcp_types.ElicitationRequiredErrorData.model_validate(error["data"])


@pytest.mark.parametrize("method", ["tools/call", "prompts/get", "resources/read"])
def test_2026_07_28_is_asked_to_open_the_url_where_it_can(method: str) -> None:
    """UPST-02."""
    result = answer("2026-07-28", method, _meta=URL_CAPABLE)["result"]
    read = mcp_types.InputRequiredResult.model_validate(result)
    assert read.input_requests
    (request,) = read.input_requests.values()
    assert isinstance(request, mcp_types.ElicitRequest)
    assert isinstance(request.params, mcp_types.ElicitRequestURLParams)
    assert request.params.url == URL


def test_an_upstreams_own_state_goes_back_untouched() -> None:
    """RS-17."""
    result = answer("2026-07-28", _meta=URL_CAPABLE, requestState="theirs", inputResponses={"q": {}})["result"]
    assert result["requestState"] == "theirs"


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"_meta": FORM_CAPABLE},
        {"_meta": {"io.modelcontextprotocol/clientCapabilities": "x"}},
        {"_meta": URL_CAPABLE, "inputResponses": {"devgw-connect-linear": {"action": "accept"}}},
        {"_meta": URL_CAPABLE, "inputResponses": {"devgw-connect-linear": {"action": "decline"}}},
    ],
)
def test_2026_07_28_gets_words_where_it_cannot_or_was_asked_already(parameters: dict[str, Any]) -> None:
    result = answer("2026-07-28", **parameters)["result"]
    assert result["resultType"] == "complete"
    read = mcp_types.CallToolResult.model_validate(result)
    assert read.is_error
    assert URL in str(read.content)


@pytest.mark.parametrize("method", ["tools/list", "server/discover", "prompts/get"])
def test_2026_07_28_never_sees_a_retired_or_reserved_code(method: str) -> None:
    """GW-15."""
    error = answer("2026-07-28", method)["error"]
    assert not -32768 <= error["code"] <= -32000
    assert URL in error["message"]


@pytest.mark.parametrize("revision", [None, "2025-03-26", "2025-06-18"])
def test_older_clients_get_words_with_the_link(revision: str | None) -> None:
    result = answer(revision)["result"]
    assert "resultType" not in result
    assert result["isError"] is True
    assert URL in result["content"][0]["text"]
    assert URL in answer(revision, "initialize")["error"]["message"]


def test_each_request_of_a_batch_is_answered_and_nothing_else() -> None:
    messages = Messages(
        (
            {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 9, "result": {}},
            {"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": None},
        ),
        is_batch=True,
    )
    assert [each["id"] for each in answer_connect_required(PROBLEM, messages, "2025-03-26")] == [1, "b"]
