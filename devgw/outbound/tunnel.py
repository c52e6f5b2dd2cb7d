"""A tunnel through a proxy to an upstream that speaks TLS. Source: RFC 9110 §9.3.6."""

import asyncio
from typing import cast

from devgw.outbound.head import end_of_head, read_head
from devgw.outbound.proxies import Proxy
from devgw.outbound.target import RequestTarget, authorization_at

_SUCCESSES = range(200, 300)
_WANTS_PASSWORD = 407


class TunnelRefused(ConnectionError):  # noqa: N818  it reads as what happened
    """The proxy opened no tunnel; the message says what it did instead."""


class Tunnel(asyncio.Protocol):
    """The connection to a proxy until TLS begins on it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._received = b""
        self._status = loop.create_future()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready to ask."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read the proxy's answer; a byte behind its head would be no TLS of the upstream's."""
        searched, self._received = len(self._received), self._received + data
        if self._status.done():
            return
        try:
            end = end_of_head(self._received, searched)
            if end < 0:
                return
            status = read_head(self._received[:end]).status
        except ValueError as error:
            self._status.set_exception(TunnelRefused(f"answered something that is no HTTP: {error}"))
            return
        if status in _SUCCESSES and end < len(self._received):
            self._status.set_exception(TunnelRefused("spoke before the upstream could"))
        else:
            self._status.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        if not self._status.done():
            self._status.set_exception(TunnelRefused(f"closed the connection{f': {exc}' if exc else ''}"))

    async def open(self, target: RequestTarget, proxy: Proxy) -> None:
        """Ask for the tunnel.

        Raises:
            TunnelRefused: where the proxy opens none.
        """
        host = f"[{target.host}]" if ":" in target.host else target.host
        place = f"{host}:{target.port}".encode("idna" if not host.isascii() else "ascii")
        self._transport.write(
            b"CONNECT %s HTTP/1.1\r\nhost: %s\r\n%s\r\n" % (place, place, authorization_at(proxy)),
        )
        status = await self._status
        if status == _WANTS_PASSWORD:
            raise TunnelRefused("wants a user name and password (407): write them into its URL")
        if status not in _SUCCESSES:
            raise TunnelRefused(f"answered {status} to CONNECT {place.decode()}")
