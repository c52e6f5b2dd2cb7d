"""Fetches the document by whose URL a client calls itself: whoever asks chose it, so little of it is read."""

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from devgw.emulators.reader import read_json
from devgw.emulators.upstream.asgi import LOOPBACK
from devgw.emulators.upstream_auth.wire import OAuthError, split_uri

if TYPE_CHECKING:
    import httpx2

DOCUMENT_LIMIT = 5 * 1024
WIRE_LIMIT = 65_536
"""Bytes with head and framing."""
FETCH_SECONDS = 3


class WireLimitPassed(ValueError):  # noqa: N818  it reads as what happened
    """More came than any document has, with all that is around it."""


@dataclass(slots=True)
class _Received:
    """How much came over the wire."""

    is_connected: bool = False
    received: int = 0

    def take(self, piece: bytes) -> None:
        """See `foreign.pieces.Meter`."""
        self.received += len(piece)

    def check(self) -> None:
        """See `foreign.pieces.Meter`."""
        if self.received > WIRE_LIMIT:
            raise WireLimitPassed(f"more than {WIRE_LIMIT} bytes came")


async def fetch_document(url: str) -> Any:
    """Return what the document at `url` says.

    Raises:
        OAuthError: where it is not to be had.
    """
    parts = split_uri(url)
    if parts is None or (parts.scheme == "http" and parts.hostname not in LOOPBACK):
        raise OAuthError("invalid_client", f"{url} is neither https nor on loopback.", 401)
    import httpx2  # noqa: PLC0415  12 ms of the gateway's start, for a document that may never be asked for

    try:
        status, content = await _beginning(url)
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, WireLimitPassed) as failure:
        said = str(failure) or f"it did not end within {FETCH_SECONDS} s"
        raise OAuthError("invalid_client", f"{url} cannot be read: {said}.", 401) from failure
    if status != 200 or len(content) > DOCUMENT_LIMIT:
        more = "more than " if len(content) > DOCUMENT_LIMIT else ""
        said = f"{status} with {more}{min(len(content), DOCUMENT_LIMIT)} bytes"
        raise OAuthError("invalid_client", f"{url} answered {said}.", 401)
    try:
        return read_json(content)
    except ValueError as failure:
        raise OAuthError("invalid_client", f"{url} cannot be read: {failure}.", 401) from failure


async def _beginning(url: str) -> tuple[int, bytes]:
    """Return status and body as it came, up to a piece beyond the limit: what is packed all the same is no JSON."""
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    content = b""
    async with asyncio.timeout(FETCH_SECONDS), _client() as http, http.stream("GET", url, headers=headers) as response:
        async for piece in response.aiter_raw(DOCUMENT_LIMIT):
            content += piece
            if len(content) > DOCUMENT_LIMIT:
                break
        return response.status_code, content


@cache
def _tls_context() -> ssl.SSLContext:
    """Return how to speak TLS: reading the authorities takes as long as a hundred requests."""
    import httpx2  # noqa: PLC0415  as above

    return httpx2.create_ssl_context(trust_env=False)


def _client() -> "httpx2.AsyncClient":
    """Return a client without the environment's proxy: a document on loopback is nobody else's business."""
    import httpx2  # noqa: PLC0415  as above

    from devgw.foreign.pieces import PieceNetwork, lead_over  # noqa: PLC0415  comes with it

    transport = httpx2.AsyncHTTPTransport(verify=_tls_context(), trust_env=False)
    lead_over(transport, PieceNetwork(_Received()))
    return httpx2.AsyncClient(transport=transport, timeout=FETCH_SECONDS, trust_env=False)
