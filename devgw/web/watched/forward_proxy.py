"""The forward proxy of one watched command: it opens what is watched, and tunnels everything else unseen.

Each connection is one of `web.client_connection`, with all its limits, until it asks for a tunnel. Then it goes on as
such a connection over TLS, to the app of the origin, with a certificate of our own; or as a pipe, of which no byte is
looked at. Only who knows the credential is served: another program of this machine and a web page do not.

Source: RFC 9110 §7.6, §9.3.6, §11.7.
"""

import asyncio
import contextlib
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import h11
from hypercorn.events import RawData
from hypercorn.utils import wrap_app

from devgw.entropy import same, token
from devgw.limits import Limits
from devgw.problems import Problem, Refused
from devgw.problems.forward_proxy import AuthorityDistrusted, HandshakeLeft, ProxyCredentialMissing, ProxyFormWanted
from devgw.problems.incoming import ConnectionsExhausted, RequestMalformed
from devgw.web.client_connection import ClientConnection
from devgw.web.http1 import HeadRefused, Http1, find_header_problem
from devgw.web.watched.authority import Authority
from devgw.web.watched.pipe import Ends, pipe
from devgw.web.watched.place import TunnelTarget, place_of

USER = "devgw"
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_CREDENTIAL = b"proxy-authorization"


class TunnelBegins(Exception):  # noqa: N818  it reads as what happened
    """The client asked for a tunnel; what follows is no HTTP of this connection's."""

    def __init__(self, place: TunnelTarget) -> None:
        super().__init__(place.https)
        self.place = place


@dataclass
class ForwardProxy:
    """What all connections of one proxy share."""

    authority: Authority
    find_app: Callable[[str], Any]
    """Returns the ASGI app of an origin that is watched, else None."""
    dial: Callable[[str, int], Awaitable[Ends]]
    """Connects to a place; raises `Refused`."""
    unshaken: Callable[[Problem, str], None]
    """Is told why a handshake with the command failed, with its address."""
    untunnelled: Callable[[Problem, str], None]
    """Is told why there is no tunnel to what is not watched, with the same."""

    def __post_init__(self) -> None:
        """Make the credential."""
        self.password = token("p_")
        self._wanted = b64encode(f"{USER}:{self.password}".encode()).decode()

    def url(self, port: int) -> str:
        """Return the URL that the command is given."""
        return f"http://{USER}:{self.password}@127.0.0.1:{port}"

    def is_known(self, credential: bytes) -> bool:
        """Tell whether a `Proxy-Authorization` is that of the command; its scheme may be written in any case."""
        scheme, _, given = credential.decode("latin-1").partition(" ")
        return scheme.lower() == "basic" and same(given.strip(), self._wanted)

    def connection(self, *arguments: Any) -> "ForwardConnection":
        """Return what serves one client, of the arguments of `ClientConnection`."""
        return ForwardConnection(self, *arguments)


class ForwardHttp1(Http1):
    """The protocol of a connection until it asks for a tunnel."""

    proxy: ForwardProxy

    async def _check_protocol(self, event: h11.Request) -> None:
        self.method, self.headers = event.method, list(event.headers)
        if self.surplus_of is not None:
            raise HeadRefused(ConnectionsExhausted(self.surplus_of))
        if (problem := find_header_problem(event.http_version, self.headers)) is not None:
            raise HeadRefused(problem)
        given = [value for name, value in self.headers if name == _CREDENTIAL]
        if len(given) != 1 or not self.proxy.is_known(given[0]):
            raise HeadRefused(ProxyCredentialMissing())
        if event.method == b"CONNECT":
            raise TunnelBegins(place_of(event.target))
        if event.target.startswith((b"/", b"*")) or event.target[:6].lower() == b"https:":
            raise HeadRefused(ProxyFormWanted())
        await super()._check_protocol(event)
        self.headers = [pair for pair in self.headers if pair[0] != _CREDENTIAL]  # it is nobody else's


