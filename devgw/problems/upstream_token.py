"""What an upstream's token endpoint answered instead of a token, and what its authorization endpoint sent back."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from urllib.parse import urlsplit

from devgw.problems.base import ErrorCode, Fault
from devgw.problems.endpoint_status import change_of_way, fault_of_way
from devgw.problems.upstream import ConnectingProblem
from devgw.problems.upstream_error import CLIENT_REFUSED, OF_PKCE, is_passing, refused_for
from devgw.problems.upstream_registration import later

_OK, _NOT_FOUND, _NOT_ALLOWED = 200, 404, 405
_NOT_THERE = frozenset({404, 405, 410, 501})
_OTHER_PLACE, _REFUSALS, _UNAUTHORIZED, _BROKEN = 300, 400, 401, 500
_ENDPOINT = "token_endpoint in the provider's metadata"
_CORRECT_CLIENT = "Connect again to register anew; correct a manual client's id, secret and method in the policy."
REFRESH = "refresh_token"
TAKE_THE_RESOURCE = (
    "Let that authorization server take the `resource` that the upstream's metadata names: MCP asks every client to "
    "send it, and the gateway has no option that leaves it out."
)


@dataclass(frozen=True, slots=True)
class AuthorizationRefused(ConnectingProblem):
    """The upstream's authorization server sent the browser back with an error."""

    issuer: str
    upstream_error: str
    description: str
    scope: str
    scope_source: str

    status: ClassVar[int] = 403
    error: ClassVar = ErrorCode.ACCESS_DENIED
    source: ClassVar = "RFC 6749 §4.1.2.1"

    @property
    def diagnosis_id(self) -> str:
        """Return the id of what it refused."""
        if self.upstream_error in CLIENT_REFUSED:
            return "UPST-15"
        known = {"access_denied": "CONS-04", "invalid_target": "AUD-07", "invalid_scope": "UPST-06"}
        return known.get(self.upstream_error) or ("UPST-13" if is_passing(0, self.upstream_error) else "UPST-16")

    def explain(self) -> str:
        """Repeat what it said."""
        return f"{self.issuer} answered {self.upstream_error}: {self.description.rstrip('.') or 'no description'}."

    def advise(self) -> str:
        """Say what to change, for the errors that have one cause."""
        if self.upstream_error == "invalid_scope" and not self.scope:
            return "No scope was asked for: set `scopes` in the policy to what that server offers."
        if self.upstream_error == "invalid_scope":
            return f"The scopes `{self.scope}` came from {self.scope_source}; set `scopes` in the policy explicitly."
        if self.upstream_error == "invalid_target":
            return TAKE_THE_RESOURCE
        if self.upstream_error == "access_denied":
            return "Connect again, if that was a mistake; the person may lack the right to agree."
        if is_passing(0, self.upstream_error):
            return later(0, "")
        return _CORRECT_CLIENT if self.upstream_error in CLIENT_REFUSED else refused_for(self.upstream_error)


@dataclass(frozen=True, slots=True)
class AuthorizationAnswerEmpty(ConnectingProblem):
    """The upstream's authorization server sent the browser back with neither a code nor an error."""

    issuer: str
    got: str
    """The parameters that came, by name."""

    diagnosis: ClassVar = "UPST-22"
    source: ClassVar = "RFC 6749 §4.1.2"
    hint: ClassVar = "Let that server answer by query parameters, with code and state; then connect again."

    def explain(self) -> str:
        """Say what came."""
        return f"{self.issuer} sent the browser back with {self.got} alone: neither a code nor an error."


