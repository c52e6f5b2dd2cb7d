"""One request, one answer, never an exception."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from devgw.clock import Clock, beside, travelled
from devgw.diagnosis.verdicts import Answer
from devgw.events.unseen import HEADER
from devgw.foreign.dates import read_date
from devgw.oauth.discovery import without_query
from devgw.oauth.resource import origin_of
from devgw.outbound.bounded import FOLDED
from devgw.outbound.reach import not_reached, why_unreached
from devgw.problems import Problem, Refused

MOST_BYTES = 256 * 1024
"""Of what is no JSON: a document that is cut would be told to be broken; that has the client's own bound."""
Blame = Callable[[BaseException], Awaitable[Problem]]
"""Says what it comes to that nothing was answered."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks with one HTTP client and notes when."""

    http: httpx2.AsyncClient  # noqa: TID251  one that is given
    clock: Clock
    word: str = ""
    """With which a running gateway knows that it is examined, and tells nobody of the request."""
    told: frozenset[str] = frozenset()
    """The origins of that gateway: they alone are told the word."""
    seconds: float = 5.0
    """How long the HTTP client waits."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """To begin: that takes milliseconds, and there may be hundreds; the gateway's own answers come in between."""

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        written_in: str = "",
        *,
        is_body_read: bool = True,
        blame: Blame | None = None,
        **body: Any,
    ) -> Answer:
        """Return what `url` answers.

        Args:
            method: of HTTP.
            url: where.
            headers: to be sent.
            written_in: where an upstream's URL stands, for who has to correct it.
            is_body_read: False where the head says all, and the body may be a stream that waits.
            blame: says what a failure comes to, where that is no upstream's.
            body: as in httpx2 (`data`, `json`).
        """
        async with self.turn:
            await asyncio.sleep(0)
        asked_at = self.clock.now()
        sent = dict(headers or {}) | ({HEADER: self.word} if self.word and origin_of(url) in self.told else {})
        try:
            request = self.http.build_request(method, url, headers=sent, **body)
            response = await self.http.send(request, stream=True)
            try:
                content = await _first_part(response) if is_body_read else b""
            finally:
                await response.aclose()
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            problem = await not_reached(error, without_query(url), self.seconds, written_in) if written_in else None
            problem = await blame(error) if blame else problem
            why, now = why_unreached(error, url), self.clock.now()
            return Answer(
                url, failure=why.failure, change=why.change, problem=problem, asked_at=asked_at, answered_at=now
            )
        except Refused as refused:
            failure = refused.problem.explain().removeprefix(f"{url} ").rstrip(".")
            now = self.clock.now()
            return Answer(url, failure=failure, problem=refused.problem, asked_at=asked_at, answered_at=now)
        found = {key.lower(): value for key, value in response.headers.items()}
        now = self.clock.now()
        return Answer(
            url,
            response.status_code,
            found,
            content,
            asked_at=asked_at,
            answered_at=now,
            travelled=travelled(self.clock),
            is_folded=bool(response.extensions.get(FOLDED)),
        )


async def _first_part(response: httpx2.Response) -> bytes:
    """Return the body, of a page up to the limit, of an event stream the first event, since it may never end."""
    media_type = response.headers.get("content-type", "")
    is_stream, is_json = "text/event-stream" in media_type, "json" in media_type
    content = b""
    async for chunk in response.aiter_bytes():
        content += chunk
        if (len(content) >= MOST_BYTES and not is_json) or (is_stream and b"\n\n" in content.replace(b"\r\n", b"\n")):
            break
    return content


def skew(answer: Answer) -> float | None:
    """Return how many seconds the other clock is ahead, by its Date header; None where it says no moment."""
    if answer.answered_at is None or answer.asked_at is None or "date" not in answer.headers:
        return None
    theirs = read_date(answer.headers["date"])
    if theirs is None:
        return None
    middle = answer.asked_at + (answer.answered_at - answer.asked_at) / 2
    return (theirs - beside(theirs, middle, answer.travelled)).total_seconds()
