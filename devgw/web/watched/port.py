"""One local port: an ASGI app that stands for one real origin."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from devgw.events.taxonomy import Outcome
from devgw.gateway.watched.legs import Leg
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.front import RequestTooLarge
from devgw.problems.incoming import RequestUnfinished
from devgw.web.answers import answer_problem
from devgw.web.endings import answer_fault, cut_off
from devgw.web.recorder import (
    CURRENT_TRACE,
    BodyTooLarge,
    BodyUnfinished,
    ClientLeft,
    Receive,
    Recording,
    Scope,
    Send,
)
from devgw.web.watch import AnswerWatch
from devgw.web.watched.authorize import answer_authorize
from devgw.web.watched.breaking import break_off, is_no_answer
from devgw.web.watched.callback import answer_callback
from devgw.web.watched.door import check_caller, local_name
from devgw.web.watched.mcp import answer_plain
from devgw.web.watched.metadata import answer_metadata
from devgw.web.watched.pushed import answer_pushed
from devgw.web.watched.register import answer_register
from devgw.web.watched.token import answer_form
from devgw.web.watched.watched import Watched, WatchedCall

Answers = Mapping[tuple[Leg, str], Callable[[WatchedCall], Awaitable[None]]]
_ANSWERS: Answers = {
    (Leg.RESOURCE_METADATA, "GET"): answer_metadata,
    (Leg.SERVER_METADATA, "GET"): answer_metadata,
    (Leg.REGISTER, "POST"): answer_register,
    (Leg.AUTHORIZE, "GET"): answer_authorize,
    (Leg.CALLBACK, "GET"): answer_callback,
    (Leg.TOKEN, "POST"): answer_form,
    (Leg.REVOKE, "POST"): answer_form,
    (Leg.PUSHED, "POST"): answer_pushed,
}
_KINDS = {
    Leg.MCP: "mcp",
    Leg.RESOURCE_METADATA: "metadata",
    Leg.SERVER_METADATA: "metadata",
    Leg.OTHER: "other",
}


class WatchedPort:
    """What a client asks on one port goes to one real origin."""

    answers: ClassVar[Answers] = _ANSWERS

    def __init__(self, watched: Watched, origin: str, port: int) -> None:
        self._watched = watched
        self._origin = origin
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        watched = self._watched
        limit = watched.settings.traces.body_limit
        recording = Recording(scope, receive, send, clock=watched.clock, limit=limit, bodies=watched.bodies)
        CURRENT_TRACE.set(recording.trace.id)
        try:
            await self._answer_or_refuse(scope, recording)
        except ClientLeft:
            recording.trace.outcome = Outcome.CANCELLED
        except asyncio.CancelledError:
            await cut_off(recording)
        finally:
            recording.finish(watched.bus)

    async def _answer_or_refuse(self, scope: Scope, recording: Recording) -> None:
        try:
            await self._answer(scope, recording)
        except BodyUnfinished as late:
            await _refuse(recording, Refused(RequestUnfinished("body", late.seconds)), (b"connection", b"close"))
        except Refused as refused:
            await recording.drain(Limits.OAUTH_BODY_BYTES)
            await _refuse(recording, refused)
        except ClientLeft:
            raise
        except Exception as error:  # noqa: BLE001  the last one who can answer the client at all
            await answer_fault(recording, self._watched.bus, error)

    async def _answer(self, scope: Scope, recording: Recording) -> None:
        call = self._call(scope, recording)
        self._check(call)
        most = self._most_bytes(call.leg)
        try:
            call.body = await recording.read_body(most)
        except BodyTooLarge:
            raise Refused(RequestTooLarge(most, is_passed_on=True)) from None
        answer = self.answers.get((call.leg, recording.trace.method), answer_plain)
        try:
            with AnswerWatch(recording.receive, self._watched.patience):
                await answer(call)
        except Refused as refused:
            if not is_no_answer(refused.problem):
                raise
            await break_off(call, scope, refused.problem)

    def _check(self, call: WatchedCall) -> None:
        """Refuse who may not ask.

        Raises:
            Refused: with the problems of `check_caller`.
        """
        check_caller(call)

    def _most_bytes(self, leg: Leg) -> int:
        """Return how long a request's body may be."""
        return Limits.OAUTH_BODY_BYTES if leg is not Leg.MCP else self._watched.settings.proxy.request_limit

    def _name_of(self, host: str) -> str:
        """Return the name under which the client asks.

        Raises:
            Refused: with `WatchedHostRefused`.
        """
        return local_name(host, self._port)

    def _call(self, scope: Scope, recording: Recording) -> WatchedCall:
        """Return the request with what it is for, and let its trace have the real URL.

        Raises:
            Refused: with `WatchedHostRefused`.
        """
        trace, watched = recording.trace, self._watched
        name = self._name_of(trace.header(b"host"))
        target = target_in(scope)
        leg = watched.legs.find(self._origin, target.partition("?")[0])
        trace.asked, trace.kind, trace.operation_id = str(leg), _KINDS.get(leg, "oauth"), watched.operation_id
        if leg is Leg.CALLBACK:
            trace.host = f"{name}:{self._port}"
        else:
            trace.scheme, _, trace.host = self._origin.partition("://")
        return WatchedCall(watched, recording, self._origin, leg, target, name)


def target_in(scope: Mapping[str, Any]) -> str:
    """Return path and query as they were sent; nothing where the whole server is asked (RFC 9110 §9.3.7)."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return ("" if path == "*" else path) + (f"?{query}" if query else "")


async def _refuse(recording: Recording, refused: Refused, *headers: tuple[bytes, bytes]) -> None:
    """Answer with a problem; an answer that has begun can only break off."""
    recording.trace.refuse(refused.problem, Outcome.DENIED)
    if recording.has_begun:
        recording.is_over = True
    else:
        await answer_problem(recording, refused.problem, *headers)


async def live(receive: Receive, send: Send) -> None:
    """Begin and end with the server: there is nothing to prepare."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
