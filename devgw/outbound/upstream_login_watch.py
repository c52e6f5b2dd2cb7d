"""A person at an upstream's login: ask it the same without a browser, since its error page tells the gateway nothing.

A redirect URI that is not registered, a path that is none, a server that fails: the browser stands there and stays. It
is asked once, a second after the browser was sent, where the person is not back by then; with a state and a verifier
that nobody has, no cookie, and no redirect followed, so that nothing comes of it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from devgw.clock import Clock
from devgw.diagnosis.verdicts.check import Answer as Seen
from devgw.diagnosis.verdicts.login_page import words_of
from devgw.events import Bus, Outcome, Published, refusal
from devgw.events.taxonomy import (
    McpAuthUpstreamConnectionBegun,
    McpAuthUpstreamConnectionEstablished,
    McpAuthUpstreamLoginProbed,
)
from devgw.events.upstream import LookAtLogin
from devgw.foreign.intermediary import find_before_browsers
from devgw.foreign.text import clean
from devgw.ids import OperationId, SubjectId, UpstreamServerId
from devgw.oauth.discovery import without_query
from devgw.outbound.upstream_oauth.fetching import Errand, FetchedAnswer, Fetching
from devgw.problems import Problem, Refused
from devgw.problems.upstream_login import UpstreamLoginRefused

PATIENCE = 1.0
"""Seconds after which a login counts as silent; one that asks nobody is over by then."""
_MOST_WATCHED = 64
_REFUSALS = 400
_SHOWN = 200
Key = tuple[str | None, str | None]


class UpstreamLoginWatch:
    """Listens for connections that begin; `hear` every event."""

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        in_background: Callable[[Coroutine[Any, Any, None]], None],
        patience: float = PATIENCE,
    ) -> None:
        self._bus = bus
        self._fetching = Fetching(clock, bus)
        self._in_background = in_background
        self._patience = patience
        self._waiting: dict[Key, McpAuthUpstreamConnectionBegun] = {}

    def hear(self, published: Published) -> None:
        """Begin to wait when a browser is sent to an upstream's login, and stop when its connection stands."""
        event = published.event
        if isinstance(event, McpAuthUpstreamConnectionEstablished):
            self._waiting.pop(_key(event), None)
        elif isinstance(event, McpAuthUpstreamConnectionBegun) and event.look and len(self._waiting) < _MOST_WATCHED:
            self._waiting[_key(event)] = event
            self._in_background(self._watch(event, event.look))

    async def _watch(self, begun: McpAuthUpstreamConnectionBegun, look: LookAtLogin) -> None:
        """Wait, and ask where the person is not back."""
        await asyncio.sleep(self._patience)
        if self._waiting.get(_key(begun)) is not begun:
            return
        del self._waiting[_key(begun)]
        errand = Errand(
            UpstreamServerId(begun.upstream_server_id or ""),
            begun.operation_id or OperationId(""),
            begun.subject_id or SubjectId(""),
            look.local_allowed,
            look.near_name,
        )
        problem = await self._problem(errand, begun, look)
        told: dict[str, Any] = {"outcome": Outcome.FAILURE, **refusal(problem)} if problem else {}
        self._bus.publish(
            McpAuthUpstreamLoginProbed(
                operation_id=begun.operation_id,
                subject_id=begun.subject_id,
                upstream_server_id=begun.upstream_server_id,
                authorization_server=begun.authorization_server,
                **told,
            )
        )

    async def _problem(
        self, errand: Errand, begun: McpAuthUpstreamConnectionBegun, look: LookAtLogin
    ) -> Problem | None:
        """Return why the person sees no login; None where nothing speaks against it."""
        try:
            answer = await self._fetching.ask(errand, "login page", look.url)
        except Refused as refused:
            return refused.problem
        if find_before_browsers(answer.status, answer.headers, answer.body) is not None:
            return None  # a person's browser may pass, and nobody here knows what it sees then
        return _refusal(answer, begun, look) if answer.status >= _REFUSALS else None


def _key(event: McpAuthUpstreamConnectionBegun | McpAuthUpstreamConnectionEstablished) -> Key:
    return event.upstream_server_id, event.subject_id


def _refusal(answer: FetchedAnswer, begun: McpAuthUpstreamConnectionBegun, look: LookAtLogin) -> UpstreamLoginRefused:
    """Return what an error in place of a login comes to."""
    members = answer.json_object() or {}
    error, described = members.get("error"), members.get("error_description")
    is_oauth = isinstance(error, str)
    words = described if is_oauth else words_of(Seen(answer.url, answer.status, {}, answer.body))
    return UpstreamLoginRefused(
        without_query(answer.url),
        answer.status,
        clean(error, 100) if isinstance(error, str) else "",
        clean(words, _SHOWN) if isinstance(words, str) else "",
        look.redirect_uri,
        begun.scope,
        upstream_server_id=begun.upstream_server_id or "",
    )