@dataclass(frozen=True, slots=True)
class TokenRequestRefused(ConnectingProblem):
    """The token endpoint said no, in OAuth's own words."""

    url: str
    status_code: int
    upstream_error: str
    description: str
    grant_type: str = ""
    """What was asked with: a code, a refresh token, an assertion."""
    method: str = ""
    """How the gateway authenticated."""
    wait: str = ""
    """See `foreign.retry_after`."""

    source: ClassVar = "RFC 6749 §5.2"

    @property
    def diagnosis_id(self) -> str:
        """Return the id of what it refused; a refresh token and a code are two things."""
        if self.status_code >= _BROKEN:
            return "UPST-13"
        if self.upstream_error in CLIENT_REFUSED:
            return "UPST-15"
        if self.upstream_error == "invalid_grant":
            return "UPST-08" if self.grant_type == REFRESH else "UPST-17"
        known = {"invalid_target": "AUD-07", "invalid_scope": "UPST-06"}.get(self.upstream_error)
        return known or self._by_status()

    def _by_status(self) -> str:
        if is_passing(self.status_code, self.upstream_error):
            return "UPST-13"
        return {_OK: "TOK-04", _NOT_FOUND: "TOK-05", _NOT_ALLOWED: "TOK-05"}.get(self.status_code, "UPST-16")

    @property
    def fault(self) -> Fault:  # type: ignore[override]  # a proxy on the way is this machine's
        """Return whose it is."""
        return fault_of_way(self.status_code, Fault.UPSTREAM)

    def explain(self) -> str:
        """Repeat what it said, and how it was asked where that matters."""
        said = f": {self.description.rstrip('.')}" if self.description else ""
        how = f" The gateway authenticated by {self.method}." if self.method and self._is_about_client else ""
        return f"{self.url} answered {self.status_code} {self.upstream_error}{said}.{how}"

    @property
    def _is_about_client(self) -> bool:
        return self.upstream_error in CLIENT_REFUSED

    def advise(self) -> str:
        """Say what the error means for a connection."""
        if way := change_of_way(self.status_code, urlsplit(self.url).hostname or "", _ENDPOINT):
            return way
        if self._is_about_client:
            return _CORRECT_CLIENT
        if is_passing(self.status_code, self.upstream_error):
            return later(self.status_code, self.wait)
        if self.upstream_error == "invalid_grant" and OF_PKCE.search(self.description):
            return "Let that server check code_verifier by S256 (RFC 7636 §4.6): the gateway sent that of this login."
        return {
            "invalid_grant": "Connect again: the upstream takes this code or refresh token no longer.",
            "invalid_target": TAKE_THE_RESOURCE,
            "invalid_scope": "Set `scopes` in the policy to what the upstream offers.",
        }.get(self.upstream_error, refused_for(self.upstream_error))

    @property
    def is_final(self) -> bool:
        """Tell whether asking again with the same tokens and client can never work."""
        is_said = self.upstream_error in {"invalid_grant", "invalid_client", "unauthorized_client"}
        return is_said and self.status_code < _BROKEN


@dataclass(frozen=True, slots=True)
class ClientTakenNoLonger(TokenRequestRefused):
    """The token endpoint rejects the client with which this connection was made, and so has taken before."""

    policy: str = ""
    expired_at: datetime | None = None
    """When the secret ended that the registration gave (RFC 7591 §3.2.1); None where it is not known."""
    is_manual: bool = False

    source: ClassVar = "RFC 6749 §5.2; RFC 7591 §3.2.1"

    @property
    def diagnosis_id(self) -> str:
        """Return its own id, whatever `error` says it."""
        return "UPST-24"

    def explain(self) -> str:
        """Say what is over."""
        said = TokenRequestRefused.explain(self).rstrip(".")
        if self.expired_at is not None:
            ended = f"{self.expired_at:%Y-%m-%d %H:%M:%S} UTC"
            return f"{said}. The client secret that its registration gave expired at {ended}."
        return f"{said}. With the same client this connection was made: it was deleted there, or its secret replaced."

    def advise(self) -> str:
        """Say where the client comes from."""
        if self.is_manual:
            return (
                f"Write the id and secret that hold there now into clientRegistration of {self.policy}; connect again."
            )
        return "Connect again: that registers the gateway anew."


