"""What a tool is here: a pydantic model of its arguments that can be run."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from mcp import types
from mcp.server import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from devgw.clock import Clock
from devgw.emulators.upstream.notes import Notes

Context = ServerRequestContext[Any, Request]

READS = types.ToolAnnotations(read_only_hint=True, open_world_hint=False)
ADDS = types.ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
DESTROYS = types.ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=False)


@dataclass(frozen=True)
class Shelf:
    """What the tools, resources and prompts of one server share."""

    clock: Clock
    notes: Notes
    bus: InMemorySubscriptionBus


@dataclass(frozen=True)
class Call:
    """One call of a tool: what the SDK knows of the request, its parameters, and the shelf."""

    context: Context
    params: types.CallToolRequestParams
    shelf: Shelf

    @property
    def request(self) -> Request:
        """Return the HTTP request that brought the call."""
        assert self.context.request is not None
        return self.context.request


ToolAnswer = types.CallToolResult | types.InputRequiredResult


class Tool(BaseModel):
    """A tool: its fields are its arguments, its docstring is its description, its `NAME` and `TITLE` name it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    HINTS: ClassVar[types.ToolAnnotations] = READS

    async def run(self, call: Call) -> ToolAnswer:
        """Do what the tool is for."""
        raise NotImplementedError

    @classmethod
    def declaration(cls) -> types.Tool:
        """Return the tool as `tools/list` shows it."""
        schema = cls.model_json_schema()
        description = schema.pop("description")
        del schema["title"]
        return types.Tool(
            name=cls.NAME, title=cls.TITLE, description=description, input_schema=schema, annotations=cls.HINTS
        )


def structured(result: dict[str, Any]) -> types.CallToolResult:
    """Return `result` as structured content, and as text for clients that read only that."""
    text = json.dumps(result, indent=2, ensure_ascii=False)
    return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=result)


def plain(text: str) -> types.CallToolResult:
    """Return `text` alone."""
    return types.CallToolResult(content=[types.TextContent(text=text)])


def failed(text: str) -> types.CallToolResult:
    """Return an application error: the call arrived, the tool says no."""
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)
