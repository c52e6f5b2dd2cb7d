"""The tools of the sample server: what somebody who tests an OAuth wiring wants to call."""

import asyncio
from functools import cache
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError

from devgw.emulators.upstream.exchange import Result, SampleExchange
from devgw.emulators.upstream.notes import MOST
from devgw.emulators.upstream.request import INVALID_PARAMS, META, MISSING_CAPABILITY, RpcError
from devgw.emulators.upstream.seen import remark_on_authorization, show_headers
from devgw.emulators.upstream.tool import ADDS, DESTROYS, Call, Shelf, Tool, failed, plain, structured

FAILURE_CODE = -31000
"""Outside the range that JSON-RPC and MCP keep for themselves."""


class WhoAmI(Tool):
    """Show what reached this server: HTTP headers (secrets masked), MCP revision, client, and who the token is for."""

    NAME: ClassVar = "whoami"
    TITLE: ClassVar = "Who am I"

    async def run(self, call: Call) -> Result:
        """Answer with the request as it was seen here."""
        request = call.exchange.request
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]]
        client, peer = request.meta.get(f"{META}clientInfo"), request.scope.get("client")
        return structured(
            {
                "headers": show_headers(headers),
                "authorization": remark_on_authorization(dict(headers)),
                "identity": request.scope.get("devgw.identity"),
                "protocolVersion": request.revision,
                "client": client if isinstance(client, dict) else None,
                "peer": str(peer[0]) if peer else None,
            }
        )


class Echo(Tool):
    """Return the message unchanged."""

    NAME: ClassVar = "echo"
    TITLE: ClassVar = "Echo"
    message: str = Field(description="What to send back.")

    async def run(self, call: Call) -> Result:  # noqa: ARG002  # the shape of every tool
        """Answer with the message."""
        return plain(self.message)


class Add(Tool):
    """Add two numbers."""

    NAME: ClassVar = "add"
    TITLE: ClassVar = "Add"
    a: float
    b: float

    async def run(self, call: Call) -> Result:  # noqa: ARG002  # the shape of every tool
        """Answer with the sum."""
        return structured({"sum": self.a + self.b})


class CurrentTime(Tool):
    """Tell the time of devgw's clock, which can travel forwards, in a time zone."""

    NAME: ClassVar = "current_time"
    TITLE: ClassVar = "Current time"
    zone: str = Field(default="UTC", description="An IANA time zone such as Europe/Berlin.")

    async def run(self, call: Call) -> Result:
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

    async def run(self, call: Call) -> Result:
        """Answer with the notes found, and links to them as resources."""
        found = call.shelf.notes.search(self.words)
        answer = structured({"notes": [note.as_json() for note in found]})
        links = [
            {"type": "resource_link", "name": each.id, "title": each.title, "uri": each.uri, "mimeType": "text/plain"}
            for each in found
        ]
        return answer | {"content": [*answer["content"], *links]}


class AddNote(Tool):
    """Keep a note until the gateway stops; whoever listens for changed resources is told."""

    NAME: ClassVar = "add_note"
    TITLE: ClassVar = "Add a note"
    HINTS: ClassVar = ADDS
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(max_length=10_000)

    async def run(self, call: Call) -> Result:
        """Answer with the new note, or say that there is no room for it."""
        note = call.shelf.notes.add(self.title, self.text)
        if note is None:
            return failed(f"There are {MOST} notes, and no more are kept. delete_note makes room.")
        return structured(note.as_json())


class DeleteNote(Tool):
    """Delete a note for good: the tool to hide with a capability filter."""

    NAME: ClassVar = "delete_note"
    TITLE: ClassVar = "Delete a note"
    HINTS: ClassVar = DESTROYS
    id: str = Field(description="The id, as search_notes shows it.")

    async def run(self, call: Call) -> Result:
        """Answer with what was deleted, or say that there is no such note."""
        note = call.shelf.notes.delete(self.id)
        if note is None:
            return failed(f"No note has the id {self.id!r}. search_notes lists them.")
        return structured({"deleted": note.as_json()})


