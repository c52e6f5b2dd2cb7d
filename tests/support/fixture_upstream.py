"""The full upstream that the official conformance suite demands, in both eras, with sessions: for tests alone.

    async with serve(create_app()) as origin:
        ...  # conformance server --url {origin}/mcp --requirements 2025-11-25

Run by itself (`python -m tests.support.fixture_upstream [PORT]`) it serves until interrupted, for a suite by hand.
What each scenario asks for stands in the suite's own source; the names and texts here are the suite's.
"""

import asyncio
import sys
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from mcp import types
from mcp.server import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPError
from mcp.types import jsonrpc
from starlette.applications import Starlette

from tests.support.fixture_reading import Reading
from tests.support.fixture_rounds import ROUNDS
from tests.support.fixture_tools import TOOLS, Context, FixtureTool, ToolAnswer

RETRY_MILLISECONDS = 100
NAME = "conformance-fixture"


class KeptEvents(EventStore):
    """Every SSE event of the process, so that a client can resume with `Last-Event-ID` (2025-11-25)."""

    def __init__(self) -> None:
        self._events: list[tuple[str, jsonrpc.JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: str, message: jsonrpc.JSONRPCMessage | None) -> str:
        """Keep an event; its id is its number."""
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(self, last_event_id: str, send_callback: EventCallback) -> str | None:
        """Send again what followed on the same stream."""
        last = int(last_event_id) if last_event_id.isdecimal() else 0
        if not 0 < last <= len(self._events):
            return None
        stream = self._events[last - 1][0]
        for number, (owner, message) in enumerate(self._events[last:], start=last + 1):
            if owner == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


class Calling:
    """Handlers for `tools/list` and `tools/call`."""

    def __init__(self, bus: InMemorySubscriptionBus) -> None:
        self._bus = bus
        self._tools: dict[str, FixtureTool] = {tool.name: tool for tool in (*TOOLS, *ROUNDS)}

    async def list_tools(self, _: Context, __: Any) -> types.ListToolsResult:
        """List the tools."""
        return types.ListToolsResult(tools=[tool.declaration() for tool in self._tools.values()])

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> ToolAnswer:
        """Run a tool."""
        tool = self._tools.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
        answer = await tool.run(context, params)
        if tool.announces is not None:
            await self._bus.publish(tool.announces)
        return answer

    def input_schema(self, name: str) -> dict[str, Any] | None:
        """Return a tool's input schema."""
        tool = self._tools.get(name)
        return tool.schema if tool else None


async def _accept(_: Context, __: Any) -> types.EmptyResult:
    return types.EmptyResult()


def build_server() -> Server[Any]:
    """Return the SDK's server with everything the suite asks for."""
    bus = InMemorySubscriptionBus()
    calling, reading = Calling(bus), Reading()
    server: Server[Any] = Server(
        NAME,
        version="1.0.0",
        get_tool_input_schema=calling.input_schema,
        on_list_tools=calling.list_tools,
        on_call_tool=calling.call_tool,
        on_list_resources=reading.list_resources,
        on_list_resource_templates=reading.list_templates,
        on_read_resource=reading.read_resource,
        on_subscribe_resource=_accept,
        on_unsubscribe_resource=_accept,
        on_list_prompts=reading.list_prompts,
        on_get_prompt=reading.get_prompt,
        on_completion=reading.complete,
        on_subscriptions_listen=ListenHandler(bus),
    )
    # Registered this way, not in the constructor, which warns that logging is deprecated: an error in tests.
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, _accept)
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=NAME))
    return server


def create_app() -> Starlette:
    """Return the fixture as an ASGI app that speaks MCP at `/mcp`, both eras, with sessions and resumable streams."""
    return build_server().streamable_http_app(event_store=KeptEvents(), retry_interval=RETRY_MILLISECONDS)


if __name__ == "__main__":
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1] if len(sys.argv) > 1 else 9102}"]
    config.graceful_timeout = 0.5
    asyncio.run(serve(create_app(), config))  # type: ignore[arg-type]  # Starlette's scope is not Hypercorn's TypedDict
