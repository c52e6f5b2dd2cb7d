"""The SDK's server with our tools on it. Importing this file imports the SDK: only `lazy` does it, and late."""

import logging
from typing import Any

from mcp import types
from mcp.server import Server
from mcp.server.caching import CacheHint
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError
from starlette.applications import Starlette

from devgw.clock import Clock
from devgw.emulators.upstream.notes import Notes
from devgw.emulators.upstream.resources import Reading
from devgw.emulators.upstream.tool import Call, Context, Shelf, Tool, ToolAnswer, failed
from devgw.emulators.upstream.tools import TOOLS

NAME = "devgw-sample"
INSTRUCTIONS = (
    "A sample server to try an MCP gateway with. Start with whoami: it shows what reached this server. "
    "count_slowly streams, wait is slow, fail fails, search_notes finds notes on MCP and OAuth."
)
FRESH = CacheHint(ttl_ms=5_000, scope="private")


class Calling:
    """Handlers for `tools/list` and `tools/call` over one shelf."""

    def __init__(self, shelf: Shelf, tools: tuple[type[Tool], ...] = TOOLS) -> None:
        self._shelf = shelf
        self._tools = {tool.NAME: tool for tool in tools}
        self._declarations = [tool.declaration() for tool in tools]

    async def list_tools(self, _: Context, __: Any) -> types.ListToolsResult:
        """List the tools."""
        return types.ListToolsResult(tools=self._declarations)

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> ToolAnswer:
        """Check the arguments and run the tool; wrong ones are an application error, so that a model can mend them."""
        tool = self._tools.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
        try:
            asked = tool.model_validate(params.arguments or {})
        except ValidationError as wrong:
            return failed("\n".join(_sentences(wrong)))
        return await asked.run(Call(context, params, self._shelf))

    def input_schema(self, name: str) -> dict[str, Any] | None:
        """Return a tool's input schema, which the SDK needs to check `Mcp-Param-*` headers."""
        return next((tool.input_schema for tool in self._declarations if tool.name == name), None)


def build_app(clock: Clock, name: str = NAME, instructions: str = INSTRUCTIONS) -> Starlette:
    """Return the SDK's own Starlette app, which speaks both eras at `/mcp` and checks Host and Origin."""
    # Without a handler Python prints the SDK's warnings, a forged Host for one, between the gateway's own lines.
    logging.getLogger("mcp").addHandler(logging.NullHandler())
    bus = InMemorySubscriptionBus()
    shelf = Shelf(clock, Notes(), bus)
    calling, reading = Calling(shelf), Reading(shelf)
    server: Server[Any] = Server(
        name,
        version="1.0.0",
        title="devgw sample server",
        instructions=instructions,
        cache_hints={"tools/list": FRESH, "resources/list": FRESH, "prompts/list": FRESH},
        get_tool_input_schema=calling.input_schema,
        on_list_tools=calling.list_tools,
        on_call_tool=calling.call_tool,
        on_list_resources=reading.list_resources,
        on_list_resource_templates=reading.list_templates,
        on_read_resource=reading.read_resource,
        on_list_prompts=reading.list_prompts,
        on_get_prompt=reading.get_prompt,
        on_completion=reading.complete,
        on_subscriptions_listen=ListenHandler(bus),
    )
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=name))
    return server.streamable_http_app(stateless_http=True)


def _sentences(wrong: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, error['loc'])) or 'arguments'}: {error['msg']}" for error in wrong.errors()]
