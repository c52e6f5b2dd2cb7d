"""What an answer to a call tells, and what is known of the call: read once, for all who say what it means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from devgw.foreign.intermediary import Intermediary, find_intermediary
from devgw.foreign.text import clean
from devgw.foreign.words import words_of
from devgw.problems.foreign_token import TokenKnown
from devgw.problems.proxy import REWRITE_PATTERN

_MESSAGE = re.compile(rb'[\xef\xbb\xbf\s]*\{[^\0]{0,200}"jsonrpc"')


@dataclass(frozen=True, slots=True)
class Answered:
    """What a server answered, as far as that tells what it means."""

    url: str
    status: int
    said: str = ""
    """Its own words."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    intermediary: Intermediary | None = None
    """Who answered in its place."""
    speaks_mcp: bool = False
    """Whether its body is a JSON-RPC error: then a 404 is no wrong path."""
    is_empty: bool = False
    holds_message: bool = False
    """Whether its body is one of JSON-RPC, whatever it calls itself."""
    asked_url: str = ""
    """The URL with its query, which is compared and not shown; empty where `url` is whole."""

    def short(self, name: str, most: int = 100) -> str:
        """Return a header as it may be shown; empty where it has none."""
        return clean(self.headers.get(name, ""), most)


def read_answer(
    url: str, status: int, headers: Mapping[str, str], body: bytes, *, speaks_mcp: bool = False, asked_url: str = ""
) -> Answered:
    """Return what an answer tells, once for all who speak of it; `headers` by names in lower case."""
    found = None if speaks_mcp else find_intermediary(status, headers, body)
    facts = Answered(url, status, words_of(body), headers, found, speaks_mcp, asked_url=asked_url)
    return replace(facts, is_empty=not body.strip(), holds_message=_MESSAGE.match(body) is not None)


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known of the request, and who is spoken to."""

    owner: str = ""
    """Whose the server is, in words; empty for a route's upstream."""
    asked: str = ""
    """The method of MCP, or of HTTP."""
    written_in: str = REWRITE_PATTERN
    credential: str = ""
    """What was sent to say who asks, in words; empty for nothing."""
    token: TokenKnown | None = None
    """Of a login that was watched."""
    scope: str | None = None
    """What a challenge of insufficient_scope asks for; None where there is none."""
    page: str = ""
    """The Origin that was sent."""
    accept: str | None = None
    """The Accept that was sent; None where it is not known."""
    has_session: bool = False
    is_swapped: bool = False
    """Whether the client knows the server by a URL of devgw's."""


UNKNOWN = CallFacts()
