"""What a tool is here: a pydantic model of its arguments that can be run."""

import json
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from devgw.clock import Clock
from devgw.emulators.upstream.exchange import Result, SampleExchange
from devgw.emulators.upstream.notes import Notes

READS = {"readOnlyHint": True, "openWorldHint": False}
ADDS = {"readOnlyHint": False, "destructiveHint": False, "openWorldHint": False}
DESTROYS = {"readOnlyHint": False, "destructiveHint": True, "openWorldHint": False}


@dataclass(frozen=True)
class Shelf:
    """What the tools, resources and prompts of one server share."""

    clock: Clock
    notes: Notes


@dataclass(frozen=True)
class Call:
    """One call of a tool: the exchange that it is answered in, and the shelf."""

    exchange: SampleExchange
    shelf: Shelf


class Tool(BaseModel):
    """A tool: its fields are its arguments, its docstring is its description, its `NAME` and `TITLE` name it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    HINTS: ClassVar[dict[str, bool]] = READS

    @abstractmethod
    async def run(self, call: Call) -> Result:
        """Do what the tool is for."""

    @classmethod
    def declaration(cls) -> dict[str, Any]:
        """Return the tool as `tools/list` shows it."""
        schema = cls.model_json_schema()
        named = {"name": cls.NAME, "title": cls.TITLE, "description": schema.pop("description")}
        del schema["title"]
        return named | {"inputSchema": schema, "annotations": cls.HINTS}


def structured(result: dict[str, Any]) -> Result:
    """Return `result` as structured content, and as text for clients that read only that."""
    return plain(json.dumps(result, indent=2, ensure_ascii=False)) | {"structuredContent": result}


def plain(text: str) -> Result:
    """Return `text` alone."""
    return {"content": [{"type": "text", "text": text}], "isError": False}


def failed(text: str) -> Result:
    """Return an application error: the call arrived, the tool says no."""
    return plain(text) | {"isError": True}