class ForwardConnection(ClientConnection):
    """One connection to the proxy."""

    speaks: ClassVar[type[Http1]] = ForwardHttp1

    def __init__(self, proxy: ForwardProxy, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._proxy = proxy
        self._outer: asyncio.StreamWriter | None = None
        """What TLS runs over: it would be closed as soon as nobody has it."""
        self._is_piped = False

    def begin(self, kind: type[Http1]) -> None:
        """Begin to speak HTTP, afresh."""
        super().begin(kind)
        if isinstance(self.protocol, ForwardHttp1):
            self.protocol.proxy = self._proxy

    def look(self, now: float) -> None:
        """End whatever has lasted too long; how long a tunnel lasts is not ours to say."""
        if not self._is_piped:
            super().look(now)

    async def _read_data(self) -> None:
        try:
            await super()._read_data()
        except TunnelBegins as asked:
            await self._carry(asked.place)

    async def _carry(self, place: TunnelTarget) -> None:
        """Go on with what is watched as with a connection of its own, and with everything else as a pipe."""
        early = self.protocol.connection.trailing_data[0]
        for origin, speaks_tls in ((place.https, True), (place.http, False)):
            if (app := self._proxy.find_app(origin)) is not None:
                await self._open(app, place, early, speaks_tls=speaks_tls)
                return
        await self._tunnel(place, early)

    async def _open(self, app: Any, place: TunnelTarget, early: bytes, *, speaks_tls: bool) -> None:
        if early and speaks_tls:
            await self._turn_away(RequestMalformed("it went on before it was told that the tunnel is there"))
            return
        await self._write(_ESTABLISHED)
        if speaks_tls and not await self._begin_tls(place.host):
            return
        self.app = wrap_app(app, 0, "asgi")
        self.begin(Http1)
        self.idle_since = self.heard_at = self.loop.time()
        if early:
            await self.protocol.handle(RawData(early))
        await super()._read_data()

    async def _begin_tls(self, host: str) -> bool:
        """Shake hands with a certificate of ours; tell whether the client took it."""
        before: Any = self.writer.transport
        told = before.get_protocol()
        reader = asyncio.StreamReader(loop=self.loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self.loop)
        was_shown, transport, error = asyncio.Event(), None, None
        context, limit = self._proxy.authority.context_for(host, was_shown.set), Limits.HEAD_SECONDS
        try:
            transport = await self.loop.start_tls(
                before, protocol, context, server_side=True, ssl_handshake_timeout=limit
            )
        except OSError as failed:  # an SSLError is one
            error = failed
        if transport is None:
            told.connection_lost(error)  # it was parted from its transport, and who waits for its end would wait on
            if (problem := _why_unshaken(error, host, was_shown=was_shown.is_set())) is not None:
                self._proxy.unshaken(problem, self._peer)
            return False
        protocol.connection_made(transport)
        self._outer = self.writer
        self.reader, self.writer = reader, asyncio.StreamWriter(transport, protocol, reader, self.loop)
        return True

    @property
    def _peer(self) -> str:
        return "{}:{}".format(*(self._ends[0] or ("", 0)))

    async def _tunnel(self, place: TunnelTarget, early: bytes) -> None:
        try:
            far = await self._proxy.dial(place.host, place.port)
        except Refused as refused:
            self.protocol.hear = self._proxy.untunnelled
            await self._turn_away(refused.problem)
            return
        await self._write(_ESTABLISHED)
        self._is_piped = True
        await pipe((self.reader, self.writer), far, early)

    async def _turn_away(self, problem: Problem) -> None:
        await self.protocol.turn_away(problem)
        await super()._read_data()

    async def _write(self, what: bytes) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # whoever left is seen to have left by who reads
            self.writer.write(what)
            await self.writer.drain()


def _why_unshaken(error: OSError | None, host: str, *, was_shown: bool) -> Problem | None:
    """Return why a handshake failed: the client's alert is about our certificate, all else about what it speaks.

    None where the client left before it was shown anything, or did not go on for too long.
    """
    if not isinstance(error, ssl.SSLError):
        return HandshakeLeft(host) if was_shown and isinstance(error, ConnectionResetError) else None
    said = (error.reason or "the handshake failed").lower().replace("_", " ")
    if "alert" in said:
        return AuthorityDistrusted(host, said)
    return RequestMalformed(f"what came in the tunnel to {host} begins no TLS that is spoken there ({said})")
