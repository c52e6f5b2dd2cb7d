"""Asks upstreams over HTTP: within bounds of address, size and time, and tells every answer on the bus."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devgw.clock import Clock
from devgw.config.project import Route
from devgw.events import Bus, FailureOrigin, Outcome
from devgw.events.taxonomy import McpAuthUpstreamAnswered
from devgw.ids import OperationId, SubjectId, UpstreamServerId
from devgw.oauth.discovery import without_query
from devgw.oauth.token_answer import excerpt
from devgw.outbound.upstream_oauth.address import check_address, check_peer, is_local, is_proxied
from devgw.problems import Refused
from devgw.problems.upstream import UpstreamUnreachable

if TYPE_CHECKING:
    import httpx2

SECONDS = 10.0
LARGEST = 1_048_576
"""Bytes of an answer that are read; no metadata comes near it."""
USER_AGENT = "devgw"
DIRECT = {"all://localhost": None, "all://127.0.0.1": None, "all://[::1]": None}
"""This machine is never asked through a proxy, whatever HTTP_PROXY says."""


@dataclass(frozen=True, slots=True)
class Errand:
    """For whom something is asked: it stands in the events, and bounds the addresses."""

    upstream_server_id: UpstreamServerId
    operation_id: OperationId
    subject_id: SubjectId
    local_allowed: bool
    """Whether the upstream itself is local, so that its documents may name local addresses."""


async def errand_for(route: Route, subject_id: SubjectId) -> Errand:
    """Return the errand of getting a subject a credential for a route's upstream.

    Raises:
        Refused: with `UpstreamUnreachable` where the upstream's name is not known.
    """
    exchange = route.token_exchange
    assert exchange is not None
    return Errand(exchange.id, route.operation_id, subject_id, await is_local(route.upstream_url))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    url: str
    status: int
    headers: "httpx2.Headers"
    body: bytes

    @property
    def content_type(self) -> str:
        """Return the media type, without parameters, in lower case."""
        return str(self.headers.get("content-type", "")).split(";")[0].strip().lower()

    def json_object(self) -> dict[str, Any] | None:
        """Return the body where it is a JSON object, else None."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return None
        return document if isinstance(document, dict) else None


class Fetching:
    """Opens connections to upstreams and their authorization servers."""

    def __init__(self, clock: Clock, bus: Bus, *, seconds: float = SECONDS) -> None:
        self._clock = clock
        self._bus = bus
        self.seconds = seconds
        self._client: httpx2.AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._client:
            await self._client.aclose()

    async def ask(
        self,
        errand: Errand,
        purpose: str,
        url: str,
        *,
        document: Any = None,
        headers: Mapping[str, str] | None = None,
        configured: bool = False,
    ) -> Answer:
        """Return the answer of a GET, or of a POST of `document` as JSON; a redirect is an answer, not followed.

        `configured` URLs were written by the user and may lie anywhere.

        Raises:
            Refused: with `AddressForbidden` or `UpstreamUnreachable`.
        """
        import httpx2  # noqa: PLC0415  loaded when an upstream is first connected, not when the gateway starts

        local_allowed = errand.local_allowed or configured
        if not configured:
            await check_address(url, local_allowed=local_allowed)
        began = self._clock.ticks()
        try:
            async with asyncio.timeout(self.seconds):
                answer = await self._exchange(url, document, headers, local_allowed=local_allowed)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
            failure = f"{type(error).__name__} {error}".strip()
            self.tell(errand, purpose, url, None, began, error=type(error).__name__)
            raise Refused(UpstreamUnreachable(url=without_query(url), failure=failure)) from error
        said = excerpt(answer.body) if answer.status >= 400 else ""
        self.tell(errand, purpose, url, answer.status, began, answer=said)
        return answer

    async def _exchange(
        self, url: str, document: Any, headers: Mapping[str, str] | None, *, local_allowed: bool
    ) -> Answer:
        """Send one request and read its answer up to the limit."""
        import httpx2  # noqa: PLC0415  see above

        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=self.seconds, follow_redirects=False, mounts=DIRECT)
        sent = {"accept": "application/json", "user-agent": USER_AGENT, **(headers or {})}
        method = "GET" if document is None else "POST"
        async with self._client.stream(method, url, json=document, headers=sent) as response:
            stream = response.extensions.get("network_stream")
            # Through a proxy the other side is the proxy, whatever lies behind it.
            if stream and not is_proxied(url):
                peer = stream.get_extra_info("server_addr")
                check_peer(url, str(peer[0]), local_allowed=local_allowed)
            return Answer(url, response.status_code, response.headers, await _read(response))

    def tell(
        self,
        errand: Errand,
        purpose: str,
        url: str,
        status: int | None,
        began: int,
        *,
        error: str | None = None,
        answer: str = "",
    ) -> None:
        """Publish what was asked and how it was answered."""
        failed = error is not None or status is None or (status >= 400 and purpose != "challenge")
        self._bus.publish(
            McpAuthUpstreamAnswered(
                upstream_server_id=errand.upstream_server_id,
                operation_id=errand.operation_id,
                subject_id=errand.subject_id,
                purpose=purpose,
                url=without_query(url),
                status=status,
                duration_ms=(self._clock.ticks() - began) / 1e6,
                error=error,
                answer=answer,
                outcome=Outcome.FAILURE if failed else Outcome.SUCCESS,
                failure_origin=FailureOrigin.UPSTREAM if failed else None,
            )
        )


async def _read(response: "httpx2.Response") -> bytes:
    """Return the body, cut where it is absurdly long; an event stream is not read at all."""
    body = bytearray()
    if "event-stream" in str(response.headers.get("content-type", "")):
        return b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST:
            break
    return bytes(body)
