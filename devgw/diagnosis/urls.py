"""URLs taken apart without judging them: a malformed one is compared too, so nothing here raises."""

import re
from dataclasses import dataclass

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
DEFAULT_PORTS = {"http": "80", "https": "443"}

_SHAPE = re.compile(r"^(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):)?(?P<slashes>//)?(?P<rest>.*)$", re.DOTALL)
_AUTHORITY = re.compile(r"^(?:(?P<user>[^@]*)@)?(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>.*))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a string: where it begins, and what stands there."""

    start: int
    text: str

    @property
    def end(self) -> int:
        """Return the position after the last character."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class UrlParts:
    """The components of a URL as written, each with its place."""

    scheme: Span
    user: Span
    host: Span
    port: Span
    path: Span
    query: Span
    fragment: Span

    @property
    def host_name(self) -> str:
        """Return the host in lower case and without the brackets of an IPv6 address."""
        return self.host.text.strip("[]").lower()

    @property
    def is_loopback(self) -> bool:
        """Tell whether the host is one of the loopback's names."""
        name = self.host_name
        return name in LOOPBACK_NAMES or name.startswith("127.") or name.endswith(".localhost")

    @property
    def effective_port(self) -> str:
        """Return the port that a connection would use, the scheme's own where none is written."""
        return self.port.text or DEFAULT_PORTS.get(self.scheme.text.lower(), "")

    @property
    def origin(self) -> str:
        """Return scheme, host and port as written, without a slash."""
        port = f":{self.port.text}" if self.port.text else ""
        return f"{self.scheme.text}://{self.host.text}{port}"


def split_url(url: str) -> UrlParts:
    """Return the parts of `url`; missing ones are empty and placed where they would stand."""
    shape = _SHAPE.match(url)
    assert shape is not None
    scheme = Span(0, shape["scheme"] or "")
    rest_at = shape.start("rest")
    before_fragment, fragment = _cut(url, rest_at, len(url), "#")
    before_query, query = _cut(url, rest_at, before_fragment, "?")
    path_at = rest_at
    if shape["slashes"]:
        slash = url.find("/", rest_at, before_query)
        path_at = before_query if slash < 0 else slash
    user, host, port = _authority(url[rest_at:path_at], rest_at)
    return UrlParts(scheme, user, host, port, Span(path_at, url[path_at:before_query]), query, fragment)


def _cut(url: str, start: int, end: int, mark: str) -> tuple[int, Span]:
    """Return where the text before `mark` ends, and the span behind it."""
    at = url.find(mark, start, end)
    return (end, Span(end, "")) if at < 0 else (at, Span(at + 1, url[at + 1 : end]))


def _authority(text: str, at: int) -> tuple[Span, Span, Span]:
    """Return user, host and port of an authority that begins at `at`."""
    match = _AUTHORITY.match(text)
    assert match is not None
    end = at + len(text)
    port = Span(at + match.start("port"), match["port"]) if match["port"] is not None else Span(end, "")
    user = Span(at, match["user"]) if match["user"] is not None else Span(at, "")
    return user, Span(at + match.start("host"), match["host"]), port
