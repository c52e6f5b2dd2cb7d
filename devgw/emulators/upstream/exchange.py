"""The response to one request: JSON where the answer is all there is to say, else a stream of events."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

from devgw.emulators.upstream.asgi import Receive, Send, answer
from devgw.emulators.upstream.request import INTERNAL, STATUS, McpRequest, RpcError

PING_SECONDS = 15.0
"""How long a stream is silent before it says that it lives: proxies give up on silent ones."""
_STREAM = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache, no-transform")]

Result = dict[str, Any]


class SampleExchange:
    """What is said to one request. The older era is answered by a stream from the start, as its clients expect."""

    def __init__(self, request: McpRequest, receive: Receive, send: Send) -> None:
        self.request = request
        self._receive = receive
        self._send = send
        self._streams = False

    async def run(self, working: Awaitable[Result]) -> None:
        """Say what comes of `working`, which ends when the client leaves."""
        if not self.request.is_modern:
            await self._begin()
        async with asyncio.TaskGroup() as tasks:
            answering = tasks.create_task(self._message(working))
            beside = [tasks.create_task(self._until_left()), tasks.create_task(self._keep_alive())]
            await asyncio.wait({answering, *beside}, return_when=asyncio.FIRST_COMPLETED)
            for task in (answering, *beside):
                task.cancel()
        if not answering.cancelled():
            await self._finish(answering.result())

    async def notify(self, method: str, params: dict[str, Any]) -> None:
        """Say something before the answer."""
        await self._begin()
        await self._event({"jsonrpc": "2.0", "method": method, "params": params})

    async def report(self, step: int, steps: int) -> None:
        """Report progress, where the client asked for it."""
        if (token := self.request.meta.get("progressToken")) is not None:
            progress = {"progressToken": token, "progress": step, "total": steps}
            await self.notify("notifications/progress", progress | {"message": f"step {step} of {steps}"})

    async def _message(self, working: Awaitable[Result]) -> dict[str, Any]:
        try:
            return {"jsonrpc": "2.0", "id": self.request.id, "result": await working}
        except RpcError as error:
            return {"jsonrpc": "2.0", "id": self.request.id, "error": error.body}

    async def _until_left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            await self._begin()
            await self._send({"type": "http.response.body", "body": b": ping\r\n\r\n", "more_body": True})

    async def _begin(self) -> None:
        if not self._streams:
            self._streams = True
            await self._send({"type": "http.response.start", "status": 200, "headers": _STREAM})

    async def _event(self, message: dict[str, Any], *, more: bool = True) -> None:
        body = b"event: message\r\ndata: " + encode(message) + b"\r\n\r\n"
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _finish(self, message: dict[str, Any]) -> None:
        if self._streams:
            await self._event(message, more=False)
        else:
            await answer_message(self._send, message)


async def answer_message(send: Send, message: dict[str, Any]) -> None:
    """Send a JSON-RPC message as the whole answer, with the status of its error."""
    status = STATUS.get(message["error"]["code"], 200) if "error" in message else 200
    await answer(send, status, "application/json", encode(message))


def encode(message: dict[str, Any]) -> bytes:
    """Return a message as JSON; an error in its place where it holds a number that JSON has not."""
    try:
        return json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        error = {"code": INTERNAL, "message": "The answer holds a number that JSON cannot say."}
        return json.dumps({"jsonrpc": "2.0", "id": message.get("id"), "error": error}).encode()
