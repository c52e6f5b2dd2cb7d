"""Asks somebody's server and those whom it names: within bounds, each answer a value, no redirect followed.

What the person wrote may lie anywhere. What a server names may lie where that server itself lies, and no nearer: a
server of the internet opens no address of this machine or network.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devgw import __version__
from devgw.clock import Clock
from devgw.diagnosis.verdicts import Answer
from devgw.foreign.urls import same_origin
from devgw.outbound.client import Bounds, CheckAddress, http_client
from devgw.outbound.guard import check_form, find_near_check, is_local, near_name, upstream_check
from devgw.outbound.probes.asking import Asker
from devgw.problems import Refused
from devgw.problems.proxy import GIVEN_URL, NAMING_DOCUMENT

THE_URL = GIVEN_URL
"""Where a URL stands that would be corrected, as problems call it."""


@dataclass(frozen=True, slots=True)
class Outward:
    """Asks on behalf of one look at one server."""

    clock: Clock
    local_allowed: bool
    """Whether the server itself is on this machine or network, so that it may name what is."""
    near_name: str = ""
    """Its host, where that is so by what its name led to: it is asked nowhere else then."""
    seconds: float = 4.0
    """For one answer."""

    async def own(self, method: str, url: str, headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
        """Return what a URL of the person's, or one derived from it, answers."""
        return await self._ask(find_near_check(url, self.near_name), THE_URL, method, url, headers, **more)

    async def foreign(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, near: str = "", **more: Any
    ) -> Answer:
        """Return what a URL answers that the server names; why it was not asked, where that is forbidden.

        `near` is the person's own URL, on whose origin nothing is forbidden.
        """
        if near and same_origin(url, near):
            return await self.own(method, url, headers, **more)
        try:
            check_form(url, local_allowed=self.local_allowed)
        except Refused as refused:
            return Answer(url, failure=refused.problem.explain().rstrip("."), problem=refused.problem)
        check = find_near_check(url, self.near_name) or upstream_check(url, local_allowed=self.local_allowed)
        return await self._ask(check, NAMING_DOCUMENT, method, url, headers, **more)

    async def named(
        self, method: str, url: object, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer | None:
        """Return what the member of a document answers; None where it is no text."""
        return await self.foreign(method, url, headers, **more) if isinstance(url, str) and url else None

    async def _ask(
        self,
        check: CheckAddress | None,
        written_in: str,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        **more: Any,
    ) -> Answer:
        async with http_client(Bounds(self.seconds), check, user_agent=f"devgw-doctor/{__version__}") as http:
            asker = Asker(http, self.clock, seconds=self.seconds)
            return await asker.ask(method, url, headers, written_in, **more)


async def outward_of(url: str, clock: Clock) -> Outward:
    """Return who asks about the server at `url`.

    Raises:
        Refused: with `UpstreamNameUnknown` where its name is not known.
    """
    is_near = await is_local(url)
    return Outward(clock, is_near, near_name(url, is_near=is_near))
