"""Whether a URL leads back to devgw itself: under any of its names."""

import socket
from ipaddress import ip_address

from devgw.foreign.urls import ForeignUrl, UrlRefused, read_url
from devgw.settings import Settings


def leads_to_devgw(url: str, settings: Settings) -> bool:
    """Tell whether `url` is devgw's own: a loopback name on its port, its canonical origin, or a host it allows."""
    try:
        read = read_url(url)
        canonical = read_url(settings.canonical_origin).origin
    except UrlRefused:
        return False
    if read.origin == canonical or (settings.port and read.port == settings.port and is_loopback(read.host)):
        return True
    return any(_is_allowed(read, each.lower()) for each in settings.allowed_hosts)


def _is_allowed(read: ForeignUrl, allowed: str) -> bool:
    """Tell whether a host that devgw answers to is meant; one without a port is meant on devgw's own or the usual."""
    return allowed in (read.host, f"{read.host}:{read.port}", f"[{read.host}]:{read.port}")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine; `0.0.0.0` and the short forms are too, to a client."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        try:
            address = ip_address(socket.inet_aton(host))  # 127.1, 0x7f000001: what the resolver takes
        except (OSError, ValueError):
            return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)
