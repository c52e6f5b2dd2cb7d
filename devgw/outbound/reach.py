"""Why a server was not reached, as the same problem whoever asked: the proxy over its sockets, or an HTTP client.

What the operating system and the TLS library say is read by type, errno and code, never by their sentences.
"""

import asyncio
import errno
import socket
import ssl
from urllib.parse import urlsplit

from devgw.limits import Limits
from devgw.outbound.no_answer import find_no_answer
from devgw.outbound.proxies import find_proxy
from devgw.outbound.target import target_of
from devgw.outbound.transport import (
    Unreached,
    causes_of,
    describe_failure,
    is_no_http,
    tls_error,
    tls_fault,
    unreached,
    why_no_http,
)
from devgw.problems import Problem
from devgw.problems.proxy import (
    REWRITE_PATTERN,
    ProxyNotReached,
    UpstreamAnswerTimedOut,
    UpstreamClosedEarly,
    UpstreamConnectTimedOut,
    UpstreamNameUnknown,
    UpstreamRefusedConnection,
    UpstreamSpeaksTls,
    UpstreamTlsFailed,
    UpstreamUnreachable,
)
from devgw.problems.upstream_answer import UpstreamAnswerMalformed, UpstreamEncodingUnreadable

_REFUSED = f"[Errno {errno.ECONNREFUSED}]"
MAY_BE_FOR_TLS = frozenset({400, 497})
"""The second is nginx's own, where it is configured to show it."""


_MEND_PROXY = (
    "Start that proxy, or start devgw again with HTTP_PROXY and HTTPS_PROXY corrected, or with {host} in NO_PROXY."
)


def why_unreached(error: BaseException, url: str, where: str = "that URL") -> Unreached:
    """Return what failed as `unreached` does, and of a proxy that stands between that it was the proxy."""
    why = unreached(error, where)
    proxy = find_proxy(url) if tls_error(error) is None else None
    if proxy is None:
        return why
    return Unreached(
        f"the proxy {proxy.shown} of the environment: {why.failure}",
        _MEND_PROXY.format(host=urlsplit(url).hostname),
    )


def tls_failed(url: str, error: ssl.SSLError, written_in: str = REWRITE_PATTERN) -> UpstreamTlsFailed:
    """Return the problem of a handshake that failed."""
    said = getattr(error, "verify_message", "").rstrip(".") or error.reason or str(error)
    return UpstreamTlsFailed(url, said, tls_fault(error), written_in=written_in)


def _is_unmet(error: BaseException) -> bool:
    """Tell whether whom we speak to, which is the proxy where there is one, was not even met."""
    return isinstance(error, socket.gaierror) or is_refusal(error)


def gives_no_answer(error: BaseException) -> bool:
    """Tell whether no name server answered at all, as on a machine that is offline (RFC 3493 §6.1)."""
    return isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN


def is_refusal(error: BaseException) -> bool:
    """Tell whether nothing listens there.

    uvloop and asyncio try every address of a name, and then raise one error that quotes the others.
    """
    return isinstance(error, ConnectionRefusedError) or (isinstance(error, OSError) and _REFUSED in str(error))


async def speaks_tls(host: str, port: int) -> bool:
    """Tell whether a port that closed on plain http takes a TLS handshake; whose certificate it shows is no matter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(Limits.TLS_LOOK_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def is_refused_for_tls(url: str, status: int, media_type: str) -> bool:
    """Tell whether a 400 to plain http came from a port that speaks TLS: that is how nginx, Apache and Go say so.

    Their words are not read: the port is asked for a handshake.
    """
    parts = urlsplit(url)
    is_like_it = status in MAY_BE_FOR_TLS and "json" not in media_type and parts.scheme == "http"
    return is_like_it and find_proxy(url) is None and await speaks_tls(parts.hostname or "", parts.port or 80)


async def is_closed_for_tls(url: str, error: BaseException) -> bool:
    """Tell whether plain http was cut off by a port that speaks TLS, which is asked for a handshake."""
    import httpx2  # noqa: PLC0415  whoever failed has loaded it

    parts = urlsplit(url)
    is_like_it = isinstance(error, httpx2.ReadError | httpx2.RemoteProtocolError) and parts.scheme == "http"
    return is_like_it and find_proxy(url) is None and await speaks_tls(parts.hostname or "", parts.port or 80)


async def not_reached(error: BaseException, url: str, seconds: float, written_in: str) -> Problem:
    """Return the problem that a failed request of an HTTP client comes to.

    Args:
        error: what was raised, with its causes.
        url: what was asked, as it may be shown.
        seconds: the client's limit.
        written_in: where the URL stands, for who would correct it.
    """
    causes = list(causes_of(error))
    if (proxy := find_proxy(url)) is not None:
        kind = ProxyNotReached if any(map(_is_unmet, causes)) else UpstreamUnreachable
        return kind(url, f"the proxy {proxy.shown}: {describe_failure(error)}", written_in=written_in)
    if (broken := tls_error(error)) is not None:
        return tls_failed(url, broken, written_in)
    if (unknown := next((each for each in causes if isinstance(each, socket.gaierror)), None)) is not None:
        host, is_unanswered = urlsplit(url).hostname or "", gives_no_answer(unknown)
        return UpstreamNameUnknown(url, host, written_in=written_in, is_unanswered=is_unanswered)
    if any(is_refusal(each) for each in causes):
        return UpstreamRefusedConnection(url, written_in=written_in)
    problem = _broken_off(error, url, seconds, written_in)
    return UpstreamSpeaksTls(url, written_in=written_in) if await is_closed_for_tls(url, error) else problem


def _broken_off(error: BaseException, url: str, seconds: float, written_in: str) -> Problem:
    """Return the problem of a connection that came about, or of a failure that has no kind of its own."""
    import httpx2  # noqa: PLC0415  whoever failed has loaded it

    if isinstance(error, httpx2.ConnectTimeout):
        return UpstreamConnectTimedOut(url, seconds, written_in=written_in)
    if isinstance(error, httpx2.TimeoutException):
        return UpstreamAnswerTimedOut(url, seconds)
    if isinstance(error, httpx2.DecodingError):
        is_broken = getattr(error, "is_broken", False)
        return UpstreamEncodingUnreadable(url, getattr(error, "encoding", "") or "an encoding", is_broken=is_broken)
    if isinstance(error, (httpx2.ReadError, httpx2.RemoteProtocolError)):
        return _broken(error, url, written_in)
    return UpstreamUnreachable(url, describe_failure(error), written_in=written_in)


def _broken(error: Exception, url: str, written_in: str) -> Problem:
    """Return what the proxy would say of the same bytes: its reader is stricter than the client's, and says more."""
    found = find_no_answer(getattr(error, "beginning", b""), target_of(url), written_in)
    if found is not None:
        return found
    if is_no_http(error):
        return UpstreamAnswerMalformed(url, why_no_http(error))
    received: int | None = getattr(error, "received", None)
    return UpstreamClosedEarly(url, received or 0, has_begun=received is not None)
