"""An ASGI app whose requests' bodies count together: the emulators', which run in the gateway's process."""

import asyncio
import json
from typing import Any

from devgw.foreign.held import HeldTogether
from devgw.limits import Limits
from devgw.problems.limit import BodyGaveWay
from devgw.tasks import is_cancelled
from devgw.web.answers import NO_STORE, PROBLEM_JSON
from devgw.web.recorder import App, Message, Receive, Scope, Send


class CountedBodies:
    """Hands each request to the app, and ends the longest that is still coming where all together are too long.

    Args:
        app: it keeps the bodies by itself, each up to a limit of its own.
        among: all that are counted together.
        most: bytes of one body that any of the apps keeps; what comes beyond is read and thrown away there.
    """

    def __init__(self, app: App, among: HeldTogether, most: int) -> None:
        self._app = app
        self._among = among
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, or answer 503 in its place."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(self._among, self._most, receive, send)
        answering = asyncio.ensure_future(self._answer(scope, request))
        request.end = answering.cancel
        try:
            await answering
        except asyncio.CancelledError:
            answering.cancel()
            if not request.gave_way or is_cancelled():
                raise
            await request.say_why()
        finally:
            self._among.forget(request)

    async def _answer(self, scope: Scope, request: "_Request") -> None:
        await self._app(scope, request.receive, request.send)


class _Request:
    """One request whose body is counted as it comes."""

    def __init__(self, among: HeldTogether, most: int, receive: Receive, send: Send) -> None:
        self._among = among
        self._most = most
        self._receive = receive
        self._send = send
        self._size = 0
        self._has_begun = False
        self.gave_way = False
        self.end: Any = None

    async def receive(self) -> Message:
        """Return the next message of the server."""
        message = await self._receive()
        if body := message.get("body"):
            self._size = min(self._size + len(body), self._most)
            self._among.note(self, self._size, is_leaving=not message.get("more_body"))
        return message

    async def send(self, message: Message) -> None:
        """Pass a message of the app on."""
        self._has_begun = True
        await self._send(message)

    def give_way(self) -> None:
        """See `foreign.held.Holder`."""
        self.gave_way = True
        self.end()

    async def say_why(self) -> None:
        """Answer in place of the app, which was ended before it did; the rest of the body is read by nobody."""
        if self._has_begun:
            return
        problem = BodyGaveWay(Limits.BODIES_TOGETHER_BYTES)
        told = {"title": problem.reason.replace("_", " "), "status": problem.status, "detail": problem.explain()}
        body = json.dumps({"type": "about:blank", **told, "diagnosis": problem.diagnosis_id}).encode()
        headers = [PROBLEM_JSON, NO_STORE, (b"connection", b"close"), (b"content-length", b"%d" % len(body))]
        await self._send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
