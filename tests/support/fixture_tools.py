"""The fixture's tools that answer by themselves, and those that ask the client back over a session (≤ 2025-11-25)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from mcp import types
from mcp.server import ServerRequestContext
from mcp.server.subscriptions import PromptsListChanged, ServerEvent, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata

Context = ServerRequestContext[Any, Any]
ToolAnswer = types.CallToolResult | types.InputRequiredResult
Run = Callable[[Context, types.CallToolRequestParams], Awaitable[ToolAnswer]]

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
LOG_LEVEL_KEY = "io.modelcontextprotocol/logLevel"
MODERN = "2026-07-28"
PAUSE = 0.02


@dataclass(frozen=True)
class FixtureTool:
    """One tool of the fixture."""

    name: str
    run: Run
    schema: dict[str, Any] = field(default_factory=lambda: NO_ARGUMENTS)
    announces: ServerEvent | None = None
    """Told to whoever listens, after the call."""

    def declaration(self) -> types.Tool:
        """Return the tool as `tools/list` shows it."""
        return types.Tool(name=self.name, description=self.name.replace("_", " "), input_schema=self.schema)


def strings(*names: str) -> dict[str, Any]:
    """Return the schema of an object of required strings."""
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}


def saying(*contents: types.ContentBlock, is_error: bool = False) -> Run:
    """Return a tool that always answers the same."""

    async def run(_: Context, __: types.CallToolRequestParams) -> ToolAnswer:
        return types.CallToolResult(content=list(contents), is_error=is_error)

    return run


def text(words: str) -> types.CallToolResult:
    """Return an answer of one text."""
    return types.CallToolResult(content=[types.TextContent(text=words)])


def _embedded(uri: str, mime_type: str, words: str) -> types.EmbeddedResource:
    return types.EmbeddedResource(resource=types.TextResourceContents(uri=uri, mime_type=mime_type, text=words))


async def _log(context: Context, words: str) -> None:
    if context.protocol_version >= MODERN and LOG_LEVEL_KEY not in (context.meta or {}):
        return
    params = types.LoggingMessageNotificationParams(level="info", data=words)
    await context.session.send_notification(types.LoggingMessageNotification(params=params), context.request_id)


async def _with_logging(context: Context, _: types.CallToolRequestParams) -> ToolAnswer:
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await _log(context, words)
        await asyncio.sleep(PAUSE)
    return text("Tool with logging executed successfully")


async def _with_progress(context: Context, _: types.CallToolRequestParams) -> ToolAnswer:
    for step in (0, 50, 100):
        await context.session.report_progress(step, 100, f"Completed step {step} of 100")
        await asyncio.sleep(PAUSE)
    return text("Progress reported")


async def _sampling(context: Context, params: types.CallToolRequestParams) -> ToolAnswer:
    question = types.TextContent(text=(params.arguments or {}).get("prompt", ""))
    asked = types.CreateMessageRequestParams(
        messages=[types.SamplingMessage(role="user", content=question)], max_tokens=100
    )
    request = types.CreateMessageRequest(params=asked)
    # On this call's own stream: the standalone GET stream may not be open.
    related = ServerMessageMetadata(related_request_id=context.request_id)
    answer = await context.session.send_request(request, types.CreateMessageResult, metadata=related)
    said = answer.content.text if isinstance(answer.content, types.TextContent) else "No response"
    return text(f"LLM response: {said}")


def eliciting(schema: dict[str, Any], message: str) -> Run:
    """Return a tool that asks the person over the session and tells what was answered."""

    async def run(context: Context, params: types.CallToolRequestParams) -> ToolAnswer:
        asked = (params.arguments or {}).get("message", message)
        answer = await context.session.elicit_form(asked, schema, context.request_id)
        return text(f"User response: action={answer.action}, content={answer.content}")

    return run


async def _missing_capability(context: Context, _: types.CallToolRequestParams) -> ToolAnswer:
    capabilities = context.session.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        needed: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "This tool requires sampling", needed)
    return text("The client can sample.")


async def _reconnection(context: Context, _: types.CallToolRequestParams) -> ToolAnswer:
    await _log(context, "Before disconnect")
    if context.close_sse_stream is not None:
        await context.close_sse_stream()
    await asyncio.sleep(0.2)
    await _log(context, "After reconnect")
    return text("Reconnection test completed")


async def _header(_: Context, params: types.CallToolRequestParams) -> ToolAnswer:
    return text(f"region={(params.arguments or {}).get('region')}")


DEFAULTS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "User name", "default": "John Doe"},
        "age": {"type": "integer", "description": "User age", "default": 30},
        "score": {"type": "number", "description": "User score", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "description": "Verification status", "default": True},
    },
    "required": [],
}


def _titled(**titles: str) -> list[dict[str, str]]:
    return [{"const": value, "title": title} for value, title in titles.items()]


ENUMS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
        "titledSingle": {"type": "string", "oneOf": _titled(value1="First Option", value2="Second Option")},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
        "titledMulti": {"type": "array", "items": {"anyOf": _titled(value1="First Choice", value2="Second Choice")}},
    },
    "required": [],
}

SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

MIRRORED = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}

_image = types.ImageContent(data=PIXEL, mime_type="image/png")
_mixed = (
    types.TextContent(text="Multiple content types test:"),
    _image,
    _embedded("test://mixed-content-resource", "application/json", '{"test": "data", "value": 123}'),
)
_resource = _embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
_refusal = types.TextContent(text="This tool intentionally returns an error for testing")

TOOLS: tuple[FixtureTool, ...] = (
    FixtureTool("test_simple_text", saying(types.TextContent(text="This is a simple text response for testing."))),
    FixtureTool("test_image_content", saying(_image)),
    FixtureTool("test_audio_content", saying(types.AudioContent(data=SILENCE, mime_type="audio/wav"))),
    FixtureTool("test_embedded_resource", saying(_resource)),
    FixtureTool("test_multiple_content_types", saying(*_mixed)),
    FixtureTool("test_error_handling", saying(_refusal, is_error=True)),
    FixtureTool("test_tool_with_logging", _with_logging),
    FixtureTool("test_logging_tool", _with_logging),
    FixtureTool("test_tool_with_progress", _with_progress),
    FixtureTool("test_sampling", _sampling, strings("prompt")),
    FixtureTool("test_elicitation", eliciting(strings("response"), "Your answer?"), strings("message")),
    FixtureTool("test_elicitation_sep1034_defaults", eliciting(DEFAULTS, "Please review your information")),
    FixtureTool("test_elicitation_sep1330_enums", eliciting(ENUMS, "Please choose")),
    FixtureTool("test_missing_capability", _missing_capability),
    FixtureTool("test_reconnection", _reconnection),
    FixtureTool("test_x_mcp_header", _header, MIRRORED),
    FixtureTool("json_schema_2020_12_tool", saying(types.TextContent(text="ok")), SCHEMA_2020_12),
    FixtureTool(
        "test_trigger_tool_change", saying(types.TextContent(text="tools changed")), announces=ToolsListChanged()
    ),
    FixtureTool(
        "test_trigger_prompt_change", saying(types.TextContent(text="prompts changed")), announces=PromptsListChanged()
    ),
)
