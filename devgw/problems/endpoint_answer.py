"""Which refusal an answer of somebody's OAuth endpoint is: decided once, for passive watching and for the doctor."""

from dataclasses import dataclass

from devgw.problems.base import ErrorCode, Problem
from devgw.problems.endpoint import (
    EndpointAnswersPage,
    EndpointDead,
    EndpointFailing,
    EndpointKind,
    EndpointRefusal,
    LoginDenied,
    NothingSentBack,
    RedirectNotTaken,
    RequestNotTaken,
    ResourceNotTaken,
    ScopeNotTaken,
)
from devgw.problems.endpoint_client import ClientNotTaken, RegistrationClosed, RegistrationNotTaken
from devgw.problems.endpoint_grant import CodeFault, CodeNotTaken, ErrorUnderSuccess, RefreshNotTaken, TokensUnfit
from devgw.problems.upstream_answered import Answered, CallFacts
from devgw.problems.upstream_by_status import DPOP_ERRORS, dpop_refused

_ABSENT = frozenset({404, 405, 410, 501})
_PASSING = frozenset({ErrorCode.SERVER_ERROR, ErrorCode.TEMPORARILY_UNAVAILABLE})
_TOO_OFTEN, _FAILS, _REDIRECTS, _REFUSES = 429, 500, 300, 400
_CLOSED = frozenset({401, 403})
_OF_OAUTH = frozenset(ErrorCode)
"""Words by which an endpoint answers; a server that has none there says its own (`not_found`)."""
_OF_THE_CLIENT = frozenset({ErrorCode.INVALID_CLIENT, ErrorCode.UNAUTHORIZED_CLIENT})


@dataclass(frozen=True, slots=True)
class EndpointAnswer:
    """What came, and what is known of the request that it answers."""

    endpoint: EndpointKind
    owner: str
    url: str
    status: int
    """0 where the browser was sent back with an error."""
    error_code: str = ""
    said: str = ""
    media_type: str = ""
    is_json: bool = False
    """Whether the body is a JSON object."""
    miscoded: str = ""
    """In what its body stands, where that is not what it says."""
    wait: str = ""
    """See `foreign.retry_after`."""
    is_named: bool = True
    redirect_uri: str = ""
    registered: tuple[str, ...] = ()
    """The redirect URIs that the client registered, where that was seen."""
    fits: bool = True
    """Whether the redirect URI is one of those."""
    resource: str = ""
    scope: str = ""
    is_refresh: bool = False
    is_spent: bool = False
    """Whether its refresh token was exchanged for a newer one before."""
    code: CodeFault = CodeFault.UNSEEN
    location: str = ""
    """Where a redirect leads."""
    sent_back: tuple[str, ...] = ()
    """The parameters with which the browser came back, by name."""
    stood_before: Problem | None = None
    """Who answered in the endpoint's place."""
    is_new_client: bool = False
    """Whether the client was seen to register there a moment before."""
    is_swapped: bool = False
    """Whether the client knows the endpoint by a URL of devgw's."""

    @property
    def facts(self) -> tuple[str, EndpointKind, str, int, str, str]:
        """Return what each refusal begins with."""
        return self.url, self.endpoint, self.owner, self.status, self.error_code, self.said

    @property
    def is_good(self) -> bool:
        """Tell whether its status says yes."""
        return 0 < self.status < _REDIRECTS


def refusal_at(answer: EndpointAnswer) -> Problem:
    """Return which refusal an answer is that gives a client nothing to go on with."""
    if answer.stood_before is not None:
        return answer.stood_before
    if answer.status in _ABSENT and answer.error_code not in _OF_OAUTH:
        return EndpointDead(*answer.facts, is_named=answer.is_named)
    if answer.status >= _FAILS or answer.status == _TOO_OFTEN or answer.error_code in _PASSING:
        return EndpointFailing(*answer.facts, wait=answer.wait)
    if answer.endpoint is EndpointKind.REGISTRATION:
        return _of_registration(answer)
    if answer.is_good and answer.endpoint is EndpointKind.TOKEN:
        return _under_success(answer)
    return _by_code(answer)


def _proof_refused(answer: EndpointAnswer) -> Problem:
    caller = CallFacts(f"the {answer.endpoint} of {answer.owner}", is_swapped=answer.is_swapped)
    return dpop_refused(Answered(answer.url, answer.status, answer.said), caller, answer.error_code)


def _of_registration(answer: EndpointAnswer) -> EndpointRefusal:
    if answer.status in _CLOSED or answer.error_code == ErrorCode.ACCESS_DENIED:
        return RegistrationClosed(*answer.facts)
    if not answer.is_json or _REDIRECTS <= answer.status < _REFUSES:
        return _page(answer)
    return RegistrationNotTaken(*answer.facts, missing="client_id" if answer.is_good else "")


def _page(answer: EndpointAnswer) -> EndpointRefusal:
    is_redirect = _REDIRECTS <= answer.status < _REFUSES
    return EndpointAnswersPage(
        *answer.facts,
        media_type=answer.media_type,
        location=answer.location if is_redirect else "",
        miscoded=answer.miscoded,
    )


def _under_success(answer: EndpointAnswer) -> EndpointRefusal:
    if answer.error_code:
        return ErrorUnderSuccess(*answer.facts)
    return TokensUnfit(*answer.facts) if answer.is_json else _page(answer)


def _by_code(answer: EndpointAnswer) -> Problem:
    code, facts = answer.error_code, answer.facts
    if code in DPOP_ERRORS:
        return _proof_refused(answer)
    if code in _OF_THE_CLIENT:
        return ClientNotTaken(*facts, is_refresh=answer.is_refresh, is_new=answer.is_new_client)
    if code == ErrorCode.INVALID_REDIRECT_URI or not answer.fits:
        return RedirectNotTaken(*facts, redirect_uri=answer.redirect_uri, known=answer.registered)
    if code == ErrorCode.INVALID_TARGET:
        return ResourceNotTaken(*facts, resource=answer.resource)
    if code == ErrorCode.INVALID_SCOPE:
        return ScopeNotTaken(*facts, scope=answer.scope)
    return _of_the_grant(answer)


def _of_the_grant(answer: EndpointAnswer) -> EndpointRefusal:
    code, facts = answer.error_code, answer.facts
    if code == ErrorCode.INVALID_GRANT:
        return (
            RefreshNotTaken(*facts, is_spent=answer.is_spent)
            if answer.is_refresh
            else CodeNotTaken(*facts, known=answer.code)
        )
    if code == ErrorCode.ACCESS_DENIED:
        return LoginDenied(*facts)
    if not answer.status and not code:
        return NothingSentBack(*facts, got=answer.sent_back)
    reads_json = answer.endpoint is not EndpointKind.AUTHORIZATION
    if reads_json and not answer.is_json and not code and answer.status:
        return _page(answer)
    return RequestNotTaken(*facts)
