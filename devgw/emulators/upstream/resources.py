"""The resources and prompts of the sample server: its notes to read, and two questions worth asking."""

import json
from typing import Any

from mcp import types
from mcp.shared.exceptions import MCPError

from devgw.emulators.upstream.notes import INDEX_URI, NOTE_URI_TEMPLATE, Notes
from devgw.emulators.upstream.tool import Context, Shelf

TEXT = "text/plain"
JSON = "application/json"

CHECK_WIRING = "check_wiring"
EXPLAIN_NOTE = "explain_note"

PROMPTS = [
    types.Prompt(
        name=CHECK_WIRING,
        title="Check my OAuth wiring",
        description="Call whoami and say whether the two OAuth layers are wired as they should be.",
    ),
    types.Prompt(
        name=EXPLAIN_NOTE,
        title="Explain a note",
        description="Explain one of the notes to somebody new to OAuth.",
        arguments=[types.PromptArgument(name="id", description="The id of a note.", required=True)],
    ),
]

WIRING_QUESTION = (
    "Call the tool whoami. Then say in three sentences: which MCP revision reached the server, whether an "
    "Authorization header reached it and whose it must be, and whether anything in the headers looks wrong."
)


class Reading:
    """Handlers for resources, templates, prompts and completion over one shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._notes: Notes = shelf.notes

    async def list_resources(self, _: Context, __: Any) -> types.ListResourcesResult:
        """List the index and every note."""
        index = types.Resource(name="index", title="All notes", uri=INDEX_URI, mime_type=JSON)
        notes = [
            types.Resource(name=note.id, title=note.title, uri=note.uri, mime_type=TEXT, size=len(note.text.encode()))
            for note in self._notes
        ]
        return types.ListResourcesResult(resources=[index, *notes])

    async def list_templates(self, _: Context, __: Any) -> types.ListResourceTemplatesResult:
        """List the one template."""
        template = types.ResourceTemplate(
            name="note",
            title="One note",
            uri_template=NOTE_URI_TEMPLATE,
            mime_type=TEXT,
            description="A note by its id.",
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(self, _: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        """Return the index or one note."""
        uri = str(params.uri)
        if uri == INDEX_URI:
            return _read(uri, JSON, json.dumps([note.as_json() for note in self._notes], indent=2))
        note = self._notes.at(uri)
        if note is None:
            raise MCPError(types.INVALID_PARAMS, f"Resource not found: {uri}", {"uri": uri})
        return _read(uri, TEXT, f"{note.title}\n\n{note.text}\n")

    async def list_prompts(self, _: Context, __: Any) -> types.ListPromptsResult:
        """List the prompts."""
        return types.ListPromptsResult(prompts=PROMPTS)

    async def get_prompt(self, _: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        """Return a prompt, filled in."""
        if params.name == CHECK_WIRING:
            return _ask(types.TextContent(text=WIRING_QUESTION))
        if params.name != EXPLAIN_NOTE:
            raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name}")
        note = self._notes.by_id.get((params.arguments or {}).get("id", ""))
        if note is None:
            raise MCPError(types.INVALID_PARAMS, "The argument id must be that of a note.")
        contents = types.TextResourceContents(uri=note.uri, mime_type=TEXT, text=note.text)
        return _ask(
            types.TextContent(text=f"Explain the note '{note.title}' to somebody new to OAuth."),
            types.EmbeddedResource(resource=contents),
        )

    async def complete(self, _: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        """Complete the id of a note, for the template and the prompt alike."""
        ids = [note.id for note in self._notes if note.id.startswith(params.argument.value)]
        values = ids[:100] if params.argument.name == "id" else []
        return types.CompleteResult(completion=types.Completion(values=values, total=len(values), has_more=False))


def _read(uri: str, mime_type: str, text: str) -> types.ReadResourceResult:
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=mime_type, text=text)])


def _ask(*contents: types.ContentBlock) -> types.GetPromptResult:
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content) for content in contents])
