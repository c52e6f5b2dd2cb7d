"""What a fix at somebody's server is tried with: what is said while its client is watched, and what is left of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from devgw.events.flow import FlowState
from devgw.monitor.details import DiagnosisView
from devgw.monitor.why import NEWEST, why_of
from tests.support.gateway import mcp_request
from tests.watched.bench import Watching, watching
from tests.watched.raw import HEADERS, RawClient, Stopped

MOMENT, MOMENTS = 0.05, 250
"""Seconds between two looks, and how many there are."""


class KeepingClient(RawClient):
    """Goes the standard's way, and keeps its registration until told to forget it."""

    def __init__(self, http: httpx2.AsyncClient, url: str) -> None:
        super().__init__(http, url)
        self.asks: dict[str, str | None] = {}
        """What its authorization requests have beside the usual."""

    async def register(self, **metadata: Any) -> None:
        """Register where it has no id."""
        if not self.client:
            await super().register(**metadata)

    def login_url(self, **changes: str | None) -> str:
        """Return the authorization URL."""
        return super().login_url(**(self.asks | changes))

    def forget(self) -> None:
        """Forget its registration, and what came of it."""
        self.client, self.tokens = {}, {}


class ClientOfMarch(KeepingClient):
    """A client of 2025-03-26, which reads the metadata at the server's origin, and none of a resource."""

    async def discover(self) -> None:
        """Find the authorization server."""
        self.issuer = self.url.removesuffix("/mcp")
        self.server = await self._first([f"{self.issuer}/.well-known/oauth-authorization-server"], "server metadata")


class ClientAtHint(KeepingClient):
    """A client that looks for the resource's metadata where the challenge points, and nowhere else."""

    async def _first(self, urls: list[str] | tuple[str, ...], what: str) -> dict[str, Any]:
        is_of_resource = what == "resource metadata"
        found = await super()._first(urls[:1] if is_of_resource else urls, what)
        if is_of_resource and not found:
            raise Stopped("no resource metadata")
        return found


@dataclass
class Trial:
    """A watched server, and a client of it."""

    watched: Watching
    client: KeepingClient
    cause: str = field(default="")
    """Of what was said last."""

    async def fails(self) -> None:
        """Go the way, and come to an end."""
        try:
            outcome = await self.client.go()
        except (httpx2.HTTPError, KeyError, AssertionError):
            return
        assert outcome != "passes"

    def _shown(self) -> list[DiagnosisView]:
        self.watched.flows()
        self.watched.runtime.monitor.tick()
        why = why_of(self.watched.runtime.monitor, NEWEST)
        return [each for case in (why.cases if why else []) if not case.mended for each in case.diagnoses]

    async def said(self, diagnosis_id: str, having: str = "") -> str:
        """Return the change that is printed under this id, once it has these words."""
        shown: list[DiagnosisView] = []
        for _ in range(MOMENTS):
            shown = self._shown()
            if found := next((each for each in shown if each.id == diagnosis_id and having in each.fix), None):
                self.cause = found.cause
                return found.fix
            await asyncio.sleep(MOMENT)
        raise AssertionError(f"{diagnosis_id} is not said, but {[(each.id, each.cause) for each in shown]}")

    async def works(self) -> None:
        """Go the whole way, call a tool, and see that nothing is said any more."""
        assert await self.client.go() == "passes"
        await self.calls()

    async def calls(self) -> None:
        """Call a tool, and see that nothing is said any more."""
        bearer = {"authorization": f"Bearer {self.client.tokens['access_token']}"}
        called = mcp_request("tools/call", {"name": "echo", "arguments": {"text": "hello"}})
        answer = await self.client.http.post(self.client.url, json=called, headers=HEADERS | bearer)
        assert answer.status_code == 200, answer.text
        assert "result" in answer.text, answer.text
        await self.nothing_is_left()

    async def nothing_is_left(self) -> None:
        """See that `why` says nothing any more."""
        left: list[str] = []
        for _ in range(MOMENTS):
            if not (left := [each.id for each in self._shown()]):
                break
            await asyncio.sleep(MOMENT)
        assert left == [], "it is still said"
        assert FlowState.DONE in {each.state for each in self.watched.flows()}


@asynccontextmanager
async def trying(
    url: str, folder: Path, kind: type[KeepingClient] = KeepingClient, **headers: str
) -> AsyncIterator[Trial]:
    """Watch the server at `url`, with one client of it."""
    async with (
        watching(url, folder) as watched,
        httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"} | headers) as http,
    ):
        yield Trial(watched, kind(http, watched.url))
