"""Which refusal a foreign answer is, whoever got it: a client's call by the proxy or under `watch`, or the doctor.

The same answer is the same refusal at each of them; what differs is what is known of the request (`CallFacts`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from devgw.foreign.challenge import read_challenges
from devgw.foreign.intermediary import find_intermediary
from devgw.foreign.intermediary_mark import Intervention
from devgw.foreign.json import JsonRefused, read_object
from devgw.foreign.retry_after import read_wait
from devgw.foreign.sign_in import leads_to_sign_in
from devgw.foreign.text import clean
from devgw.foreign.urls import read_url
from devgw.foreign.words import words_of
from devgw.problems.base import Problem
from devgw.problems.foreign_token import (
    AudienceForeign,
    DpopProofRefused,
    FreshTokenRefused,
    OldTokenRefused,
    TokenKnown,
    TokenOfAnotherServer,
    UpstreamAsksOtherwise,
)
from devgw.problems.redirect import UpstreamRedirectEmpty
from devgw.problems.upstream_answered import UNKNOWN, Answered, CallFacts
from devgw.problems.upstream_credential import asks_for_no_token
from devgw.problems.upstream_no_mcp import (
    IntermediaryAnswered,
    UpstreamAnswerNotMcp,
    UpstreamGaveNoAnswer,
    UpstreamWantsLogin,
)
from devgw.problems.upstream_refusal import (
    UpstreamForbade,
    UpstreamForgotSession,
    UpstreamRefusal,
    UpstreamRefusedCall,
    UpstreamWantsScope,
)
from devgw.problems.upstream_status import (
    MEDIA_TYPES,
    UpstreamFailed,
    UpstreamNotAcceptable,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamRedirectsCall,
    UpstreamRefusedHost,
    UpstreamRefusedMethod,
)

_REDIRECTS, _NOT_MODIFIED, _REFUSALS, _UNAUTHORIZED, _ABSENT, _FAILURES, _UNIMPLEMENTED, _UNKNOWN = (
    *(300, 304, 400, 401, 404),
    *(500, 501, 600),
)


DPOP_ERRORS = frozenset({"invalid_dpop_proof", "use_dpop_nonce"})
"""RFC 9449 §5, §7.1, §8."""


def refusal_of(answered: Answered, caller: CallFacts = UNKNOWN) -> UpstreamRefusal:
    """Return which refusal a 4xx or 5xx is."""
    if (found := stood_in(answered, caller)) is not None:
        return found
    if answered.status == _UNAUTHORIZED and (error := _dpop_error(answered)):
        return dpop_refused(answered, caller, error)
    if answered.status == _UNAUTHORIZED and asks_for_no_token(answered.headers.get("www-authenticate", "")):
        return _made(UpstreamAsksOtherwise, answered, caller, answered.short("www-authenticate", 200))
    if answered.status == _UNAUTHORIZED and caller.token is not None:
        return _of_token(answered, caller, caller.token)
    if _FAILURES <= answered.status < _UNKNOWN and (answered.status != _UNIMPLEMENTED or answered.speaks_mcp):
        return _made(UpstreamFailed, answered, caller, read_wait(answered.headers), answered.speaks_mcp)
    if header := _TELLING.get(answered.status):
        answered = _with(answered, header)
    make = _BY_STATUS.get(answered.status)
    return make(answered, caller) if make is not None else _made(UpstreamRefusedCall, answered, caller)


def stood_in(answered: Answered, caller: CallFacts = UNKNOWN) -> UpstreamRefusal | None:
    """Return who answered in the server's place; None where nothing shows that it was not the server."""
    it = answered.intermediary
    return None if it is None else _made(IntermediaryAnswered, answered, caller, it.name, it.does, it.mark, it.change)


def stood_before(url: str, status: int, headers: Mapping[str, str], body: bytes, caller: CallFacts) -> Problem | None:
    """Return who answered in the place of an endpoint; None where it was its own server, or there is no such path."""
    found = find_intermediary(status, headers, body)
    if found is None or found.does is Intervention.KNOWS_NO_ROUTE or (status < _REDIRECTS and _is_object(body)):
        return None
    return stood_in(Answered(url, status, words_of(body), headers, found), caller)


def _is_object(body: bytes) -> bool:
    """Tell whether an answer is what an endpoint is asked for: whatever names stand in it, it is that one's own."""
    try:
        read_object(body)
    except JsonRefused:
        return False
    return True


def kept_from(url: str, status: int, headers: Mapping[str, str], body: bytes, caller: CallFacts) -> Problem | None:
    """Return the same of a document; None also where it may not be there, which is no failure of a document."""
    found = find_intermediary(status, headers, body)
    is_absent = found is not None and found.does is Intervention.SHOWS_NO_ROUTE
    return None if is_absent else stood_before(url, status, headers, body, caller)


def no_answer_in(answered: Answered, expected: str, caller: CallFacts = UNKNOWN) -> Problem:
    """Return what it is that came instead of MCP; `expected` is what waits for an answer."""
    if answered.status >= _REFUSALS or answered.intermediary is not None:
        return refusal_of(answered, caller)
    if answered.status >= _REDIRECTS and answered.status != _NOT_MODIFIED:
        return _redirected(answered, caller)
    media_type = answered.short("content-type")
    is_typed = media_type.partition(";")[0].strip().lower() in MEDIA_TYPES
    if answered.status < _REDIRECTS and (answered.is_empty or is_typed):
        return _made(UpstreamGaveNoAnswer, answered, caller, expected)
    return _made(UpstreamAnswerNotMcp, answered, caller, media_type, answered.holds_message)


