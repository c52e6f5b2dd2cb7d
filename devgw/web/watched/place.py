"""Where a client of the forward proxy wants to go: the place of a tunnel, or the server of a request in plain http.

Source: RFC 9112 §3.2.2, §3.2.3.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from devgw.foreign.urls import UrlRefused, read_url
from devgw.problems.incoming import RequestMalformed
from devgw.web.http1 import HeadRefused

_PLACE = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,255}):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class TunnelTarget:
    """Where a tunnel is to lead."""

    host: str
    """In lower case, IPv6 without brackets."""
    port: int
    https: str
    """The origin, where TLS is spoken there."""
    http: str


def place_of(target: bytes) -> TunnelTarget:
    """Return where the target of CONNECT leads.

    Raises:
        HeadRefused: where the target is no host and port (RFC 9112 §3.2.3).
    """
    found = _PLACE.fullmatch(target)
    if found is None:
        raise HeadRefused(RequestMalformed("the target of CONNECT is no host and port"))
    place = target.decode("ascii")
    try:
        read = read_url(f"https://{place}")
    except UrlRefused as refused:
        raise HeadRefused(RequestMalformed(f"the target of CONNECT leads nowhere: {refused}")) from refused
    return TunnelTarget(read.host, int(found[2]), read.origin, read_url(f"http://{place}").origin)


class PlainRequests:
    """The app of the proxy itself: plain http, where each request names its server.

    Args:
        find_app: returns the app of an origin that is watched, else None.
        other: sends on what is not watched.
    """

    def __init__(self, find_app: Callable[[str], Any], other: Any) -> None:
        self._find_app = find_app
        self._other = other

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Let the app of the origin answer."""
        app = None
        if scope["type"] == "http":
            hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            app = self._find_app(_origin_of(hosts[0])) if hosts else None
        await (app or self._other)(scope, receive, send)


def _origin_of(host: str) -> str:
    try:
        return read_url(f"http://{host}").origin
    except UrlRefused:
        return ""
