"""The fixture's tools that need several rounds: `input_required` with requests and state (2026-07-28)."""

import json
from typing import Any

from mcp import types

from tests.support.fixture_tools import Context, FixtureTool, ToolAnswer, strings, text

Params = types.CallToolRequestParams | types.GetPromptRequestParams
CONFIRMED = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
FIRST_STATE = "round-1"


def form(message: str, schema: dict[str, Any]) -> types.ElicitRequest:
    """Return a request for a form."""
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def question(words: str, max_tokens: int = 100) -> types.CreateMessageRequest:
    """Return a request for a completion by the client's model."""
    message = types.SamplingMessage(role="user", content=types.TextContent(text=words))
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    )


def filled(params: Params, key: str, field: str) -> str | None:
    """Return what the person wrote in `field` of the form `key`, or None where the answer is missing or wrong."""
    answer = (params.input_responses or {}).get(key)
    value = answer.content.get(field) if isinstance(answer, types.ElicitResult) and answer.content else None
    return value if isinstance(value, str) else None


def ask(state: str | None = None, **requests: types.InputRequest) -> types.InputRequiredResult:
    """Return the demand for input."""
    return types.InputRequiredResult(input_requests=requests, request_state=state)


def ask_name(message: str = "What is your name?") -> types.ElicitRequest:
    """Return the form for a name."""
    return form(message, strings("name"))


async def _elicitation(_: Context, params: types.CallToolRequestParams) -> ToolAnswer:
    name = filled(params, "user_name", "name")
    return text(f"Hello, {name}!") if name else ask(user_name=ask_name())


async def _sampling(_: Context, params: types.CallToolRequestParams) -> ToolAnswer:
    answer = (params.input_responses or {}).get("capital_question")
    if isinstance(answer, types.CreateMessageResult) and isinstance(answer.content, types.TextContent):
        return text(f"Model said: {answer.content.text}")
    return ask(capital_question=question("What is the capital of France?"))


async def _list_roots(_: Context, params: types.CallToolRequestParams) -> ToolAnswer:
    answer = (params.input_responses or {}).get("client_roots")
    if isinstance(answer, types.ListRootsResult):
        return text(f"Client exposed {len(answer.roots)} root(s).")
    return ask(client_roots=types.ListRootsRequest())


async def _request_state(_: Context, params: types.CallToolRequestParams) -> ToolAnswer:
    if params.request_state == FIRST_STATE and "confirm" in (params.input_responses or {}):
        return text("state-ok: confirmation received")
    return ask(FIRST_STATE, confirm=form("Please confirm", CONFIRMED))


async def _tampered_state(_: Context, params: types.CallToolRequestParams) -> ToolAnswer:
    if params.request_state is None:
        return ask(FIRST_STATE, confirm=form("Please confirm", CONFIRMED))
    return text(f"state-ok: {params.request_state}")


async def _multiple_inputs(_: Context, params: types.CallToolRequestParams) -> ToolAnswer:
    requests: dict[str, types.InputRequest] = {
        "user_name": ask_name(),
        "greeting": question("Generate a greeting", 50),
        "client_roots": types.ListRootsRequest(),
    }
    if requests.keys() <= (params.input_responses or {}).keys():
        return text("All inputs received.")
    return ask("several", **requests)


async def _multi_round(_: Context, params: types.CallToolRequestParams) -> ToolAnswer:
    state = json.loads(params.request_state) if params.request_state else {}
    name, color = filled(params, "step1", "name"), filled(params, "step2", "color")
    if "name" in state and color:
        return text(f"{state['name']} likes {color}.")
    if state and name:
        step2 = form("Step 2: What is your favorite color?", strings("color"))
        return ask(json.dumps({"round": 2, "name": name}), step2=step2)
    return ask(json.dumps({"round": 1}), step1=ask_name("Step 1: What is your name?"))


async def _capabilities(context: Context, _: types.CallToolRequestParams) -> ToolAnswer:
    declared = context.session.client_capabilities
    requests: dict[str, types.InputRequest] = {}
    if declared is None or declared.sampling is not None:
        requests["sample"] = question("Say hello", 50)
    if declared is None or declared.elicitation is not None:
        requests["ask"] = ask_name()
    return ask("by-capability", **requests)


PREFIX = "test_input_required_result_"

ROUNDS: tuple[FixtureTool, ...] = (
    FixtureTool(f"{PREFIX}elicitation", _elicitation),
    FixtureTool(f"{PREFIX}sampling", _sampling),
    FixtureTool(f"{PREFIX}list_roots", _list_roots),
    FixtureTool(f"{PREFIX}request_state", _request_state),
    FixtureTool(f"{PREFIX}tampered_state", _tampered_state),
    FixtureTool(f"{PREFIX}multiple_inputs", _multiple_inputs),
    FixtureTool(f"{PREFIX}multi_round", _multi_round),
    FixtureTool(f"{PREFIX}capabilities", _capabilities),
    FixtureTool("test_streaming_elicitation", _elicitation),
)
