"""`devgw mcp`: an MCP server for coding agents, over standard input and output: what devgw sees, for them to read.

Source: MCP 2025-11-25 §Lifecycle, §Transports: stdio, §Tools; JSON-RPC 2.0.
"""

import asyncio
import contextlib
import io
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import click

from devgw import __version__
from devgw.cli.agent_tools import CHANGING, READING, AgentTool
from devgw.cli.joining import directory_argument
from devgw.cli.printing import write_json
from devgw.limits import Limits

_PARSE, _INVALID, _NO_METHOD, _PARAMS = -32700, -32600, -32601, -32602
_MOST_BYTES = Limits.ANSWER_BYTES
"""Of one message: an agent asks a few words."""
_AHEAD = 16
"""Lines that are read before they are taken."""
_AT_ONCE = 4
"""Calls that run side by side, each a process; the others wait for their turn."""
_MOST_TEXT = 200_000
"""Characters of an answer: an agent reads what it is given."""
_SECONDS = 120.0
_LAST_SECONDS = 10.0
"""For what is under way when nobody asks any more: whoever wrote all questions into a pipe reads the answers."""
_STDIN = 0
_USUAL = "2025-11-25"
_INSTRUCTIONS = (
    "devgw is a local gateway for MCP servers behind OAuth. When a login or a call failed, ask `why` first: it names "
    "the fault, the evidence and the one change that mends it. Ids in its answers open with show_flow and show_request."
)


