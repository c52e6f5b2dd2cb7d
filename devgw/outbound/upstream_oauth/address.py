"""Which addresses an upstream's documents may send us to.

Source: MCP Security Best Practices §SSRF; RFC 6890.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from devgw.problems import Refused
from devgw.problems.upstream import AddressForbidden, UpstreamUnreachable

Address = IPv4Address | IPv6Address


def read_address(text: str) -> Address:
    """Return the address in `text`, unwrapped where it is IPv4 inside IPv6."""
    address = ip_address(text.split("%", maxsplit=1)[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


async def addresses_of(url: str) -> list[Address]:
    """Return every address of the URL's host.

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
    if url.startswith("http:") and len(special) < len(addresses):
        raise Refused(AddressForbidden(url=url, why="plain http is for this machine alone"))


def check_peer(url: str, peer: str, *, local_allowed: bool) -> None:
    """Refuse an answer that came from a special address after all, where the name was rebound since the check.

    Raises:
        Refused: with `AddressForbidden`.
    """
    if not local_allowed and not read_address(peer).is_global:
        raise Refused(AddressForbidden(url=url, why=f"its name led to {peer} in the end"))
