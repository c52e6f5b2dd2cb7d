"""The network under httpx2: where it may connect, and in which pieces an answer comes over it.

What a server packs into few bytes (interim answers, chunks of one byte) takes thousandfold the time to read, and the
gateway waits meanwhile: so each turn takes a small piece, and there is a last one.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpcore2

from devgw.outbound.client import CheckAddress
from devgw.problems import Refused
from devgw.problems.base import Fault
from devgw.problems.limit import AnswerHeadTooLong, AnswerTooLong
from devgw.settings import Limits


@dataclass(slots=True)
class Pace:
    """How much of one answer came over the wire, and how much may.

    Its framing counts: a body may be `most_bytes` long, and head and frames together as long as a head.
    """

    url: str
    """As it may be shown."""
    most_bytes: int
    blamed: Fault
    is_connected: bool = False
    is_head_over: bool = False
    received: int = 0

    def check(self) -> None:
        """Return where more may be read.

        Raises:
            Refused: with `AnswerHeadTooLong` or `AnswerTooLong`.
        """
        if self.received > Limits.ANSWER_HEAD_BYTES and not self.is_head_over:
            raise Refused(AnswerHeadTooLong(self.url, blamed=self.blamed))
        if self.received > Limits.ANSWER_HEAD_BYTES + self.most_bytes:
            raise Refused(AnswerTooLong(self.url, self.most_bytes, blamed=self.blamed))


class Network(httpcore2.AsyncNetworkBackend):
    """Connects only where the address may be asked: each one of the name, and then the one that answered."""

    def __init__(self, pace: Pace, check_address: CheckAddress | None = None) -> None:
        self._pace = pace
        self._check_address = check_address
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore2's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Return the connection, on which nothing was sent yet."""
        check = self._check_address
        if check is not None:
            for address in await addresses_of(host, port):
                check(address)
        stream = await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            if check is not None:
                check(_peer_of(stream))
        except BaseException:
            await stream.aclose()
            raise
        self._pace.is_connected = True
        return _PacedStream(stream, self._pace)

    async def sleep(self, seconds: float) -> None:
        """Wait between two attempts."""
        await self._network.sleep(seconds)


class _PacedStream(httpcore2.AsyncNetworkStream):
    """A connection that is read in small pieces, up to a last one."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, pace: Pace) -> None:
        self._stream = stream
        self._pace = pace

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  httpcore2's
        """Return the next piece."""
        self._pace.check()
        piece = await self._stream.read(min(max_bytes, Limits.ANSWER_PIECE_BYTES), timeout)
        self._pace.received += len(piece)
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  httpcore2's
        """Send."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore2's
    ) -> httpcore2.AsyncNetworkStream:
        """Return the connection inside this one, at the same pace."""
        return _PacedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._pace)

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._stream.get_extra_info(info)


def _peer_of(stream: httpcore2.AsyncNetworkStream) -> str:
    """Return the address that answered.

    Raises:
        httpcore2.ConnectError: where it has closed the connection already, so that nobody knows any more.
    """
    try:
        address = stream.get_extra_info("server_addr")
    except (OSError, AttributeError):  # what the loops say of a socket that is gone
        address = None
    if not address:
        raise httpcore2.ConnectError("it was closed as soon as it was made")
    return str(address[0])


async def addresses_of(host: str, port: int | None) -> list[str]:
    """Return every address of a host.

    Raises:
        httpcore2.ConnectError: where it has none.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # a label that is too long has no form in DNS
        raise httpcore2.ConnectError(str(error)) from error
    return [str(each[4][0]) for each in found]