@click.command("mcp")
@directory_argument
@click.option("--allow-changes", is_flag=True, help="Let the agent sign in, call tools and set faults, too.")
def command(directory: Path, *, allow_changes: bool) -> None:
    """Be an MCP server on standard input and output, by which a coding agent asks why a login failed.

    In Claude Code: claude mcp add devgw -- devgw mcp. It reads; it reveals no secret, and changes nothing unless
    --allow-changes is given.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # messages are UTF-8, wherever one line ends otherwise
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    tools = (*READING, *CHANGING) if allow_changes else READING
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        asyncio.run(AgentServer(directory.resolve(), tools).serve(_STDIN))


class AgentServer:
    """Answers one agent; calls run side by side, and what is cancelled is ended."""

    def __init__(self, directory: Path, tools: tuple[AgentTool, ...]) -> None:
        self._directory = directory
        self._tools = {each.name: each for each in tools}
        self._calls: dict[str | int, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def serve(self, descriptor: int) -> None:
        """Answer the messages of an open file, a line each, until it ends; what is under way then has a moment."""
        lines = _AgentLines(descriptor, asyncio.get_running_loop())
        while line := await lines.next():
            self._take(line)
        calls = list(self._calls.values())
        if calls:
            await asyncio.wait(calls, timeout=_LAST_SECONDS)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    def _take(self, line: bytes) -> None:
        from devgw.foreign.json import JsonRefused, read_object  # noqa: PLC0415  `--help` must be quick

        if not line.strip():
            return
        try:
            message = read_object(line, most_bytes=_MOST_BYTES)
        except JsonRefused as refused:
            _answer(None, error=(_PARSE, f"This is no message of JSON-RPC: {refused}."))
            return
        method, number = message.get("method"), message.get("id")
        params = message.get("params", {})
        if not isinstance(method, str) or not isinstance(params, dict):
            if "result" not in message and "error" not in message:
                _answer(number, error=(_INVALID, "A request has a `method`, and `params` that are an object."))
            return
        if isinstance(number, bool) or not isinstance(number, str | int):
            self._note(method, params)
        elif method == "tools/call":
            self._begin(number, params)
        else:
            self._reply(number, method, params)

    def _note(self, method: str, params: Mapping[str, Any]) -> None:
        """Take a notification: of them only a cancellation means anything here."""
        number = params.get("requestId")
        call = self._calls.get(number) if isinstance(number, str | int) else None
        if method == "notifications/cancelled" and call is not None:
            call.cancel()

    def _reply(self, number: str | int, method: str, params: Mapping[str, Any]) -> None:
        match method:
            case "initialize":
                _answer(number, _initialized(params))
            case "ping":
                _answer(number, {})
            case "tools/list":
                _answer(number, {"tools": [each.told() for each in self._tools.values()]})
            case _:
                _answer(number, error=(_NO_METHOD, f"There is no method {method} here."))

    def _begin(self, number: str | int, params: Mapping[str, Any]) -> None:
        name, given = params.get("name"), params.get("arguments") or {}
        tool = self._tools.get(name) if isinstance(name, str) else None
        if tool is None:
            _answer(number, error=(_PARAMS, self._unknown(str(name))))
        elif not isinstance(given, dict):
            _answer(number, error=(_PARAMS, "`arguments` must be an object."))
        elif mistake := tool.find_mistake(given):
            _answer(number, _said(mistake, is_error=True))
        else:
            self._calls[number] = asyncio.ensure_future(self._in_turn(number, tool, given))
            self._calls[number].add_done_callback(lambda _done: self._calls.pop(number, None))

    def _unknown(self, name: str) -> str:
        if any(each.name == name for each in CHANGING):
            return f"{name} changes something: `devgw mcp --allow-changes` offers it."
        return f"There is no tool {name}."

    async def _in_turn(self, number: str | int, tool: AgentTool, given: Mapping[str, Any]) -> None:
        async with self._turn:
            try:
                await self._call(number, tool, given)
            except (OSError, ValueError) as error:  # no process, or none with these words: they are too long, say
                _answer(number, _said(f"{tool.name} cannot be run: {error}.", is_error=True))

    async def _call(self, number: str | int, tool: AgentTool, given: Mapping[str, Any]) -> None:
        """Run the command of a tool, and answer with what it printed."""
        from devgw.platforms.own_program import own_command  # noqa: PLC0415  `--help` must be quick

        process = await asyncio.create_subprocess_exec(
            *own_command(*tool.command_at(str(self._directory), given)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        )
        try:
            async with asyncio.timeout(_SECONDS):
                printed, complained = await process.communicate()
        except TimeoutError:
            _answer(number, _said(f"It took more than {_SECONDS:.0f} s, and was ended.", is_error=True))
            return
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        texts = [each.decode("utf-8", "replace").strip() for each in (printed, complained)]
        text = "\n".join(filter(None, texts)) or "Nothing to tell."
        is_answer = tool.may_end_with_1 and process.returncode == 1 and bool(texts[0])
        _answer(number, _said(text, is_error=bool(process.returncode) and not is_answer))


class _AgentLines:
    """What comes, read by a thread that nobody waits for: a read that nothing ends does not keep this program."""

    def __init__(self, descriptor: int, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lines = asyncio.Queue[bytes]()
        self._room = threading.Semaphore(_AHEAD)
        threading.Thread(target=self._read, args=(descriptor,), daemon=True).start()

    async def next(self) -> bytes:
        """Return the next line; nothing at the end."""
        line = await self._lines.get()
        self._room.release()
        return line

    def _read(self, descriptor: int) -> None:
        # a file object of this thread's own: one that the interpreter closes at its end must not be in use then
        with contextlib.suppress(OSError, RuntimeError):  # no input, or no loop any more
            stream = open(descriptor, "rb", closefd=False)  # noqa: SIM115  a number; nobody else's
            while self._room.acquire() and (line := _read_line(stream)):
                self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._lines.put_nowait, b"")


def _read_line(stream: BinaryIO) -> bytes:
    """Return the next line, with its end; of one that is too long a part that is too long as well."""
    line = stream.readline(_MOST_BYTES + 1)
    rest = line
    while len(rest) > _MOST_BYTES and not rest.endswith(b"\n"):
        rest = stream.readline(_MOST_BYTES + 1)
    return line


def _initialized(params: Mapping[str, Any]) -> dict[str, Any]:
    from devgw.mcp.revision import MODERN, REVISIONS  # noqa: PLC0415  `--help` must be quick

    asked = params.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in REVISIONS and asked != MODERN else _USUAL,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "devgw", "version": __version__},
        "instructions": _INSTRUCTIONS,
    }


def _said(text: str, *, is_error: bool = False) -> dict[str, Any]:
    shown = (
        text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}\n… and {len(text) - _MOST_TEXT:,} characters more."
    )
    return {"content": [{"type": "text", "text": shown}], "isError": is_error}


def _answer(number: object, result: Mapping[str, Any] | None = None, error: tuple[int, str] | None = None) -> None:
    """Write an answer as one line."""
    told = {"error": {"code": error[0], "message": error[1]}} if error else {"result": result}
    write_json({"jsonrpc": "2.0", "id": number} | told)
    sys.stdout.flush()
