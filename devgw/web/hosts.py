"""Under which names this gateway goes: the Host check, the origin of a request, and which pages may call.

A page on the web must not reach a developer's gateway by DNS rebinding, so a Host that is neither loopback nor
configured is refused. The loopback names on our port are one gateway.

Source: MCP basic/transports, Security Warning; `gateway.md` §5.
"""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from devgw.departure import Departure
from devgw.events.trace import Headers
from devgw.foreign.urls import UrlRefused, read_url
from devgw.problems import Refused
from devgw.problems.front import HostNotAllowed, OriginNotAllowed
from devgw.settings import Settings

CALLERS = Departure(
    name="callers",
    here="A request under a host name that is neither loopback nor in `allowed_hosts` is answered with 421, and one "
    "of a web page that is neither of this machine nor in `allowed_origins` with 403.",
    deployed="It answers under its public names, for whoever asks.",
    why="A page on the web must not reach a gateway on a developer's machine.",
    source="https://zuplo.com/docs/mcp-gateway/reference",
    cannot="No setting opens it to all: `allowed_hosts` and `allowed_origins` in devgw.toml allow single names.",
)
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_REMEMBERED = 256
_LONGEST_PORT = 5
_USUAL_PORT = {"http": 80, "https": 443}


_OF_PROXIES = frozenset({b"proxy-connection", b"proxy-authorization"})
"""Headers of requests to a proxy; a server that is asked directly gets neither."""


class Hosts:
    """Answers, for one set of settings, which origin a request was made to and whether its page may call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._proxies = [ip_network(each, strict=False) for each in settings.trusted_proxies]
        self._allowed = frozenset(each.lower() for each in settings.allowed_hosts)
        self.canonical = settings.canonical_origin.rstrip("/")
        self._canonical_host = urlsplit(self.canonical).netloc.lower()
        self._origins: dict[tuple[str, str], str] = {}
        self._callers: dict[tuple[str, str], bool] = {}

    def origin_of(self, headers: Headers, scheme: str, peer: str, *, is_absolute: bool = False) -> str:
        """Return the origin under which the client asked, such as `http://127.0.0.1:9000`.

        Args:
            headers: of the request.
            scheme: of the connection.
            peer: its address.
            is_absolute: whether the target is a whole URL.

        Raises:
            Refused: with `HostNotAllowed`.
        """
        host = ""
        for name, value in headers:
            if name == b"host":
                host = value.decode("latin-1").lower()
                break
        if self._proxies and self._is_trusted(peer):
            host, scheme = _forwarded(headers, host, scheme)
        found = self._origins.get((host, scheme))
        if found is None:
            try:
                found = self._origin(host, scheme)
            except Refused as refused:
                raise _as_written(refused, headers, is_absolute=is_absolute) from refused
            if len(self._origins) < _REMEMBERED:
                self._origins[host, scheme] = found
        return found

    def check_caller(self, caller: str, origin: str) -> None:
        """Let a page call whose Origin is `caller`, when the request was made to `origin`.

        Raises:
            Refused: with `OriginNotAllowed`.
        """
        is_allowed = self._callers.get((caller, origin))
        if is_allowed is None:
            is_allowed = self._may_call(caller, origin)
            if len(self._callers) < _REMEMBERED:
                self._callers[caller, origin] = is_allowed
        if not is_allowed:
            raise Refused(OriginNotAllowed(caller))

    def canonical_form(self, origin: str) -> str | None:
        """Return the canonical origin where `origin` is another loopback name of this gateway, else None."""
        if origin == self.canonical or not is_loopback(urlsplit(origin).hostname or ""):
            return None
        return self.canonical

    def _origin(self, host: str, scheme: str) -> str:
        name, port = split_host(host)
        if host == self._canonical_host:
            return self.canonical
        if name in LOOPBACK_NAMES and (port or _USUAL_PORT[scheme]) == self._settings.port:
            return f"{scheme}://{host}"
        if name and (name in self._allowed or host in self._allowed):
            return f"{scheme}://{host}"
        known = (*(f"{name}:{self._settings.port}" for name in LOOPBACK_NAMES), *self._settings.allowed_hosts)
        forwarded = f"{scheme}://{host}" if name in LOOPBACK_NAMES and port else ""
        raise Refused(HostNotAllowed(host, _unique((*known, self._canonical_host)), forwarded))

    def _may_call(self, caller: str, origin: str) -> bool:
        if caller in {origin, self.canonical} or caller in self._settings.allowed_origins:
            return True
        try:
            host = read_url(caller).host
        except UrlRefused:
            return False
        written = urlsplit(caller).netloc.lower()
        return is_loopback(host) or written in self._allowed or split_host(written)[0] in self._allowed

    def _is_trusted(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._proxies)


def is_loopback(name: str) -> bool:
    """Tell whether a host name (brackets or not) is this machine and can be nothing else."""
    name = name.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def split_host(host: str) -> tuple[str, int | None]:
    """Return the name and the port of a Host header; None for a port that is not written."""
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):
        return host, None
    return name, int(port) if port.isascii() and port.isdecimal() and len(port) <= _LONGEST_PORT else -1


def _forwarded(headers: Headers, host: str, scheme: str) -> tuple[str, str]:
    """Return host and scheme as a trusted proxy says the client had them."""
    for name, value in headers:
        if name == b"x-forwarded-host":
            host = value.decode("latin-1").partition(",")[0].strip().lower()
        elif name == b"x-forwarded-proto":
            said = value.decode("latin-1").partition(",")[0].strip().lower()
            scheme = said if said in {"http", "https"} else scheme
    return host, scheme


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _as_written(refused: Refused, headers: Headers, *, is_absolute: bool) -> Refused:
    """Return why a host is refused, for whom the request was written: a proxy is another matter than a name.

    Clients give a whole URL to a proxy alone (RFC 9112 §3.2.1, §3.2.2).
    """
    problem = refused.problem
    if isinstance(problem, HostNotAllowed) and (is_absolute or any(name in _OF_PROXIES for name, _ in headers)):
        return Refused(replace(problem, is_for_a_proxy=True))
    return refused
