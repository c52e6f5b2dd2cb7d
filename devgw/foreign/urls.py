"""One reader of foreign URLs: absolute http(s), with a host and without anything that hides where it leads."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from devgw.limits import Limits

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\<>\"`{}|^]")
"""What RFC 3986 lets nobody write, and browsers and libraries read differently; non-ASCII is the host's matter."""


_BRACKETS = re.compile(r"[^\[\]]*|\[[^\[\]]*\](?::[0-9]*)?")
"""Brackets are around an address, and nothing but a port follows: libraries differ in what they take for the host."""
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
"""Names and addresses; RFC 3986 has `;`, `$` and quotes there as well, which no name has and a shell reads."""


_USER = re.compile(r"(?<=//)[^/?#\s]*@")


class UrlRefused(ValueError):  # noqa: N818  it reads as what happened
    """The text is no URL that is taken; the message says why, in words that may be shown."""


@dataclass(frozen=True, slots=True)
class ForeignUrl:
    """An absolute http(s) URL that was read; `text` is what was written, letter for letter."""

    text: str
    scheme: str
    host: str
    """Lower case, in ASCII (punycode), IPv6 without brackets."""
    port: int
    path: str
    query: str

    @property
    def origin(self) -> str:
        """Return scheme, host and port as browsers write an origin (RFC 6454 §6.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _usual_port(self.scheme) else f":{self.port}")


def read_url(text: str) -> ForeignUrl:
    """Return what an absolute http(s) URL says.

    Raises:
        UrlRefused: where it is relative, of another scheme, too long, names a user, has a fragment, a port that is
            none, or characters that no URL has (RFC 3986).
    """
    if not isinstance(text, str) or not text:
        raise UrlRefused("it is no text")
    if len(text) > Limits.URL_BYTES:
        raise UrlRefused(f"it is longer than {Limits.URL_BYTES:,} characters")
    if _FORBIDDEN.search(text):
        raise UrlRefused("it has characters that no URL has")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = _ascii_host(parts.hostname or "")
    except ValueError as error:
        raise UrlRefused(f"it is no URL ({error})") from error
    _check(text, parts.scheme, host, is_user_named=parts.username is not None)
    if not _BRACKETS.fullmatch(parts.netloc):
        raise UrlRefused("its host is half an address")
    if port == 0:
        raise UrlRefused("its port is 0")
    return ForeignUrl(text, parts.scheme, host, port or _usual_port(parts.scheme), parts.path, parts.query)


def is_url(text: str) -> bool:
    """Tell whether a text is an absolute http(s) URL that is taken."""
    try:
        read_url(text)
    except UrlRefused:
        return False
    return True


def without_user(text: str) -> str:
    """Return a URL, or what is meant as one, as it may be shown: its user name and password are somebody's secret."""
    return _USER.sub("…@", text)


def same_origin(one: str, other: str) -> bool:
    """Tell whether two URLs have one origin; False where either is none that is taken."""
    try:
        return read_url(one).origin == read_url(other).origin
    except UrlRefused:
        return False


def _check(text: str, scheme: str, host: str, *, is_user_named: bool) -> None:
    if scheme not in {"http", "https"}:
        raise UrlRefused("it is no absolute http(s) URL")
    if not host:
        raise UrlRefused("it names no host")
    if "%" in host:
        raise UrlRefused("its host has a zone or an escape, which lead elsewhere on each machine")
    if not _HOST.fullmatch(host):
        raise UrlRefused("its host has characters that no name has")
    if is_user_named:
        raise UrlRefused("it carries a user name or password")
    if "#" in text:
        raise UrlRefused("it has a fragment")


def is_askable(host: str) -> bool:
    """Tell whether resolvers can be asked for a host: not where one of its labels is empty or too long (RFC 1035)."""
    try:
        _ascii_host(host)
    except UrlRefused:
        return False
    return True


def _ascii_host(host: str) -> str:
    """Return a host as resolvers are asked for it, which they are not with a label that is empty or too long."""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise UrlRefused("its host has no form in DNS") from error


def _usual_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
