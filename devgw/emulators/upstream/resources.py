"""The resources and prompts of the sample server: its notes to read, and two questions worth asking."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from devgw.emulators.upstream.exchange import Result, SampleExchange
from devgw.emulators.upstream.notes import INDEX_URI, NOTE_URI_TEMPLATE, Notes, StoredNote
from devgw.emulators.upstream.request import INVALID_PARAMS, RESOURCE_NOT_FOUND, RpcError, text_in

TEXT = "text/plain"
JSON = "application/json"

CHECK_WIRING = "check_wiring"
EXPLAIN_NOTE = "explain_note"

TEMPLATE = {
    "name": "note",
    "title": "One note",
    "uriTemplate": NOTE_URI_TEMPLATE,
    "mimeType": TEXT,
    "description": "A note by its id.",
}
PROMPTS = [
    {
        "name": CHECK_WIRING,
        "title": "Check my OAuth wiring",
        "description": "Call whoami and say whether the two OAuth layers are wired as they should be.",
    },
    {
        "name": EXPLAIN_NOTE,
        "title": "Explain a note",
        "description": "Explain one of the notes to somebody new to OAuth.",
        "arguments": [{"name": "id", "description": "The id of a note.", "required": True}],
    },
]

WIRING_QUESTION = (
    "Call the tool whoami. Then say in three sentences: which MCP revision reached the server, whether an "
    "Authorization header reached it and whose it must be, and whether anything in the headers looks wrong."
)


class ResourceMethods:
    """What is answered for resources, templates, prompts and completion."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def methods(self) -> dict[str, Callable[[SampleExchange], Awaitable[Result]]]:
        """Return the methods by name."""
        return {
            "resources/list": self.list_resources,
            "resources/templates/list": self.list_templates,
            "resources/read": self.read_resource,
            "prompts/list": self.list_prompts,
            "prompts/get": self.get_prompt,
            "completion/complete": self.complete,
        }

    async def list_resources(self, _: SampleExchange) -> Result:
        """List the index and every note."""
        index = {"name": "index", "title": "All notes", "uri": INDEX_URI, "mimeType": JSON}
        return {"resources": [index, *map(_resource, self._notes)]}

    async def list_templates(self, _: SampleExchange) -> Result:
        """List the one template."""
        return {"resourceTemplates": [TEMPLATE]}

    async def read_resource(self, exchange: SampleExchange) -> Result:
        """Return the index or one note."""
        uri = exchange.request.text("uri")
        if uri == INDEX_URI:
            return {"contents": [_contents(uri, JSON, json.dumps([each.as_json() for each in self._notes], indent=2))]}
        note = self._notes.at(uri)
        if note is None:
            code = INVALID_PARAMS if exchange.request.is_modern else RESOURCE_NOT_FOUND
            raise RpcError(code, f"Resource not found: {uri}", {"uri": uri})
        return {"contents": [_contents(uri, TEXT, f"{note.title}\n\n{note.text}\n")]}

    async def list_prompts(self, _: SampleExchange) -> Result:
        """List the prompts."""
        return {"prompts": PROMPTS}

    async def get_prompt(self, exchange: SampleExchange) -> Result:
        """Return a prompt, filled in."""
        name = exchange.request.text("name")
        if name == CHECK_WIRING:
            return _ask({"type": "text", "text": WIRING_QUESTION})
        if name != EXPLAIN_NOTE:
            raise RpcError(INVALID_PARAMS, f"Unknown prompt: {name}")
        note = self._notes.by_id.get(str(exchange.request.object("arguments").get("id")))
        if note is None:
            raise RpcError(INVALID_PARAMS, "The argument id must be that of a note.")
        question = f"Explain the note '{note.title}' to somebody new to OAuth."
        embedded = {"type": "resource", "resource": _contents(note.uri, TEXT, note.text)}
        return _ask({"type": "text", "text": question}, embedded)

    async def complete(self, exchange: SampleExchange) -> Result:
        """Complete the id of a note, for the template and the prompt alike."""
        argument = exchange.request.object("argument")
        begun = text_in(argument, "value")
        ids = [note.id for note in self._notes if note.id.startswith(begun)]
        values = ids[:100] if argument.get("name") == "id" else []
        return {"completion": {"values": values, "total": len(values), "hasMore": False}}


def _resource(note: StoredNote) -> dict[str, Any]:
    size = len(note.text.encode())
    return {"name": note.id, "title": note.title, "uri": note.uri, "mimeType": TEXT, "size": size}


def _contents(uri: str, mime_type: str, text: str) -> dict[str, Any]:
    return {"uri": uri, "mimeType": mime_type, "text": text}


def _ask(*contents: dict[str, Any]) -> Result:
    return {"messages": [{"role": "user", "content": each} for each in contents]}
