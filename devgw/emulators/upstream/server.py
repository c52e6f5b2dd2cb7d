"""The server: which requests are let in, and what each method answers."""

from collections.abc import Awaitable, Callable

from devgw.clock import Clock
from devgw.emulators.upstream.asgi import (
    BODY_LIMIT,
    OpenRequests,
    Receive,
    Scope,
    Send,
    answer,
    answer_text,
    drain,
    header,
    is_for_loopback,
    is_loopback,
    read_body,
)
from devgw.emulators.upstream.exchange import Result, SampleExchange, answer_message, encode
from devgw.emulators.upstream.notes import Notes
from devgw.emulators.upstream.request import (
    INVALID_REQUEST,
    META,
    METHOD_NOT_FOUND,
    MODERN,
    OLDER,
    RpcError,
    read_request,
)
from devgw.emulators.upstream.resources import ResourceMethods
from devgw.emulators.upstream.tool import Shelf
from devgw.emulators.upstream.tools import call_tool, list_tools

MCP_PATH = "/mcp"
"""The one path on which MCP is spoken, with or without a trailing slash."""
NAME = "devgw-sample"
INSTRUCTIONS = (
    "A sample server to try an MCP gateway with. Start with whoami: it shows what reached this server. "
    "count_slowly streams, wait is slow, fail fails, search_notes finds notes on MCP and OAuth."
)
WELCOME = f"""This is devgw's sample MCP server. It speaks MCP (2025-03-26 to 2026-07-28) at {MCP_PATH}.
Connect an MCP client to a route of the gateway, not to this port: here nothing asks for a token.
"""
_FRESH = {"ttlMs": 5_000, "cacheScope": "private"}
_STALE = {"ttlMs": 0, "cacheScope": "private"}
_CACHED = dict.fromkeys(("tools/list", "resources/list", "prompts/list"), _FRESH) | dict.fromkeys(
    ("resources/templates/list", "resources/read", "server/discover"), _STALE
)
"""How long a client may keep the result of a method in the modern era."""

Method = Callable[[SampleExchange], Awaitable[Result]]


class SampleServer:
    """The sample MCP server as an ASGI app."""

    def __init__(self, clock: Clock, name: str = NAME, instructions: str = INSTRUCTIONS) -> None:
        self._shelf = Shelf(clock, Notes())
        self._info = {"name": name, "title": "devgw sample server", "version": "1.0.0"}
        self._instructions = instructions
        self._open = OpenRequests()
        reading = ResourceMethods(self._shelf.notes)
        both: dict[str, Method] = {"tools/list": list_tools, "tools/call": self._call} | reading.methods()
        self._older: dict[str, Method] = both | {"initialize": self._initialize, "ping": _pong}
        self._modern: dict[str, Method] = both | {
            "server/discover": self._discover,
            "subscriptions/listen": self._listen,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or live through the host's lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"].rstrip("/") == MCP_PATH:
            await self._open.hold(self._answer(scope, receive, send))
        else:
            await drain(receive)
            is_welcome = scope["path"] == "/" and scope["method"] == "GET"
            elsewhere = f"Nothing is here. The MCP endpoint is {MCP_PATH}\n"
            await answer_text(send, 200 if is_welcome else 404, WELCOME if is_welcome else elsewhere)

    def close(self) -> None:
        """End every open request and stream at once; later requests are refused."""
        self._open.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        refusal = (503, "This server is closing.") if self._open.is_closing else _refusal(scope, body)
        if refusal:
            status, why = refusal
            error = {"jsonrpc": "2.0", "id": None, "error": {"code": INVALID_REQUEST, "message": why}}
            allowed = [(b"allow", b"POST")] if status == 405 else []
            await answer(send, status, "application/json", encode(error), allowed)
        else:
            await self._answer_message(scope, body, receive, send)

    async def _answer_message(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        try:
            request = read_request(scope, body)
        except RpcError as error:
            await answer_message(send, {"jsonrpc": "2.0", "id": error.request_id, "error": error.body})
            return
        if request is None:
            await answer(send, 202, "application/json", b"")
        else:
            exchange = SampleExchange(request, receive, send)
            await exchange.run(self._result(exchange))

    async def _result(self, exchange: SampleExchange) -> Result:
        request = exchange.request
        method = (self._modern if request.is_modern else self._older).get(request.method)
        if method is None:
            raise RpcError(METHOD_NOT_FOUND, "Method not found", request.method)
        result = await method(exchange)
        if not request.is_modern:
            return result
        signed = {"_meta": {f"{META}serverInfo": self._info} | result.get("_meta", {})}
        return {"resultType": "complete"} | _CACHED.get(request.method, {}) | result | signed

    async def _call(self, exchange: SampleExchange) -> Result:
        return await call_tool(exchange, self._shelf)

    async def _initialize(self, exchange: SampleExchange) -> Result:
        asked = exchange.request.text("protocolVersion")
        says = {"protocolVersion": asked if asked in OLDER else OLDER[0], "serverInfo": self._info}
        offered: Result = {"tools": {}, "resources": {}, "prompts": {}, "completions": {}}
        return says | {"capabilities": offered, "instructions": self._instructions}

    async def _discover(self, _: SampleExchange) -> Result:
        offered: Result = {"tools": {}, "resources": {"listChanged": True}, "prompts": {}, "completions": {}}
        return {"supportedVersions": [MODERN], "capabilities": offered, "instructions": self._instructions}

    async def _listen(self, exchange: SampleExchange) -> Result:
        """Tell of changed notes until the client leaves."""
        is_asked = exchange.request.object("notifications").get("resourcesListChanged") is True
        honoured = {"resourcesListChanged": True} if is_asked else {}
        about = {"_meta": {f"{META}subscriptionId": exchange.request.id}}
        with self._shelf.notes.watched() as changed:
            await exchange.notify("notifications/subscriptions/acknowledged", {"notifications": honoured} | about)
            while True:
                await changed.wait()
                changed.clear()
                if is_asked:
                    await exchange.notify("notifications/resources/list_changed", about)


async def _pong(_: SampleExchange) -> Result:
    return {}


def _refusal(scope: Scope, body: bytes) -> tuple[int, str] | None:
    """Return status and reason where a request is not let in: DNS rebinding, and what no client sends."""
    origin, accepted = header(scope, b"origin"), header(scope, b"accept")
    if not is_for_loopback(scope):
        return 421, "This server answers for loopback names alone."
    if origin and not is_loopback(origin):
        return 403, "A page of another site may not ask here."
    if scope["method"] != "POST":
        return 405, "This server keeps no sessions: it takes POST alone."
    if not header(scope, b"content-type").lower().startswith("application/json"):
        return 400, "The Content-Type must be application/json."
    if "*/*" not in accepted and not ("application/json" in accepted and "text/event-stream" in accepted):
        return 406, "A client must accept both application/json and text/event-stream."
    return (413, f"The body is longer than {BODY_LIMIT} bytes.") if len(body) > BODY_LIMIT else None


def create_app(clock: Clock) -> SampleServer:
    """Return the sample MCP server as an ASGI app; `clock` is what its tools call the time."""
    return SampleServer(clock)
