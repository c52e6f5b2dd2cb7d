"""Opens connections to upstreams: directly or through the environment's proxy, with TLS, to addresses that are allowed.

Only what failed is told, by the one who failed: a proxy that cannot be reached is no upstream that refuses.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from devgw.foreign.addresses import is_near
from devgw.gateway.transport import UpstreamRequest
from devgw.outbound.client import CheckAddress
from devgw.outbound.connection import Connection
from devgw.outbound.guard import check_url, upstream_check
from devgw.outbound.proxies import Proxy, find_proxy
from devgw.outbound.reach import gives_no_answer, is_refusal, tls_failed
from devgw.outbound.target import RequestTarget
from devgw.outbound.transport import describe_failure
from devgw.outbound.trust import check_plain, shared_tls_context, tls_context
from devgw.outbound.tunnel import Tunnel, TunnelRefused
from devgw.problems import Refused
from devgw.problems.proxy import (
    ProxyNotReached,
    UpstreamConnectTimedOut,
    UpstreamNameUnknown,
    UpstreamNotReached,
    UpstreamRefusedConnection,
    UpstreamTlsFailed,
    UpstreamUnreachable,
)
from devgw.problems.upstream_credential import ClientCertificateUnusable
from devgw.tasks import Allowance, PatientTimeout

_MOST_CONTEXTS = 16


class Dialer:
    """Connects, and remembers how to show each client certificate."""

    def __init__(self, connect_timeout: float, *, is_setting: bool) -> None:
        self._connect_timeout = connect_timeout
        self._is_setting = is_setting
        self._contexts: dict[tuple[str, int, ssl.SSLContext], ssl.SSLContext] = {}

    async def connect(
        self, request: UpstreamRequest, target: RequestTarget, when_free: Callable[[Connection], None]
    ) -> Connection:
        """Return a new connection over which `request` may be sent.

        Raises:
            Refused: with the reason why there is none.
        """
        loop = asyncio.get_running_loop()
        tls = self._tls(target.url, request.certificate) if target.is_https else None
        proxy = find_proxy(request.url)
        connection = Connection(loop, when_free)
        try:
            async with PatientTimeout(Allowance(self._connect_timeout)):
                check = await _check_of(request)
                if proxy is None:
                    await loop.create_connection(lambda: connection, target.host, target.port, ssl=tls)
                    _check_peer(check, connection)
                else:
                    await _through(proxy, target, connection, tls)
        except TimeoutError as error:
            took = UpstreamConnectTimedOut(target.url, self._connect_timeout, is_setting=self._is_setting)
            raise Refused(took) from error
        except (OSError, UnicodeError) as error:  # a label that is too long has no form in DNS
            raise Refused(named_connecting(error, target, proxy)) from error
        return connection

    def _tls(self, url: str, certificate: str | None) -> ssl.SSLContext:
        """Return how to speak TLS, with a client certificate where one is named; a changed file is read again.

        Raises:
            Refused: with `ClientCertificateUnusable`, or `CaFileUnusable`.
        """
        shared = shared_tls_context()
        if certificate is None:
            return shared
        try:
            check_plain(certificate)
            key = (certificate, Path(certificate).stat().st_mtime_ns, shared)
            if key not in self._contexts:
                if len(self._contexts) >= _MOST_CONTEXTS:
                    self._contexts.clear()
                context = tls_context()
                context.load_cert_chain(certificate, password=_no_passphrase)
                self._contexts[key] = context
        except OSError as error:  # an SSLError is one
            raise Refused(ClientCertificateUnusable(url, certificate, error.strerror or str(error))) from error
        return self._contexts[key]


def _no_passphrase() -> str:
    """Refuse an encrypted key: OpenSSL would ask for its passphrase at the terminal, and everybody would wait."""
    raise OSError(errno.EACCES, "its key is encrypted, and nobody is asked for the passphrase")


async def _through(proxy: Proxy, target: RequestTarget, connection: Connection, tls: ssl.SSLContext | None) -> None:
    """Connect through a proxy: by a tunnel for https, by asking the proxy itself for http."""
    loop = asyncio.get_running_loop()
    connection.is_proxied = True
    parts = urlsplit(proxy.url)
    outer = shared_tls_context() if parts.scheme == "https" else None
    host, port = parts.hostname or "", parts.port or (443 if outer else 80)
    if tls is None:
        connection.proxy = proxy
        await loop.create_connection(lambda: connection, host, port, ssl=outer)
        return
    transport, tunnel = await loop.create_connection(lambda: Tunnel(loop), host, port, ssl=outer)
    try:
        await tunnel.open(target, proxy)
        inner = await loop.start_tls(transport, connection, tls, server_hostname=target.host)
    except BaseException:
        transport.abort()
        raise
    if inner is None:
        raise ConnectionResetError("the connection was closed")
    connection.connection_made(inner)


async def _check_of(request: UpstreamRequest) -> CheckAddress | None:
    """Return what the peer must pass where a redirect leads, once its form and its addresses do; None without one.

    Raises:
        Refused: with `AddressForbidden`, or `UpstreamNameUnknown`.
    """
    if not request.led_by:
        return None
    local_allowed = is_near(request.led_by)
    await check_url(request.url, local_allowed=local_allowed)
    return upstream_check(request.url, local_allowed=local_allowed)


def _check_peer(check: CheckAddress | None, connection: Connection) -> None:
    """Refuse an address to which no redirect may lead, before the first byte of the request leaves.

    Raises:
        Refused: with `AddressForbidden`.
        ConnectionResetError: where nobody knows the address any more.
    """
    if check is None:
        return
    if not connection.peer:
        raise ConnectionResetError("the connection was closed as soon as it was made")
    try:
        check(connection.peer)
    except Refused:
        connection.close()
        raise


def named_connecting(error: Exception, target: RequestTarget, proxy: Proxy | None = None) -> UpstreamNotReached:
    """Return the problem that a failure to connect comes to."""
    if isinstance(error, ssl.SSLError):
        return tls_failed(target.url, error)
    if proxy is not None:
        kind = UpstreamUnreachable if isinstance(error, TunnelRefused) else ProxyNotReached
        said = str(error) if isinstance(error, TunnelRefused) else f"cannot be used: {error}"
        return kind(target.url, f"the proxy {proxy.shown} {said}")
    if isinstance(error, socket.gaierror | UnicodeError):
        return UpstreamNameUnknown(target.url, target.host, is_unanswered=gives_no_answer(error))
    if is_refusal(error):
        return UpstreamRefusedConnection(target.url)
    if target.is_https and isinstance(error, (ConnectionResetError, ConnectionAbortedError)):
        return UpstreamTlsFailed(target.url, str(error) or "the connection was closed")
    return UpstreamUnreachable(target.url, describe_failure(error))
