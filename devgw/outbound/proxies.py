"""Through which proxy a URL is asked, as the environment says: for every outgoing request, and never on this machine.

`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` are read as curl and Go read them; on macOS and Windows the
system's own settings stand in where no variable does.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies

from devgw.foreign.addresses import is_this_machine, is_within
from devgw.problems import Refused
from devgw.problems.machine import ProxyUnusable

_SPOKEN = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True, repr=False)
class Proxy:
    """A proxy of the environment. Its URL may hold a password: show `shown`."""

    url: str

    @property
    def shown(self) -> str:
        """Return scheme, host and port alone."""
        return _without_user(self.url)


def find_proxy(url: str) -> Proxy | None:
    """Return the proxy through which `url` is asked; None where it is asked directly.

    Raises:
        Refused: with `ProxyUnusable`.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    named = getproxies()
    found = named.get(parts.scheme) or named.get("all")
    if not found or is_this_machine(host) or _is_exempt(host, parts.port, named.get("no", "")):
        return None
    proxy = found if "://" in found else f"http://{found}"
    if (why := _why_not(proxy)) is not None:
        raise Refused(ProxyUnusable(_without_user(proxy), why))
    return Proxy(proxy)


def _is_exempt(host: str, port: int | None, exempt: str) -> bool:
    return any(fits(host, port, each.strip().lower()) for each in exempt.split(","))


def fits(host: str, port: int | None, entry: str) -> bool:
    """Tell whether an entry of NO_PROXY means `host`: `*`, a domain and what is below it, an address, or a network."""
    if entry in {"", "*"}:
        return entry == "*"
    if "/" in entry:
        return is_within(host, entry)
    name, colon, digits = entry.rpartition(":")
    if colon and digits.isdecimal() and (":" not in name or name.endswith("]")):
        if port is not None and int(digits[:6]) != port:
            return False
        entry = name
    entry = entry.strip("[]").lstrip("*").lstrip(".")
    return host == entry or host.endswith(f".{entry}")


def _why_not(proxy: str) -> str | None:
    """Say why a proxy cannot be used; None where it can."""
    try:
        parts = urlsplit(proxy)
        _ = parts.port  # raises where it is no number
    except ValueError as error:
        return f"it is no URL ({error})"
    if any(map(str.isspace, proxy)):
        return "a blank stands in it"
    if parts.scheme not in _SPOKEN:
        return f"devgw speaks to http:// and https:// proxies, not {parts.scheme}://"
    return None if parts.hostname else "it names no host"


def _without_user(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}"
