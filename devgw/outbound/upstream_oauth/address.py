"""Which addresses an upstream's documents may send us to.

Source: MCP Security Best Practices §SSRF; RFC 6890.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from devgw.oauth.client_document import is_loopback_host
from devgw.problems import Refused
from devgw.problems.upstream import AddressForbidden, UpstreamUnreachable

Address = IPv4Address | IPv6Address


def read_address(text: str) -> Address:
    """Return the address in `text`, unwrapped where it is IPv4 inside IPv6."""
    address = ip_address(text.split("%", maxsplit=1)[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_proxied(url: str) -> bool:
    """Tell whether a URL is fetched through a proxy of the environment, which then looks names up for us."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = getproxies()
    return (
        bool(proxies.get(parts.scheme) or proxies.get("all")) and not is_loopback_host(host) and not proxy_bypass(host)
    )


def _is_literal(host: str) -> bool:
    """Tell whether a host is an address already."""
    try:
        read_address(host)
    except ValueError:
        return False
    return True


async def addresses_of(url: str) -> list[Address]:
    """Return every address of the URL's host; none where only a proxy can know them.

    Raises:
        Refused: with `AddressForbidden` where it has none by its form, with `UpstreamUnreachable` where none is found.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(AddressForbidden(url=url, why=f"it is no URL ({error})")) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Refused(AddressForbidden(url=url, why="it is no absolute http(s) URL"))
    if parts.username or parts.password:
        raise Refused(AddressForbidden(url=url, why="it carries a user name or password"))
    if is_proxied(url) and not _is_literal(parts.hostname):
        return []
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused(UpstreamUnreachable(url=url, failure=f"the name {parts.hostname} is not known")) from error
    return [read_address(str(each[4][0])) for each in found]


async def is_local(url: str) -> bool:
    """Tell whether a URL lies on this machine or in a private network."""
    return any(not address.is_global for address in await addresses_of(url))


async def check_address(url: str, *, local_allowed: bool) -> None:
    """Refuse a URL that a foreign document must not send us to.

    Raises:
        Refused: with `AddressForbidden`, or `UpstreamUnreachable` where its name is not known.
    """
    addresses = await addresses_of(url)
    special = [address for address in addresses if not address.is_global]
    if special and not local_allowed:
        raise Refused(AddressForbidden(url=url, why=f"{special[0]} is an address of this machine or network"))
    if url.startswith("http:") and (not addresses or len(special) < len(addresses)):
        raise Refused(AddressForbidden(url=url, why="plain http is for this machine alone"))


def check_peer(url: str, peer: str, *, local_allowed: bool) -> None:
    """Refuse an answer that came from a special address after all, where the name was rebound since the check.

    Raises:
        Refused: with `AddressForbidden`.
    """
    if not local_allowed and not read_address(peer).is_global:
        raise Refused(AddressForbidden(url=url, why=f"its name led to {peer} in the end"))
