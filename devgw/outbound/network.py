"""The network under every client of `outbound.client`: where it may connect, and how much it lets through."""

import asyncio
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpcore2

from devgw.foreign.pieces import PieceNetwork
from devgw.limits import Limits
from devgw.outbound.client import CheckAddress
from devgw.problems import Refused
from devgw.problems.base import Fault
from devgw.problems.limit import AnswerHeadTooLong, AnswerTooLong

_KEPT = 8_192
"""Bytes of the beginning: a status line, the headers that frame a body, and the first chunk."""


@dataclass(slots=True)
class AnswerPace:
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
    beginning: bytes = b""
    """As much as tells what it is where it is no HTTP."""

    def take(self, piece: bytes) -> None:
        """Count a piece, and keep the first of them."""
        self.received += len(piece)
        if len(self.beginning) < _KEPT:
            self.beginning += piece

    def check(self) -> None:
        """Return where more may be read.

        Raises:
            Refused: with `AnswerHeadTooLong` or `AnswerTooLong`.
        """
        if self.received > Limits.ANSWER_HEAD_BYTES and not self.is_head_over:
            raise Refused(AnswerHeadTooLong(self.url, blamed=self.blamed))
        if self.received > Limits.ANSWER_HEAD_BYTES + self.most_bytes:
            raise Refused(AnswerTooLong(self.url, self.most_bytes, blamed=self.blamed))


class Network(PieceNetwork):
    """Connects only where the address may be asked: each one of the name, and then the one that answered."""

    def __init__(self, pace: AnswerPace, check_address: CheckAddress | None = None) -> None:
        super().__init__(pace)
        self._check_address = check_address

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
        stream = await super().connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            if check is not None:
                check(_peer_of(stream))
        except BaseException:
            await stream.aclose()
            raise
        return stream


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
