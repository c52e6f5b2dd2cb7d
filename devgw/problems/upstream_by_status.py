"""Which refusal a status of an upstream is, whoever got it: a client's call, or the doctor."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from devgw.foreign.text import clean
from devgw.problems.base import Problem
from devgw.problems.redirect import UpstreamRedirectEmpty
from devgw.problems.upstream_answer import UpstreamAnswerNotMcp
from devgw.problems.upstream_status import (
    UpstreamFailed,
    UpstreamGaveNoAnswer,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamRefusal,
    UpstreamRefusedCall,
    UpstreamRefusedHost,
    UpstreamRefusedMethod,
)

_REDIRECTS, _NOT_MODIFIED, _REFUSALS, _FAILURES = 300, 304, 400, 500


@dataclass(frozen=True, slots=True)
class Answered:
    """What an upstream answered, as far as that tells what it means."""

    url: str
    status: int
    said: str
    """The first words of its body, without markup."""
    content_type: str = ""
    allow: str = ""
    retry_after: str = ""
    speaks_mcp: bool = False
    """Whether its body is a JSON-RPC error: then a 404 is no wrong path."""
    is_empty: bool = False


def refusal_of(answered: Answered) -> UpstreamRefusal:
    """Return which refusal a 4xx or 5xx is."""
    url, status, said = answered.url, answered.status, answered.said
    if status >= _FAILURES:
        return UpstreamFailed(url, status, said, clean(answered.retry_after, 40))
    if status == 404 and not answered.speaks_mcp:
        return UpstreamNotFound(url, status, said)
    if status == 405:
        return UpstreamRefusedMethod(url, status, said, clean(answered.allow, 100))
    if status == 421:
        return UpstreamRefusedHost(url, status, said, urlsplit(url).netloc.rpartition("@")[2])
    if status == 429:
        return UpstreamRateLimited(url, status, said, clean(answered.retry_after, 40))
    return UpstreamRefusedCall(url, status, said)


def no_answer_in(answered: Answered, expected: str) -> Problem:
    """Return what it is that came instead of MCP; `expected` are the ids that wait."""
    url, status = answered.url, answered.status
    if status >= _FAILURES:
        return refusal_of(answered)
    if _REDIRECTS <= status < _REFUSALS and status != _NOT_MODIFIED:
        return UpstreamRedirectEmpty(url, status)
    if status < _REDIRECTS and answered.is_empty:
        return UpstreamGaveNoAnswer(url, status, "", expected)
    return UpstreamAnswerNotMcp(url, status, clean(answered.content_type, 100), answered.said)
