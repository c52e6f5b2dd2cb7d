"""The origins that are watched; which local port stands for which, and URLs swapped: nothing but their origin."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from devgw.foreign.urls import UrlRefused, read_url
from devgw.limits import Limits
from devgw.problems import Problem, Refused
from devgw.problems.watched import OriginsExhausted

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_USUAL_NAME = "localhost"

MayLead = Callable[[str], Awaitable[None]]
"""Raises `Refused` where a URL that a document names may not be opened."""
OpenPort = Callable[[str, int], int]
"""Opens a local port for an origin, the wanted one where it is free; returns which."""


class WatchedOrigins:
    """The origins that are watched; the first is that of the MCP server itself.

    Nothing is swapped here: a client that comes by the forward proxy has the real URLs.

    Args:
        url: of the MCP server.
        may_lead: judges every origin that only a document names, before it is opened.
        named: the origins that the person named beside.
    """

    swaps: ClassVar = False
    """Whether the client is given other URLs than the server's own."""

    def __init__(self, url: str, may_lead: MayLead, named: Iterable[str] = ()) -> None:
        self.url = url
        self.origin = read_url(url).origin
        self.left: dict[str, Problem] = {}
        """Why origins that documents name are not opened: as many as there may be open."""
        self._may_lead = may_lead
        self._met: dict[str, int] = {}
        self._named = frozenset({self.origin, *named})
        for each in dict.fromkeys((self.origin, *named)):
            self._open(each)

    def __iter__(self) -> Iterator[str]:
        """Give the origins, in the order in which they were met."""
        return iter(list(self._met))

    def __contains__(self, origin: object) -> bool:
        """Tell whether an origin is watched."""
        return origin in self._met

    @property
    def ports(self) -> dict[str, int]:
        """Return the local port of each origin, in the order in which they were met; 0 where it has none."""
        return dict(self._met)

    def is_named(self, origin: str) -> bool:
        """Tell whether the person named an origin, and not a document alone."""
        return origin in self._named

    def _open(self, origin: str) -> None:
        self._met[origin] = 0

    def _leave(self, url: str, why: Problem) -> None:
        if len(self.left) < Limits.WATCHED_ORIGINS:
            self.left.setdefault(read_url(url.partition("#")[0]).origin, why)

    async def meet(self, urls: Iterable[str]) -> list[Problem]:
        """Open each origin that a document names; return why for those that are left as they are."""
        refused: list[Problem] = []
        for url in urls:
            try:
                origin = read_url(url.partition("#")[0]).origin
                if origin not in self._met:
                    await self._admit(url)
            except UrlRefused:
                continue
            except Refused as refusal:
                refused.append(refusal.problem)
                self._leave(url, refusal.problem)
        return refused

    async def _admit(self, url: str) -> None:
        """Open the origin of a URL.

        Raises:
            Refused: with `OriginsExhausted`, or why it may not be opened.
        """
        if len(self._met) >= Limits.WATCHED_ORIGINS:
            raise Refused(OriginsExhausted(read_url(url).origin, Limits.WATCHED_ORIGINS))
        await self._may_lead(url)
        origin = read_url(url).origin
        if origin not in self._met and len(self._met) < Limits.WATCHED_ORIGINS:  # others went on meanwhile
            self._open(origin)

    def to_local(self, url: str, name: str = _USUAL_NAME) -> str:  # noqa: ARG002  the map's signature
        """Return a real URL as the client is given it."""
        return url

    def to_real(self, url: str) -> str:
        """Return a URL of the client's as the server knows it."""
        return url


class OriginMap(WatchedOrigins):
    """The origins that are watched, each with its port.

    Args:
        url: of the MCP server.
        may_lead: judges every other origin, before it is opened.
        open_port: opens a port.
        wanted: the ports that origins had before.
    """

    swaps: ClassVar = True

    def __init__(self, url: str, may_lead: MayLead, open_port: OpenPort, wanted: Mapping[str, int]) -> None:
        self._open_port = open_port
        self._wanted = wanted
        super().__init__(url, may_lead)

    def _open(self, origin: str) -> None:
        self._met[origin] = self._open_port(origin, self._wanted.get(origin, 0))

    def find_origin(self, port: int) -> str | None:
        """Return whose a local port is."""
        return next((origin for origin, each in self._met.items() if each == port), None)

    def to_local(self, url: str, name: str = _USUAL_NAME) -> str:
        """Return a real URL with the origin of its port; unchanged where its origin is none that is watched.

        An origin that is spelt otherwise than browsers write it (capitals, a port that need not be said) is spelt
        otherwise here, too: whoever compares letters sees the difference, and whoever compares URLs does not. What
        stands behind it may be no URL (`{tenantid}`, as Entra publishes its issuer).

        Args:
            url: as a document has it.
            name: the loopback name under which the client asks.
        """
        try:
            end = _end_of_origin(url)
            read = read_url(url[:end])
        except ValueError:  # a `UrlRefused` is one
            return url
        port = self._met.get(read.origin)
        if port is None:
            return url
        return f"http://{name if url[:end] == read.origin else _USUAL_NAME.upper()}:{port}{url[end:]}"

    def to_real(self, url: str) -> str:
        """Return a local URL with the origin for which its port stands; any other unchanged."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return url
        host = parts.netloc.lower().removesuffix(f":{port}")
        if parts.scheme != "http" or host not in LOCAL_NAMES or port is None:
            return url
        origin = self.find_origin(port)
        return url if origin is None else origin + url[_end_of_origin(url) :]


def _end_of_origin(url: str) -> int:
    """Return where path, query or fragment begin."""
    begin = url.index("://") + 3
    return min((at for sign in "/?#" if (at := url.find(sign, begin)) >= 0), default=len(url))
