"""The transport under every client of `outbound.client`: where it connects, and how much of an answer it lets in.

Imports httpx2, which takes 140 ms: import it where something is asked, not where the gateway starts.
"""

import re
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2

from devgw.foreign.addresses import find_literal
from devgw.foreign.pieces import lead_over
from devgw.limits import Limits
from devgw.outbound.client import Bounds, CheckAddress
from devgw.outbound.network import AnswerPace, Network
from devgw.outbound.proxies import find_proxy
from devgw.outbound.transport import chain_of
from devgw.outbound.trust import shared_tls_context
from devgw.problems import Refused
from devgw.problems.limit import AnswerHeadTooLong, AnswerTooLong, AnswerUnfinished, AnswerUnpacksTooLong
from devgw.tasks import Allowance, PatientTimeout

_PIECE = 65_536
_GZIP_OR_ZLIB = 47
"""zlib's window bits for either, told apart by their first bytes."""
_TOO_LONG = 431
"""The status by which h11 hints that a line, or a block of them, passes its own limit of 100 KiB."""
_FOLDED = re.compile(rb"HTTP/1\.[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*?[ \t]")
"""A head in which a line goes on with the header before it: nobody may send that any more (RFC 9112 §5.2)."""
FOLDED = "devgw.folded"
"""Member of a response's extensions: whether its head is so."""
_KEEP_NONE = httpx2.Limits(max_keepalive_connections=0)


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Sends each request on a connection of its own, and reads its answer up to the bounds."""

    def __init__(self, bounds: Bounds, check_address: CheckAddress | None, *, keeps_cookies: bool = False) -> None:
        self._bounds = bounds
        self._keeps_cookies = keeps_cookies
        self._check_address = check_address

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer as soon as its head is there; its body raises `Refused` where it passes a limit."""
        whole = Allowance(self._bounds.seconds)
        pace = AnswerPace(_shown(request), self._bounds.most_bytes, self._bounds.blamed)
        inner = self._connector(str(request.url), request.url.host, pace)
        try:
            async with PatientTimeout(whole):
                response = await inner.handle_async_request(request)
        except TimeoutError as error:
            await inner.aclose()
            kind, what = (httpx2.ReadTimeout, "answer") if pace.is_connected else (httpx2.ConnectTimeout, "connection")
            raise kind(f"no {what} within {self._bounds.seconds:g} s", request=request) from error
        except (httpx2.RemoteProtocolError, httpx2.ReadError) as error:
            await inner.aclose()
            raise AnswerBroken(str(error), pace.beginning) from error
        except BaseException:
            await inner.aclose()
            raise
        pace.is_head_over = True
        response.extensions[FOLDED] = _FOLDED.match(pace.beginning) is not None
        if len(response.headers.raw) > Limits.ANSWER_HEADERS:
            await response.aclose()
            await inner.aclose()
            raise Refused(AnswerHeadTooLong(_shown(request), blamed=self._bounds.blamed))
        if not self._keeps_cookies:  # a client would send them again, or fail at one that it cannot send
            response.headers.pop("set-cookie", None)
        return _bounded(pace, response, self._bounds, whole, inner)

    def _connector(self, url: str, host: str, pace: AnswerPace) -> "_Connector":
        """Return what connects: to the host, or to the environment's proxy for it.

        Raises:
            Refused: where the proxy or an authority's file is unusable, or the host is an address out of bounds.
        """
        proxy = find_proxy(url)
        if proxy is None:
            return _Connector(None, Network(pace, self._check_address))
        literal = find_literal(host)
        if self._check_address and literal is not None:  # names are the proxy's to look up
            self._check_address(str(literal))
        return _Connector(proxy.url, Network(pace))


class _Connector(httpx2.AsyncHTTPTransport):
    """httpx2's own transport, for one request."""

    def __init__(self, proxy: str | None, network: Network) -> None:
        trusted = shared_tls_context()
        spoken = httpx2.Proxy(proxy, ssl_context=trusted if proxy.startswith("https:") else None) if proxy else None
        super().__init__(verify=trusted, trust_env=False, limits=_KEEP_NONE, proxy=spoken)
        lead_over(self, network)


def _shown(request: httpx2.Request) -> str:
    """Return the URL as it may be shown: without query and fragment."""
    return str(request.url.copy_with(query=None, fragment=None, username=None, password=None))


