"""Client metadata documents from the net: a URL from a stranger, fetched with every guard.

GET, no redirects, 5 KB, a few seconds; special-use addresses are refused on the *connected* address (a name can resolve
to something else a moment later), but for loopback: this gateway runs on loopback itself. HTTP caching is respected;
failures are never cached. Source: OAuth Client ID Metadata Document §4, §6; RFC 6890; RFC 9111.
"""

import asyncio
import ipaddress
import json
import re
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from devgw.clock import Clock
from devgw.oauth.redirect_uri import LOOPBACK_NAMES
from devgw.outbound.transport import describe_failure
from devgw.problems import Problem, Refused
from devgw.problems.clients import ClientDocumentForbidden, ClientDocumentInvalid, ClientDocumentUnreachable

SIZE_LIMIT = 5 * 1024
TIMEOUT = 5.0
SHORTEST, LONGEST, USUAL = timedelta(seconds=0), timedelta(days=1), timedelta(minutes=5)
KEPT = 200
"""Documents in the cache."""


@dataclass(frozen=True, slots=True)
class _Cached:
    document: dict[str, Any]
    until: datetime


class HttpClientDocuments:
    """Fetches client metadata documents and key sets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cache: dict[str, _Cached] = {}

    async def fetch(self, url: str) -> dict[str, Any]:
        """Return the document at `url`; see `gateway.clients.ClientDocuments`."""
        _check_url(url)
        cached = self._cache.get(url)
        if cached and cached.until > self._clock.now():
            return cached.document
        headers, content = await self._get(url)
        document = _read(url, headers.get("content-type", ""), content)
        self._remember(url, document, headers.get("cache-control", ""))
        return document

    async def fetch_keys(self, url: str) -> dict[str, Any]:
        """Return the JSON Web Key Set at a client's `jwks_uri`, under the same guards.

        Raises:
            Refused: as `fetch` does.
        """
        _check_transport(url)
        _, content = await self._get(url)
        try:
            keys = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise Refused(ClientDocumentInvalid(url, "is no JSON", "other text", "a JSON Web Key Set")) from error
        return keys if isinstance(keys, dict) else {}

    async def _get(self, url: str) -> tuple[dict[str, str], bytes]:
        import httpx2  # noqa: PLC0415  140 ms that only a client with a document needs

        await _check_addresses(url)
        try:
            async with (
                asyncio.timeout(TIMEOUT),  # of the whole, however slowly it trickles
                httpx2.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
                client.stream("GET", url, headers={"accept": "application/json"}) as response,
            ):
                _check_peer(url, response.extensions.get("network_stream"))
                if response.status_code != 200:
                    raise Refused(_status_problem(url, response.status_code, response.headers.get("location")))
                content = b""
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > SIZE_LIMIT:
                        raise Refused(
                            ClientDocumentInvalid(
                                url, "is too long", f"over {SIZE_LIMIT} bytes", f"{SIZE_LIMIT} at most"
                            )
                        )
                return dict(response.headers), content
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            raise Refused(ClientDocumentUnreachable(url, describe_failure(error))) from error

    def _remember(self, url: str, document: dict[str, Any], cache_control: str) -> None:
        lifetime = _lifetime(cache_control)
        if lifetime > timedelta():
            if len(self._cache) >= KEPT:
                self._cache.pop(next(iter(self._cache)))
            self._cache[url] = _Cached(document, self._clock.now() + lifetime)


def _check_url(url: str) -> None:
    """Refuse a URL that may be no client id (OAuth Client ID Metadata Document §3)."""
    parts = _check_transport(url)
    broken = None
    if not parts.path or parts.path == "/":
        broken = ("has no path", url, "a URL with a path")
    elif parts.fragment or "#" in url:
        broken = ("has a fragment", url, "a URL without one")
    elif parts.username is not None:
        broken = ("names a user", parts.netloc, "a URL without user name")
    elif any(each in {".", ".."} for each in parts.path.split("/")):
        broken = ("has dot segments", parts.path, "a path without . and ..")
    if broken:
        raise Refused(ClientDocumentInvalid(url, *broken))


def _check_transport(url: str) -> SplitResult:
    """Return the parts of a URL that may be asked: https, or http on loopback, with a host and a port that are some."""
    try:
        parts = urlsplit(url)
        is_loopback = parts.hostname in LOOPBACK_NAMES
        _ = parts.port  # raises where it is no number
    except ValueError as error:
        raise Refused(ClientDocumentInvalid(url, "is no URL", str(error), "an absolute https URL")) from error
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback):
        raise Refused(
            ClientDocumentInvalid(url, "is not https", parts.scheme, "https, or http on loopback for development")
        )
    return parts


async def _check_addresses(url: str) -> None:
    """Refuse a host that resolves to a special-use address, before anything is sent there."""
    parts = urlsplit(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # a label that is too long has no form in DNS
        raise Refused(ClientDocumentUnreachable(url, "the host name is not known (DNS)")) from error
    for each in found:
        _check_address(url, str(each[4][0]))


def _check_peer(url: str, stream: Any) -> None:
    """Refuse an answer from a special-use address: the name may have led elsewhere since it was looked up."""
    address = stream.get_extra_info("server_addr") if stream else None
    if address:
        _check_address(url, str(address[0]))


def _check_address(url: str, address: str) -> None:
    host = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(host, "ipv4_mapped", None)
    host = mapped or host
    if host.is_loopback and urlsplit(url).hostname in LOOPBACK_NAMES:
        return
    if not host.is_global or host.is_multicast:
        raise Refused(ClientDocumentForbidden(url, str(host)))


def _status_problem(url: str, status: int, location: str | None) -> Problem:
    if 300 <= status < 400:
        return ClientDocumentInvalid(
            url, "redirects, which is not followed", str(location), "the document itself, with 200"
        )
    return ClientDocumentUnreachable(url, f"it answered {status}")


def _read(url: str, content_type: str, content: bytes) -> dict[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if not re.fullmatch(r"application/([\w.-]+\+)?json", kind):
        raise Refused(
            ClientDocumentInvalid(url, "is no JSON", kind or "no content type", "Content-Type: application/json")
        )
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Refused(ClientDocumentInvalid(url, "cannot be read", str(error), "a JSON object")) from error
    if not isinstance(document, dict):
        raise Refused(ClientDocumentInvalid(url, "is no JSON object", type(document).__name__, "a JSON object"))
    named = document.get("client_id")
    if named != url:
        raise Refused(ClientDocumentInvalid(url, "names another client_id", str(named), f"client_id {url}"))
    _check_members(url, document)
    return document


def _check_members(url: str, document: dict[str, Any]) -> None:
    for name in ("client_name", "redirect_uris"):
        if not document.get(name):
            raise Refused(ClientDocumentInvalid(url, f"has no {name}", "nothing", f"a {name}"))
    for name in ("client_secret", "client_secret_expires_at"):
        if name in document:
            raise Refused(ClientDocumentInvalid(url, f"publishes {name}", "a secret in public", f"no {name}"))
    method = str(document.get("token_endpoint_auth_method", "none"))
    if method.startswith("client_secret"):
        raise Refused(ClientDocumentInvalid(url, "asks for a shared secret", method, "none or private_key_jwt"))


def _lifetime(cache_control: str) -> timedelta:
    directives = cache_control.lower()
    if "no-store" in directives or "no-cache" in directives:
        return SHORTEST
    age = re.search(r"(?:s-maxage|max-age)\s*=\s*\"?([0-9]+)", directives)
    # eight digits are more than the longest, and the most that need be read
    return min(LONGEST, timedelta(seconds=int(age.group(1)[:8]))) if age else USUAL