class TokenAnswerShape(StrEnum):
    """What came where a token answer should be."""

    NO_OBJECT = "no JSON object and no form"
    REFUSED = "JSON that is not taken"
    NO_TOKEN = "no `access_token`"
    NESTED = "an `access_token` inside another member"
    UNSENDABLE = "an access token that no header can carry"
    OTHER_TYPE = "a token that is no bearer token"
    OTHER_KIND = "a token of another kind than was asked for"
    REDIRECT = "a redirect"


@dataclass(frozen=True, slots=True)
class TokenAnswerUnreadable(ConnectingProblem):
    """The token endpoint answered neither a token nor an error in OAuth's form."""

    url: str
    status_code: int
    shape: TokenAnswerShape
    got: str
    """Its media type; or the member, the type or the slip in its JSON that is in the way."""
    answer: str
    """What it said, with anything like a secret cut out."""
    wait: str = ""
    """See `foreign.retry_after`."""
    wanted: str = ""
    """What it should have answered with, where it is JSON that is not taken."""
    passes: str = ""
    """The id of the limit that it passes, if that is why."""
    written_in: str = _ENDPOINT
    """Where the URL stands."""
    client_in: str = ""
    """Where the client's credentials are written; empty where they come from a registration or a manual client."""

    source: ClassVar = "RFC 6749 §5.1, §5.2"

    @property
    def diagnosis_id(self) -> str:
        """Return the id of what came."""
        return self.kind

    @property
    def kind(self) -> str:
        """Return the id: out of order, no token endpoint, a refusal without a word, or another shape."""
        if is_passing(self.status_code, ""):
            return "UPST-13"
        is_page = self.status_code < _REFUSALS and self.got == "text/html"
        if is_page or self.status_code in _NOT_THERE or _OTHER_PLACE <= self.status_code < _REFUSALS:
            return "TOK-05"
        if self.status_code == _UNAUTHORIZED:
            return "UPST-15"
        if self.status_code >= _REFUSALS:
            return "UPST-16"
        return self.passes or "TOK-08"

    @property
    def fault(self) -> Fault:  # type: ignore[override]  # a proxy on the way is this machine's
        """Return whose it is."""
        return fault_of_way(self.status_code, Fault.UPSTREAM)

    def explain(self) -> str:
        """Say what came instead."""
        if self.shape is TokenAnswerShape.REDIRECT:
            return f"{self.url} answered {self.status_code} and leads to {self.got}: no token is asked for there."
        return (
            f"{self.url} answered {self.status_code} with {self.shape} ({self.got}): {self.answer or 'an empty body'}"
        )

    def advise(self) -> str:
        """Say what has to change, and where."""
        if way := change_of_way(self.status_code, urlsplit(self.url).hostname or "", self.written_in):
            return way
        if is_passing(self.status_code, ""):
            return later(self.status_code, self.wait)
        if self.kind == "TOK-05":
            return self._elsewhere
        if self.kind == "UPST-15":
            return f"Correct id, secret and method in {self.client_in}." if self.client_in else _CORRECT_CLIENT
        if self.kind == "UPST-16":
            return "Look into that server's own log: it refused, and gave no reason in OAuth's form."
        return f"Let that token endpoint answer {self._wanted}."

    @property
    def _elsewhere(self) -> str:
        if self.shape is TokenAnswerShape.REDIRECT:
            return (
                f"Correct {self.written_in}, if the endpoint is at {self.got}; if that is a login, let requests to the "
                "endpoint past it."
            )
        return f"Correct {self.written_in}: what answers there is no token endpoint."

    @property
    def _wanted(self) -> str:
        if self.shape is TokenAnswerShape.OTHER_KIND:
            return f"with an identity assertion, or correct {self.written_in}"
        if self.wanted:
            return f"with {self.wanted}"
        return "`access_token` and `token_type` Bearer at the top of a JSON object"
