"""This machine: who listens on a port, names, a browser, the environment."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import replace

from devgw.diagnosis.verdicts import Check, machine
from devgw.diagnosis.verdicts.machine import PortState
from devgw.platforms.here import here
from devgw.platforms.seat import seat_of

PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy")
PATIENCE = 1.0


async def port_state(port: int, *, is_ours: bool = False) -> PortState:
    """Return who listens on `port` of the loopback, in both families."""
    state = await loopback_listeners(port)
    owner = await asyncio.to_thread(here().owner_of, port) if state.listens_v4 or state.listens_v6 else ""
    return replace(state, owner=owner, is_ours=is_ours)


async def loopback_listeners(port: int) -> PortState:
    """Return on which loopback addresses `port` takes a connection; each is closed at once, and nothing is sent."""
    v4, v6 = await asyncio.gather(_listens("127.0.0.1", port), _listens("::1", port))
    return PortState(port, v4, v6, has_v6=_has_v6())


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), PATIENCE)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def _has_v6() -> bool:
    """Tell whether this machine has an IPv6 loopback to bind to."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def resolve(host: str) -> Check:
    """Resolve a host name and say what came."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # a label that is too long has no form in DNS
        return machine.names(host, (), f"{host}: {getattr(error, 'strerror', None) or error}")
    return machine.names(host, tuple(dict.fromkeys(str(each[4][0]) for each in found)), "")


def browser(environ: Mapping[str, str]) -> Check:
    """Look for a browser that clients would open, without opening it."""
    seat = seat_of(environ)
    found, why = here().opens_browser(environ)
    if seat.is_apart and not found:
        return machine.browser("", f"this is {seat}, and {why}")
    return machine.browser(found, why)


def proxies(environ: Mapping[str, str]) -> Check:
    """Read the proxy variables, in either case."""
    lower = {key.lower(): value for key, value in environ.items()}
    found = {name.upper(): lower[name] for name in PROXY_NAMES if lower.get(name)}
    return machine.proxy_variables(found, lower.get("no_proxy", ""))
