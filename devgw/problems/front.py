"""Why a request is turned away at the door, before any route decides about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.problems.base import ErrorCode, Fault, Problem
from devgw.problems.incoming import NO_PROXY

_HOST = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
"""A Host that can be written into a configuration: a name or address, and perhaps a port."""
_PAGE = re.compile(rf"[a-z][a-z0-9+.-]*://{_HOST.pattern}")
_USUAL = re.compile(r"^http:.*:80$|^https:.*:443$")
_NO_ORIGIN = "null"
"""The Origin of a page that has none (RFC 6454 §7.3)."""
_SHOWN = 300
"""Characters of a host or origin: DNS has none with more than 253 (RFC 1035 §2.3.4)."""


@dataclass(frozen=True, slots=True)
class HeaderMismatch(Problem):
    """A header that mirrors the body contradicts it, on a route whose policies act on the body."""

    difference: str

    diagnosis: ClassVar = "PROXY-06"
    status: ClassVar = 400
    code: ClassVar[int] = -32020
    hint: ClassVar = "Send Mcp-Method and Mcp-Name as the body says them; something on the way may have changed one."
    source: ClassVar = "MCP 2026-07-28 basic/transports: Server Validation"

    def explain(self) -> str:
        """Say the difference."""
        return f"{self.difference}."


_OF_SESSIONS = frozenset({"GET", "DELETE"})


@dataclass(frozen=True, slots=True)
class MethodNotOffered(Problem):
    """An MCP route takes POST alone."""

    method: str
    path: str
    is_websocket: bool = False
    """Whether a WebSocket was asked for, which no setting brings."""

    status: ClassVar = 405
    source: ClassVar = "MCP basic/transports: the server MAY answer 405 to GET"

    @classmethod
    def asked(cls, method: str, path: str, headers: Iterable[tuple[bytes, bytes]]) -> "MethodNotOffered":
        """Return what is said of a request with these headers, whose names are in small letters."""
        return cls(method, path, any(name == b"upgrade" and value.lower() == b"websocket" for name, value in headers))

    @property
    def diagnosis_id(self) -> str | None:
        """Return none for the methods by which clients look whether there are sessions."""
        return None if not self.is_websocket and self.method in {"GET", "HEAD", "DELETE", "OPTIONS"} else "REQ-06"

    def explain(self) -> str:
        """Say what was asked."""
        if self.is_websocket:
            return f"{self.path} takes POST; a WebSocket is not offered, and is no transport of MCP."
        why = ", since the gateway keeps no sessions" if self.method in _OF_SESSIONS else ""
        return f"{self.path} takes POST; {self.method} is not offered{why}."

    def advise(self) -> str:
        """Say how sessions can be had here."""
        if self.is_websocket:
            return "Set the client to streamable HTTP, the transport that sends a POST for each message."
        if self.method in _OF_SESSIONS:
            return "Clients go on without it. For upstreams with sessions set [proxy] stateful = true in devgw.toml."
        return "Send a POST."


@dataclass(frozen=True, slots=True)
class RequestTooLarge(Problem):
    """The request's body is larger than the gateway takes."""

    limit: int
    setting: str = ""
    """The setting that is this limit; empty where none is."""
    is_passed_on: bool = False
    """Whether it is for a server that is not devgw's, and may take more."""

    diagnosis: ClassVar = "REQ-01"
    status: ClassVar = 413
    hint: ClassVar = "Send less: nothing that this endpoint takes is as large."
    source: ClassVar = "RFC 9110 §15.5.14"

    def explain(self) -> str:
        """Say the limit."""
        return f"The request's body is larger than {self.limit:,} bytes."

    def advise(self) -> str:
        """Name the setting where there is one."""
        if self.is_passed_on:
            return "Send it to that server without devgw, which passes no longer one on."
        return f"Send less, or raise {self.setting} in devgw.toml." if self.setting else self.hint


