"""Where a URL of an upstream points, and a request to it as bytes."""

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from devgw.gateway.transport import UpstreamRequest
from devgw.outbound.proxies import Proxy

_HTTPS_PORT, _HTTP_PORT = 443, 80
_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})
"""Methods to which a body belongs, so that its length is said even where there is none (RFC 9110 §8.6)."""
_URL_CHARACTERS = "%/:?#[]@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """Where a URL points, and how its request begins."""

    url: str
    """Without query and fragment, as it may be shown."""
    host: str
    port: int
    is_https: bool
    path: bytes
    """Path and query; empty where the URL names none, which OPTIONS asks of the whole server (RFC 9112 §3.2.4)."""
    authority: bytes
    """What Host says."""


@lru_cache(maxsize=512)
def target_of(url: str) -> RequestTarget:
    """Return where `url` points; the fragment is dropped."""
    parts = urlsplit(url)
    is_https = parts.scheme == "https"
    query = f"?{parts.query}" if parts.query else ""
    path = quote((parts.path or (query and "/")) + query, safe=_URL_CHARACTERS)
    authority = parts.netloc.rpartition("@")[2]
    port = parts.port or (_HTTPS_PORT if is_https else _HTTP_PORT)
    shown = url.partition("#")[0].partition("?")[0]
    host = authority.encode() if authority.isascii() else authority.encode("idna")
    return RequestTarget(shown, parts.hostname or "", port, is_https, path.encode(), host)


def bytes_of(request: UpstreamRequest, target: RequestTarget, proxy: Proxy | None = None) -> bytes:
    """Return the request as it goes over the wire, Host first; to a proxy it names the whole URL (RFC 9112 §3.2.2)."""
    path = target.path or _of_the_server(request.method, is_proxied=proxy is not None)
    if proxy is not None:
        path = b"http://" + target.authority + path
    lines = [request.method.encode(), b" ", path, b" HTTP/1.1\r\nhost: ", target.authority, b"\r\n"]
    if proxy is not None:
        lines.append(authorization_at(proxy))
    for name, value in request.headers:
        lines += (name, b": ", value, b"\r\n")
    if request.body or request.method in _WITH_LENGTH:
        lines.append(b"content-length: %d\r\n" % len(request.body))
    lines += (b"\r\n", request.body)
    return b"".join(lines)


def _of_the_server(method: str, *, is_proxied: bool) -> bytes:
    """Return the path where the URL has none: OPTIONS means the whole server, which a proxy is told by saying none."""
    if method != "OPTIONS":
        return b"/"
    return b"" if is_proxied else b"*"


def authorization_at(proxy: Proxy) -> bytes:
    """Return the header line with the user name and password in the proxy's URL; nothing where it has none."""
    parts = urlsplit(proxy.url)
    if parts.username is None:
        return b""
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return b"proxy-authorization: Basic " + b64encode(user.encode()) + b"\r\n"