class CountSlowly(Tool):
    """Count up and report progress at each step: streams, where the client asked for progress."""

    NAME: ClassVar = "count_slowly"
    TITLE: ClassVar = "Count slowly"
    steps: int = Field(default=5, ge=1, le=1000)
    seconds: float = Field(default=0.5, ge=0, le=60, description="Pause before each step.")

    async def run(self, call: Call) -> Result:
        """Report each step, then answer."""
        for step in range(1, self.steps + 1):
            await asyncio.sleep(self.seconds)
            await call.exchange.report(step, self.steps)
        return plain(f"Counted to {self.steps}.")


class WaitTool(Tool):
    """Answer late, without a word before: for timeouts and for cancelling."""

    NAME: ClassVar = "wait"
    TITLE: ClassVar = "Wait"
    seconds: float = Field(default=5, ge=0, le=3600)

    async def run(self, call: Call) -> Result:  # noqa: ARG002  # the shape of every tool
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

    async def run(self, call: Call) -> Result:  # noqa: ARG002  # the shape of every tool
        """Fail."""
        if self.how == "error":
            raise RpcError(FAILURE_CODE, "This tool fails on purpose.", {"tool": self.NAME})
        return failed("This tool fails on purpose. The gateway and the network in between are fine.")


class AskName(Tool):
    """Ask the person for a name (2026-07-28: `input_required` with a form), then greet."""

    NAME: ClassVar = "ask_name"
    TITLE: ClassVar = "Ask for a name"

    async def run(self, call: Call) -> Result:
        """Ask in the first round, greet in the second."""
        if not call.exchange.request.is_modern:
            return failed("This server keeps no sessions, so it can ask back on MCP 2026-07-28 only.")
        answer = call.exchange.request.object("inputResponses").get("name")
        offered = call.exchange.request.meta.get(f"{META}clientCapabilities")
        if not isinstance(offered, dict) or "elicitation" not in offered:
            about: Result = {"requiredCapabilities": {"elicitation": {}}}
            raise RpcError(MISSING_CAPABILITY, "This tool asks back, and the client does not offer elicitation.", about)
        if not isinstance(answer, dict):
            asked = {"method": "elicitation/create", "params": NAME_FORM}
            return {"resultType": "input_required", "inputRequests": {"name": asked}, "requestState": "asked"}
        content = answer.get("content")
        name = content.get("name") if isinstance(content, dict) else None
        return plain(f"Hello, {name}!" if name else f"No name: {answer.get('action')}.")


NAME_FORM = {
    "mode": "form",
    "message": "What is your name?",
    "requestedSchema": {
        "type": "object",
        "properties": {"name": {"type": "string", "title": "Name"}},
        "required": ["name"],
    },
}

TOOLS: tuple[type[Tool], ...] = (
    WhoAmI,
    Echo,
    Add,
    CurrentTime,
    SearchNotes,
    AddNote,
    DeleteNote,
    CountSlowly,
    WaitTool,
    Fail,
    AskName,
)
_BY_NAME = {tool.NAME: tool for tool in TOOLS}


@cache
def _declarations() -> list[dict[str, Any]]:
    return [tool.declaration() for tool in TOOLS]


async def list_tools(_: SampleExchange) -> Result:
    """List the tools."""
    return {"tools": _declarations()}


async def call_tool(exchange: SampleExchange, shelf: Shelf) -> Result:
    """Check the arguments and run the tool; wrong ones are an application error, so that a model can mend them."""
    name = exchange.request.text("name")
    if name not in _BY_NAME:
        raise RpcError(INVALID_PARAMS, f"Unknown tool: {name}")
    try:
        asked = _BY_NAME[name].model_validate(exchange.request.object("arguments"))
    except ValidationError as wrong:
        return failed("\n".join(_sentences(wrong)))
    return await asked.run(Call(exchange, shelf))


def _sentences(wrong: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, error['loc'])) or 'arguments'}: {error['msg']}" for error in wrong.errors()]
