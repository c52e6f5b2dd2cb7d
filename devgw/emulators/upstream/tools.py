"""The tools of the sample server: what somebody who tests an OAuth wiring wants to call."""

import asyncio
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mcp import types
from mcp.server.subscriptions import ResourcesListChanged
from mcp.shared.exceptions import MCPError
from pydantic import Field

from devgw.emulators.upstream.seen import remark_on_authorization, show_headers
from devgw.emulators.upstream.tool import ADDS, DESTROYS, Call, Tool, ToolAnswer, failed, plain, structured

FAILURE_CODE = -31000
"""Outside the range that JSON-RPC and MCP keep for themselves."""


class WhoAmI(Tool):
    """Show what reached this server: HTTP headers (secrets masked), MCP revision, client, and who the token is for."""

    NAME: ClassVar = "whoami"
    TITLE: ClassVar = "Who am I"

    async def run(self, call: Call) -> ToolAnswer:
        """Answer with the request as it was seen here."""
        client = call.context.session.client_params
        return structured(
            {
                "headers": show_headers(call.request.headers.items()),
                "authorization": remark_on_authorization(call.request.headers),
                "identity": call.request.scope.get("devgw.identity"),
                "protocolVersion": call.context.protocol_version,
                "client": client.client_info.model_dump(by_alias=True, exclude_none=True) if client else None,
                "peer": str(call.request.client.host) if call.request.client else None,
            }
        )


class Echo(Tool):
    """Return the message unchanged."""

    NAME: ClassVar = "echo"
    TITLE: ClassVar = "Echo"
    message: str = Field(description="What to send back.")

    async def run(self, call: Call) -> ToolAnswer:  # noqa: ARG002  # the shape of every tool
        """Answer with the message."""
        return plain(self.message)


class Add(Tool):
    """Add two numbers."""

    NAME: ClassVar = "add"
    TITLE: ClassVar = "Add"
    a: float
    b: float

    async def run(self, call: Call) -> ToolAnswer:  # noqa: ARG002  # the shape of every tool
        """Answer with the sum."""
        return structured({"sum": self.a + self.b})


class CurrentTime(Tool):
    """Tell the time of devgw's clock, which can travel forwards, in a time zone."""

    NAME: ClassVar = "current_time"
    TITLE: ClassVar = "Current time"
    zone: str = Field(default="UTC", description="An IANA time zone such as Europe/Berlin.")

    async def run(self, call: Call) -> ToolAnswer:
        """Answer with the time, or say that the zone is unknown."""
        try:
            zone = ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return failed(f"No time zone is called {self.zone!r}. Names look like Europe/Berlin.")
        return structured({"time": call.shelf.clock.now().astimezone(zone).isoformat(), "zone": self.zone})


class SearchNotes(Tool):
    """Find notes on MCP and OAuth that hold every word asked for; no word finds all."""

    NAME: ClassVar = "search_notes"
    TITLE: ClassVar = "Search notes"
    words: str = Field(default="", description="Words, separated by spaces.")

    async def run(self, call: Call) -> ToolAnswer:
        """Answer with the notes found, and links to them as resources."""
        found = call.shelf.notes.search(self.words)
        answer = structured({"notes": [note.as_json() for note in found]})
        links = [
            types.ResourceLink(name=note.id, title=note.title, uri=note.uri, mime_type="text/plain") for note in found
        ]
        return answer.model_copy(update={"content": [*answer.content, *links]})


class AddNote(Tool):
    """Keep a note until the gateway stops; whoever listens for changed resources is told."""

    NAME: ClassVar = "add_note"
    TITLE: ClassVar = "Add a note"
    HINTS: ClassVar = ADDS
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(max_length=10_000)

    async def run(self, call: Call) -> ToolAnswer:
        """Answer with the new note."""
        note = call.shelf.notes.add(self.title, self.text)
        await call.shelf.bus.publish(ResourcesListChanged())
        return structured(note.as_json())


class DeleteNote(Tool):
    """Delete a note for good: the tool to hide with a capability filter."""

    NAME: ClassVar = "delete_note"
    TITLE: ClassVar = "Delete a note"
    HINTS: ClassVar = DESTROYS
    id: str = Field(description="The id, as search_notes shows it.")

    async def run(self, call: Call) -> ToolAnswer:
        """Answer with what was deleted, or say that there is no such note."""
        note = call.shelf.notes.delete(self.id)
        if note is None:
            return failed(f"No note has the id {self.id!r}. search_notes lists them.")
        await call.shelf.bus.publish(ResourcesListChanged())
        return structured({"deleted": note.as_json()})


class CountSlowly(Tool):
    """Count up and report progress at each step: streams, where the client asked for progress."""

    NAME: ClassVar = "count_slowly"
    TITLE: ClassVar = "Count slowly"
    steps: int = Field(default=5, ge=1, le=1000)
    seconds: float = Field(default=0.5, ge=0, le=60, description="Pause before each step.")

    async def run(self, call: Call) -> ToolAnswer:
        """Report each step, then answer."""
        for step in range(1, self.steps + 1):
            await asyncio.sleep(self.seconds)
            await call.context.session.report_progress(step, self.steps, f"step {step} of {self.steps}")
        return plain(f"Counted to {self.steps}.")


class Wait(Tool):
    """Answer late, without a word before: for timeouts and for cancelling."""

    NAME: ClassVar = "wait"
    TITLE: ClassVar = "Wait"
    seconds: float = Field(default=5, ge=0, le=3600)

    async def run(self, call: Call) -> ToolAnswer:  # noqa: ARG002  # the shape of every tool
        """Wait, then answer."""
        await asyncio.sleep(self.seconds)
        return plain(f"Waited {self.seconds:g} s.")


class Fail(Tool):
    """Fail on purpose: as an application error inside the result, or as a JSON-RPC error."""

    NAME: ClassVar = "fail"
    TITLE: ClassVar = "Fail"
    how: Literal["result", "error"] = Field(
        default="result", description="`result` answers with isError, `error` with a JSON-RPC error."
    )

    async def run(self, call: Call) -> ToolAnswer:  # noqa: ARG002  # the shape of every tool
        """Fail."""
        if self.how == "error":
            raise MCPError(FAILURE_CODE, "This tool fails on purpose.", {"tool": self.NAME})
        return failed("This tool fails on purpose. The gateway and the network in between are fine.")


class AskName(Tool):
    """Ask the person for a name (2026-07-28: `input_required` with a form), then greet."""

    NAME: ClassVar = "ask_name"
    TITLE: ClassVar = "Ask for a name"

    async def run(self, call: Call) -> ToolAnswer:
        """Ask in the first round, greet in the second."""
        if call.context.protocol_version < "2026-07-28":
            return failed("This server keeps no sessions, so it can ask back on MCP 2026-07-28 only.")
        answer = (call.params.input_responses or {}).get("name")
        if isinstance(answer, types.ElicitResult):
            return plain(f"Hello, {answer.content['name']}!" if answer.content else f"No name: {answer.action}.")
        return types.InputRequiredResult(input_requests={"name": _name_form()}, request_state="asked")


def _name_form() -> types.ElicitRequest:
    form = {"type": "object", "properties": {"name": {"type": "string", "title": "Name"}}, "required": ["name"]}
    return types.ElicitRequest(
        params=types.ElicitRequestFormParams(message="What is your name?", requested_schema=form)
    )


TOOLS: tuple[type[Tool], ...] = (
    WhoAmI,
    Echo,
    Add,
    CurrentTime,
    SearchNotes,
    AddNote,
    DeleteNote,
    CountSlowly,
    Wait,
    Fail,
    AskName,
)