def _bounded(
    pace: AnswerPace, response: httpx2.Response, bounds: Bounds, whole: Allowance, inner: _Connector
) -> httpx2.Response:
    """Return the response with its body unpacked within the bounds, and without the headers that told how."""
    headers = response.headers.copy()
    packed = headers.pop("content-encoding", "").strip().lower()
    headers.pop("content-length", None)
    stream = _BoundedBody(pace, response, bounds, whole, inner, packed)
    return httpx2.Response(response.status_code, headers=headers, stream=stream, extensions=response.extensions)


class _BoundedBody(httpx2.AsyncByteStream):
    """A body that ends in time and within its bytes, or is refused."""

    def __init__(
        self,
        pace: AnswerPace,
        response: httpx2.Response,
        bounds: Bounds,
        whole: Allowance,
        inner: _Connector,
        packed: str,
    ) -> None:
        self._pace = pace
        self._url = pace.url
        self._response = response
        self._bounds = bounds
        self._whole = whole
        self._inner = inner
        self._packed = packed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body, unpacked."""
        unpack = _unpacker(self._packed)
        unpacked = 0
        async for piece in self._pieces():
            for each in unpack(piece):
                unpacked += len(each)
                if unpacked > self._bounds.most_bytes:
                    raise Refused(AnswerUnpacksTooLong(self._url, self._bounds.most_bytes, blamed=self._bounds.blamed))
                yield each

    async def aclose(self) -> None:
        """Close the connection."""
        await self._response.aclose()
        await self._inner.aclose()

    async def _pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes over the wire."""
        received = 0
        stream = aiter(self._response.stream)  # type: ignore[arg-type]  # an async one, by the transport
        while (piece := await self._next(stream, received)) is not None:
            received += len(piece)
            if received > self._bounds.most_bytes:
                raise Refused(AnswerTooLong(self._url, self._bounds.most_bytes, blamed=self._bounds.blamed))
            yield piece

    async def _next(self, stream: AsyncIterator[bytes], received: int) -> bytes | None:
        silence = Allowance(self._bounds.silence)
        try:
            async with PatientTimeout(silence, self._whole):
                return await anext(stream, None)
        except httpx2.RemoteProtocolError as error:
            if not any(getattr(each, "error_status_hint", 0) == _TOO_LONG for each in chain_of(error)):
                raise AnswerBroken(str(error), self._pace.beginning, received) from error
            framing = AnswerHeadTooLong(self._url, blamed=self._bounds.blamed, part="framing of the body")
            raise Refused(framing) from error
        except httpx2.ReadError as error:
            raise AnswerBroken(str(error), self._pace.beginning, received) from error
        except TimeoutError as error:
            is_silent = not self._whole.is_spent
            waited = silence.seconds if is_silent else self._whole.seconds
            unfinished = AnswerUnfinished(self._url, waited, received, is_silent=is_silent, blamed=self._bounds.blamed)
            raise Refused(unfinished) from error


class AnswerBroken(httpx2.RemoteProtocolError):
    """An answer is no HTTP, or it breaks off."""

    def __init__(self, said: str, beginning: bytes, received: int | None = None) -> None:
        """Keep what came.

        Args:
            said: of the parser or the operating system.
            beginning: of all that came, framing included.
            received: of the body, in bytes; None where none was begun.
        """
        super().__init__(said)
        self.beginning = beginning
        self.received = received


class EncodingUnread(httpx2.DecodingError):
    """A body is packed in a way that nobody asked for, or not packed as it says."""

    def __init__(self, encoding: str, *, is_broken: bool) -> None:
        words = "it is not" if is_broken else "identity was asked for"
        super().__init__(f"its Content-Encoding is {encoding!r}, and {words}")
        self.encoding = encoding
        self.is_broken = is_broken


def _unpacker(packed: str) -> Any:
    """Return what unpacks a piece, a little at a time.

    Raises:
        EncodingUnread: where it is packed in a way that nobody asked for; the next, where it is not packed so.
    """
    if packed in {"", "identity"}:
        return lambda piece: (piece,)
    if packed not in {"gzip", "x-gzip", "deflate"}:
        raise EncodingUnread(packed[:40], is_broken=False)
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)

    def unpack(piece: bytes) -> Iterator[bytes]:
        while True:
            try:
                out = unpacker.decompress(piece, _PIECE)
            except zlib.error as error:
                raise EncodingUnread(packed, is_broken=True) from error
            yield out
            piece = unpacker.unconsumed_tail
            if not piece and len(out) < _PIECE:  # a full piece may have left more inside
                return

    return unpack
