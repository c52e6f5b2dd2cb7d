"""A token in another place than the Authorization header; looked for where a request has no such header.

What has the form of our own tokens is one wherever it stands. Anything else is only noted by the name of its place:
a header such as X-Api-Key may be the upstream's, and its client signs in all the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from devgw.events.trace import Headers
from devgw.foreign.text import clean
from devgw.gateway.mangled_token import ALONE
from devgw.gateway.wrong_path import OF_A_TOKEN
from devgw.problems.bearer import RegistrationAskedHere, TokenAskedHere, TokenMisplaced, TokenMissing

_HEADERS = frozenset(
    {
        *("x-api-key", "api-key", "apikey", "x-apikey", "x-api-token", "api-token", "x-auth-token", "auth-token"),
        *("x-access-token", "access-token", "x-token", "token", "x-authorization", "proxy-authorization"),
        *("authentication", "x-authentication", "x-bearer-token", "x-auth", "x-mcp-token", "x-mcp-api-key"),
    }
)
_PARAMETERS = frozenset(
    {"access_token", "token", "api_key", "apikey", "api-key", "auth_token", "bearer_token", "bearer", "jwt"}
)
"""Of a query, a form or a cookie."""
_NO_PLACES = frozenset({b"authorization", b"referer"})
"""Headers by which no client means to send a token here: where it is right, and the URL of the page that asks."""
_FORM = b"x-www-form-urlencoded"
_READ, _SHOWN, _MOST = 65_536, 60, 100
"""Bytes of a body, characters of a name, parts of a query, a form or a cookie header."""


@dataclass(frozen=True, slots=True)
class PlacedValue:
    """One value of a request that is no Authorization header."""

    words: str
    value: str
    is_meant: bool
    """Whether its name is one under which credentials are sent."""


def find_elsewhere(headers: Headers, query: bytes, body: bytes) -> TokenMissing:
    """Return that a request without an Authorization header has a token elsewhere, or just that it has none."""
    content = body[:_READ]
    if _is_form(headers) and OF_A_TOKEN.intersection(name for name, _ in _pairs(content)):
        return TokenAskedHere()
    if b'"redirect_uris"' in content and b'"jsonrpc"' not in content:
        return RegistrationAskedHere()
    places = list(_places(headers, query, content))
    ours = next((each.words for each in places if ALONE.search(each.value)), None)
    if ours is not None or ALONE.search(content.decode("latin-1")):
        return TokenMisplaced(place=ours or "the body")
    return TokenMissing(beside=tuple(dict.fromkeys(each.words for each in places if each.is_meant and each.value)))


def _places(headers: Headers, query: bytes, body: bytes) -> Iterator[PlacedValue]:
    for name, value in headers:
        if name == b"cookie":
            yield from _cookies(value.decode("latin-1"))
        elif name not in _NO_PLACES:
            called = name.decode("latin-1").lower()
            yield PlacedValue(
                f"the header {clean(called.title(), _SHOWN)}", value.decode("latin-1"), called in _HEADERS
            )
    yield from _parameters("query parameter", _pairs(query))
    if _is_form(headers):
        yield from _parameters("form field", _pairs(body))


def _is_form(headers: Headers) -> bool:
    return any(name == b"content-type" and _FORM in value.lower() for name, value in headers)


def _pairs(form: bytes) -> list[tuple[str, str]]:
    """Return the first of the pairs of a query or form."""
    return parse_qsl("&".join(form.decode("latin-1").split("&", _MOST)[:_MOST]))


def _cookies(header: str) -> Iterator[PlacedValue]:
    pairs = (each.strip().partition("=") for each in header.split(";")[:_MOST])
    yield from _parameters("cookie", ((name, value) for name, _, value in pairs))


def _parameters(what: str, pairs: Iterable[tuple[str, str]]) -> Iterator[PlacedValue]:
    for name, value in pairs:
        yield PlacedValue(f"the {what} {clean(name, _SHOWN)}", value, name.lower() in _PARAMETERS)
