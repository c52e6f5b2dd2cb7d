"""The far end of a tunnel of ours: a connection, directly or by the environment's own proxy; its bytes are not ours.

It leads wherever its asker says: whoever asks is a program of the person's, which could connect there itself.
"""

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

from devgw.gateway.transport import TransportSettings
from devgw.outbound.dialer import named_connecting
from devgw.outbound.proxies import Proxy, find_proxy
from devgw.outbound.target import RequestTarget, target_of
from devgw.outbound.trust import shared_tls_context
from devgw.outbound.tunnel import Tunnel
from devgw.problems import Refused
from devgw.problems.proxy import ASKED_URL, UpstreamConnectTimedOut
from devgw.tasks import Allowance, PatientTimeout

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def open_far_end(host: str, port: int) -> Ends:
    """Return a connection to a host: a name, or an address without brackets.

    Raises:
        Refused: with the reason why there is none.
    """
    target = target_of(f"https://{f'[{host}]' if ':' in host else host}:{port}")
    proxy, seconds = find_proxy(target.url), TransportSettings().connect_timeout
    try:
        async with PatientTimeout(Allowance(seconds)):
            return await (asyncio.open_connection(host, port) if proxy is None else _through(proxy, target))
    except TimeoutError as error:
        raise Refused(UpstreamConnectTimedOut(target.url, seconds, written_in=ASKED_URL)) from error
    except (OSError, UnicodeError) as error:  # a label that is too long has no form in DNS
        raise Refused(replace(named_connecting(error, target, proxy), written_in=ASKED_URL)) from error


async def _through(proxy: Proxy, target: RequestTarget) -> Ends:
    loop = asyncio.get_running_loop()
    parts = urlsplit(proxy.url)
    tls = shared_tls_context() if parts.scheme == "https" else None
    host, port = parts.hostname or "", parts.port or (443 if tls else 80)
    transport, tunnel = await loop.create_connection(lambda: Tunnel(loop), host, port, ssl=tls)
    try:
        await tunnel.open(target, proxy)
    except BaseException:
        transport.abort()
        raise
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