@dataclass(frozen=True, slots=True)
class BodyUnreadable(Problem):
    """The body is none that two readers are sure to read alike."""

    why: str
    encoding: str = ""
    """The Content-Encoding under which it came, if any: it is not undone here."""

    code: ClassVar[int] = -32700
    source: ClassVar = "JSON-RPC 2.0 §5.1; RFC 8259 §4, §8.1"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is."""
        return "REQ-07" if self.encoding else "REQ-01"

    def explain(self) -> str:
        """Say why it cannot be read."""
        if self.encoding:
            return f"The request's body came with Content-Encoding: {self.encoding}, which is not undone here."
        return f"The request's body was not passed on, since its upstream may read it otherwise: {self.why}."

    def advise(self) -> str:
        """Say what to send."""
        if self.encoding:
            return "Send the body as plain JSON in UTF-8, without Content-Encoding."
        return "Send JSON-RPC in UTF-8, each member once and spelt as JSON-RPC spells it."


@dataclass(frozen=True, slots=True)
class HostNotAllowed(Problem):
    """The request names a host under which this gateway does not go."""

    host: str
    known: tuple[str, ...]
    forwarded: str = ""
    """The origin of a port of this machine that leads here, though it is not the gateway's own."""
    is_for_a_proxy: bool = False
    """Whether it is written as programs ask their proxy alone: with a header of proxies, or a whole URL as target."""

    status: ClassVar = 421
    source: ClassVar = "RFC 9110 §15.5.20; MCP basic/transports: Security Warning (DNS rebinding)"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is."""
        return "HOST-11" if self.is_for_a_proxy else "HOST-02"

    def explain(self) -> str:
        """Say which host was named, and which would do."""
        named = f"The Host is {clean(self.host, _SHOWN)}" if self.host else "The request has no Host"
        if self.is_for_a_proxy:
            return f"{named}, and the request is written for a proxy; this is an MCP gateway, and no proxy."
        return f"{named}; this gateway answers as {', '.join(self.known)}."

    def advise(self) -> str:
        """Say how to allow it, or how to be no proxy."""
        if self.is_for_a_proxy:
            return NO_PROXY
        use = "Use " + next(iter(self.known), "an address of the gateway's own")
        if self.forwarded:
            return (
                f"{use}: forward that port under its own number. If it has to be another, set origin = "
                f'"{self.forwarded}" in devgw.toml, of which the issuer is made, and register the redirect URI at the '
                f"identity provider that begins with it ({self.forwarded}/oauth/callback)."
            )
        if len(self.host) > _SHOWN or not _HOST.fullmatch(self.host):
            return f"{use}."
        return f'{use}, or add "{self.host}" to allowed_hosts in devgw.toml (tunnels: set origin).'


@dataclass(frozen=True, slots=True)
class OriginNotAllowed(Problem):
    """A page on another site calls an MCP route."""

    origin: str

    diagnosis: ClassVar = "CORS-07"
    status: ClassVar = 403
    error: ClassVar = ErrorCode.ACCESS_DENIED
    source: ClassVar = "MCP basic/transports: servers MUST validate the Origin header"

    def explain(self) -> str:
        """Say which origin called; `null` is what a browser sends for a page that has none."""
        page = clean(self.origin, _SHOWN)
        if self.origin == _NO_ORIGIN:
            who = "A page without an origin (a file, a sandboxed frame)"
        else:
            who = f"A page of {page}" if _is_written_by_browsers(self.origin) else f'A client with the Origin "{page}"'
        return f"{who} called this MCP route; pages of this machine and of this gateway may."

    def advise(self) -> str:
        """Say how to allow it; who allows `null` allows every site, since each can open a sandboxed frame."""
        if self.origin == _NO_ORIGIN:
            return "Serve the page from a port of this machine and open it there, as at http://localhost:8000."
        if not _is_written_by_browsers(self.origin):
            return (
                "Send no Origin where no page asks, or the page's own as browsers write it, as in https://box.example."
            )
        return f'If you trust that page, add "{self.origin}" to allowed_origins in devgw.toml.'


def _is_written_by_browsers(origin: str) -> bool:
    """Tell whether an origin is written as browsers do: small letters, no usual port, nothing behind it."""
    return len(origin) <= _SHOWN and _PAGE.fullmatch(origin) is not None and not _USUAL.search(origin)


@dataclass(frozen=True, slots=True)
class GatewayStops(Problem):
    """The gateway was told to stop, and ends what it waits for; an upstream or provider may have been asked already."""

    diagnosis: ClassVar = "LIMIT-50"
    fault: ClassVar = Fault.MACHINE
    status: ClassVar = 503
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    hint: ClassVar = "Start devgw again (`devgw up`), look whether it was done all the same, and ask again where not."
    source: ClassVar = "RFC 9110 §15.6.4"

    def explain(self) -> str:
        """Say what happened."""
        return "devgw was stopped while this request waited for its answer."