def _redirected(answered: Answered, caller: CallFacts) -> Problem:
    """Return where a redirect leads; those of a route's upstream that lead anywhere are followed."""
    location = answered.headers.get("location", "")
    if not caller.owner:
        return UpstreamRedirectEmpty(answered.url, answered.status)
    if (page := sign_in_of(answered.url, location)) is not None:
        return _made(UpstreamWantsLogin, answered, caller, page, caller.token is not None)
    is_circle = _leads_back(answered.asked_url or answered.url, location)
    return _made(UpstreamRedirectsCall, answered, caller, location, is_circle)


def _leads_back(url: str, location: str) -> bool:
    """Tell whether a redirect leads to where it came from, to the letter of its query."""
    try:
        return bool(location) and urljoin(url, location).partition("#")[0] == url
    except ValueError:
        return False


def sign_in_of(url: str, location: str) -> str | None:
    """Return the page to which a redirect leads people to sign in; None where it leads elsewhere, or to no URL."""
    try:
        target = read_url(urljoin(url, location).partition("#")[0])
    except ValueError:  # a `UrlRefused` is one
        return None
    return target.text.partition("?")[0] if location and leads_to_sign_in(url, target) else None


def _made(kind: type[UpstreamRefusal], answered: Answered, caller: CallFacts, *facts: Any) -> UpstreamRefusal:
    """Return a refusal with what each has, and the facts of its own."""
    return kind(
        *(answered.url, answered.status, answered.said, *facts),
        owner=caller.owner,
        asked=caller.asked,
        written_in=caller.written_in,
    )


def dpop_refused(answered: Answered, caller: CallFacts, error: str) -> UpstreamRefusal:
    """Return what a server has against a proof of possession."""
    return _made(DpopProofRefused, answered, caller, error, caller.is_swapped)


def _dpop_error(answered: Answered) -> str:
    """Return the error of a challenge for a proof; empty where there is none."""
    challenges = read_challenges(answered.headers.get("www-authenticate", ""))
    return next((each.error for each in challenges if each.error in DPOP_ERRORS), "")


_TELLING = {403: "WWW-Authenticate", 407: "Proxy-Authenticate", 426: "Upgrade"}
"""Headers that belong to what a status says."""


def _with(answered: Answered, header: str) -> Answered:
    """Return the same with a header among its words, where it has that."""
    value = answered.short(header.lower(), 300)
    return replace(answered, said=" ".join(filter(None, (answered.said, f"{header}: {value}")))) if value else answered


def _forbidden(answered: Answered, caller: CallFacts) -> UpstreamRefusal:
    if caller.scope is not None:
        return _made(UpstreamWantsScope, answered, caller, caller.scope)
    return _made(
        UpstreamForbade, answered, caller, clean(caller.page, 200), caller.credential, caller.token is not None
    )


def _absent(answered: Answered, caller: CallFacts) -> UpstreamRefusal:
    if caller.has_session and answered.status == _ABSENT:
        return _made(UpstreamForgotSession, answered, caller)
    return _made(UpstreamRefusedCall if answered.speaks_mcp else UpstreamNotFound, answered, caller)


def _not_acceptable(answered: Answered, caller: CallFacts) -> UpstreamRefusal:
    if caller.accept is None:
        return _made(UpstreamRefusedCall, answered, caller)
    accepted = {each.partition(";")[0].strip().lower() for each in caller.accept.split(",")}
    missing = () if "*/*" in accepted else tuple(each for each in MEDIA_TYPES if each not in accepted)
    return _made(UpstreamNotAcceptable, answered, caller, clean(caller.accept, 200), missing)


def _method_refused(answered: Answered, caller: CallFacts) -> UpstreamRefusal:
    return _made(UpstreamRefusedMethod, answered, caller, answered.short("allow"))


def _host_refused(answered: Answered, caller: CallFacts) -> UpstreamRefusal:
    return _made(UpstreamRefusedHost, answered, caller)


def _too_often(answered: Answered, caller: CallFacts) -> UpstreamRefusal:
    return _made(UpstreamRateLimited, answered, caller, read_wait(answered.headers))


_BY_STATUS = {
    403: _forbidden,
    404: _absent,
    405: _method_refused,
    406: _not_acceptable,
    410: _absent,
    421: _host_refused,
    429: _too_often,
    _UNIMPLEMENTED: _method_refused,
}
"""The statuses that have one meaning; by the others a server says what it alone knows."""


def _of_token(answered: Answered, caller: CallFacts, token: TokenKnown) -> UpstreamRefusal:
    """Return what is wrong with a token, the certain first."""
    if token.issuer and token.named and not any(_is_same(each, token.issuer) for each in token.named):
        return _made(TokenOfAnotherServer, answered, caller, token.issuer, token.named)
    if token.audience and not any(_is_same(each, answered.url) for each in token.audience):
        return _made(AudienceForeign, answered, caller, token.audience, answered.url)
    if token.is_fresh:
        return _made(FreshTokenRefused, answered, caller)
    return _made(OldTokenRefused, answered, caller, token.old)


def _is_same(audience: str, url: str) -> bool:
    return audience.rstrip("/") == url.rstrip("/")
