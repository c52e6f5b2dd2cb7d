"""Whether a URL leads back to devgw itself: under any of its names."""

from dataclasses import replace

from devgw.foreign.addresses import is_this_machine
from devgw.foreign.urls import ForeignUrl, UrlRefused, read_url
from devgw.settings import Settings


def leads_to_devgw(url: str, settings: Settings) -> bool:
    """Tell whether `url` is devgw's own: a loopback name on its port, its canonical origin, or a host it allows."""
    try:
        read = _without_dot(read_url(url))
        canonical = read_url(settings.canonical_origin).origin
    except UrlRefused:
        return False
    is_here = is_this_machine(read.host) or read.host == settings.host.lower()
    if read.origin == canonical or (read.port == settings.port and is_here):  # no URL has the port 0
        return True
    return any(_is_allowed(read, each.lower()) for each in settings.allowed_hosts)


def leads_to_port(url: str, port: int) -> bool:
    """Tell whether `url` is on `port` of this machine, under whatever name and scheme."""
    try:
        read = _without_dot(read_url(url))
    except UrlRefused:
        return False
    return read.port == port and is_this_machine(read.host)


def _without_dot(read: ForeignUrl) -> ForeignUrl:
    """Return the URL with its host as it is usually written: a dot at the end is the root of DNS."""
    return replace(read, host=read.host.rstrip("."))


def _is_allowed(read: ForeignUrl, allowed: str) -> bool:
    """Tell whether a host that devgw answers to is meant; one without a port is meant on devgw's own or the usual."""
    return allowed in (read.host, f"{read.host}:{read.port}", f"[{read.host}]:{read.port}")
