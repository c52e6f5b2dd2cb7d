"""Whether what did not answer HTTP/1.1 speaks HTTP/2: some edges speak nothing else (RFC 9113 §3)."""

import asyncio
import ssl
from urllib.parse import urlsplit

from devgw.limits import Limits
from devgw.outbound.proxies import find_proxy

_SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
"""An empty frame of settings, as both sides begin (RFC 9113 §3.4)."""
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _SETTINGS
_KIND_AT = 3
_IS_SETTINGS = 4


async def speaks_http2(url: str) -> bool:
    """Tell whether the port of a URL of the person's agrees to HTTP/2, over TLS by ALPN, else by its preface."""
    parts = urlsplit(url)
    if find_proxy(url) is not None:
        return False
    try:
        async with asyncio.timeout(Limits.TLS_LOOK_SECONDS):
            if parts.scheme == "https":
                return await _agrees(parts.hostname or "", parts.port or 443)
            return await _answers(parts.hostname or "", parts.port or 80)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False


async def _agrees(host: str, port: int) -> bool:
    """Tell whether ALPN comes to `h2`; whose certificate is shown is no matter, for nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    _, writer = await asyncio.open_connection(host, port, ssl=context)
    chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
    writer.transport.abort()
    return bool(chosen == "h2")


async def _answers(host: str, port: int) -> bool:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_PREFACE)
        head = await reader.readexactly(len(_SETTINGS))
    finally:
        writer.transport.abort()
    return head[_KIND_AT] == _IS_SETTINGS
