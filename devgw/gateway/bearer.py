"""The resource server: may this token call this route? Source: RFC 6750, RFC 9728 §5.1, RFC 8707."""

from dataclasses import replace
from urllib.parse import parse_qsl

from devgw.clock import Clock
from devgw.config.project import Project, Route
from devgw.entropy import (
    ACCESS_PREFIX,
    CODE_PREFIX,
    REFRESH_PREFIX,
    SECRET_LENGTH,
    SECRET_PREFIX,
    digest,
    is_of_one_case,
)
from devgw.events import Bus
from devgw.events.taxonomy import McpAuthDownstreamTokenValidated
from devgw.foreign.scheme import scheme_in
from devgw.foreign.text import has_placeholder, is_no_value
from devgw.gateway.families import SUPERSEDED
from devgw.gateway.live_tokens import LiveToken, LiveTokens
from devgw.gateway.mangled_token import find_token
from devgw.gateway.store import Store
from devgw.gateway.upstream import Admitted
from devgw.oauth.description import describe
from devgw.oauth.metadata import SCOPE
from devgw.oauth.urls import Urls
from devgw.problems import Problem, Refused
from devgw.problems.bearer import (
    HeaderShape,
    InsufficientScope,
    InvalidAudience,
    SubjectMissing,
    TokenChanged,
    TokenExpired,
    TokenInQuery,
    TokenMalformed,
    TokenMissing,
    TokenRevoked,
)
from devgw.problems.client_id import ID_PREFIX
from devgw.problems.token_shape import TokenShape, TokenUnknown


class BearerAdmission:
    """Looks a bearer token up by its digest and says who stands behind it, or why it opens nothing."""

    def __init__(
        self,
        project: Project,
        live: LiveTokens,
        store: Store,
        bus: Bus,
        clock: Clock,
        *,
        names_are_one: bool = True,
    ) -> None:
        self._live = live
        self._store = store
        self._bus = bus
        self._clock = clock
        self._base_path = project.base_path
        self._names_are_one = names_are_one
        """Whether a token is good under every name of this gateway."""

    def admit(self, route: Route, authorization: str | None, query: bytes, origin: str) -> Admitted:
        """Return who may call `route`; see `gateway.admission.Admission`."""
        live = self._checked(route, authorization, query, origin)
        if not live.uses:
            self._publish_first_use(live)
        live.uses += 1
        live.last_used_at = self._clock.now()
        live.is_dirty = True
        return live.admitted if live.admitted.resource.startswith(origin) else _with_alias_note(live.admitted, origin)

    def find_refusal(self, route: Route, authorization: str | None, query: bytes, origin: str) -> Problem | None:
        """See `gateway.admission.Admission`."""
        try:
            self._checked(route, authorization, query, origin)
        except Refused as refused:
            return refused.problem
        return None

    def _checked(self, route: Route, authorization: str | None, query: bytes, origin: str) -> LiveToken:
        """Return the token of a request that may call `route`."""
        if (
            query
            and b"access_token" in query
            and any(name == "access_token" for name, _ in parse_qsl(query.decode("latin-1")))
        ):
            raise Refused(TokenInQuery())
        try:
            live = self._find(_bearer_token(authorization))
        except Refused as refused:
            raise self._changed(authorization) or refused from None
        now = self._clock.now()
        if live.token.expires_at <= now:
            raise Refused(TokenExpired(live.token.expires_at, now))
        if live.operation_id != route.operation_id:
            raise Refused(InvalidAudience(live.admitted.resource, f"{origin}{route.path}"))
        if not self._names_are_one and live.admitted.resource != f"{origin}{route.path}":
            raise Refused(InvalidAudience(live.admitted.resource, f"{origin}{route.path}"))
        if SCOPE not in live.admitted.scope.split():
            raise Refused(InsufficientScope(live.admitted.scope, SCOPE))
        return live

    def challenge(self, route: Route, problem: Problem, origin: str) -> str:
        """Return the value of WWW-Authenticate for `problem`.

        A request without credentials gets no `error` (RFC 6750 §3.1): some clients would read it as a failed login.
        Where no login helps, none is offered: the client would come back with a token and be refused again, for ever.
        """
        parts = []
        if not isinstance(problem, TokenMissing):
            parts = [f'error="{problem.error}"', f'error_description="{describe(problem)}"']
        if isinstance(problem, SubjectMissing):
            return "Bearer " + ", ".join(parts)
        parts += [f'scope="{SCOPE}"', f'resource_metadata="{Urls(origin, self._base_path).resource_metadata(route)}"']
        return "Bearer " + ", ".join(parts)

    def _find(self, token: str) -> LiveToken:
        """Return the live token; one that another process issued over the same state is taken in."""
        token_digest = digest(token)
        live = self._live.find(token_digest)
        if live:
            return live
        _check_form(token)
        record = self._store.find_access_token(token_digest)
        grant = self._store.find_grant(record.grant_id) if record else None
        if record is None or grant is None:
            raise Refused(TokenUnknown(_looks(token)))
        now = self._clock.now()
        if record.revoked_at or grant.revoked_at:
            because = (grant.revoked_because or "revoked") if grant.revoked_at else SUPERSEDED
            raise Refused(TokenRevoked(grant.revoked_at or record.revoked_at or now, because))
        if record.expires_at <= now:
            raise Refused(TokenExpired(record.expires_at, now))
        return self._live.add(record, grant)

    def _changed(self, authorization: str | None) -> Refused | None:
        """Return that a token of this gateway is in this header, where it is, and only its form is refused."""
        token, how = find_token(authorization or "") or ("", None)
        is_ours = how and (self._live.find(digest(token)) or self._store.find_access_token(digest(token)))
        return Refused(TokenChanged(how)) if how and is_ours else None

    def _publish_first_use(self, live: LiveToken) -> None:
        admitted = live.admitted
        self._bus.publish(
            McpAuthDownstreamTokenValidated(
                token_id=admitted.token_id,
                grant_id=admitted.grant_id,
                client_id=admitted.client_id,
                client_name=admitted.client_name,
                subject_id=admitted.subject_id,
                operation_id=live.operation_id,
            )
        )


def _with_alias_note(admitted: Admitted, origin: str) -> Admitted:
    note = f"The token was obtained for {admitted.resource}; {origin} is another name of the same gateway."
    return replace(admitted, notes=(*admitted.notes, note))


def _bearer_token(authorization: str | None) -> str:
    """Return the token in an Authorization header (RFC 6750 §2.1: the scheme in any case, one token)."""
    if authorization is None:
        raise Refused(TokenMissing())
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower().startswith("bearer\t"):
        raise Refused(TokenMalformed(HeaderShape.TAB))
    if scheme.lower() != "bearer":
        shape = HeaderShape.OTHER_SCHEME if scheme_in(authorization) else HeaderShape.NO_SCHEME
        raise Refused(TokenMalformed(shape))
    if not token:
        raise Refused(TokenMalformed(HeaderShape.EMPTY))
    return token


def _check_form(token: str) -> None:
    """Refuse what no gateway ever issued, by what it seems to be instead; asked where nobody knows the token.

    Raises:
        Refused: with `TokenMalformed`.
    """
    if is_no_value(token):
        raise Refused(TokenMalformed(HeaderShape.NO_VALUE))
    if any(mark in token.lower() for mark in _MASKS):
        raise Refused(TokenMalformed(HeaderShape.MASKED))
    if has_placeholder(token) or "<" in token or ">" in token:
        raise Refused(TokenMalformed(HeaderShape.PLACEHOLDER))
    if " " in token or "," in token:
        raise Refused(TokenMalformed(HeaderShape.SEVERAL))


_MASKS = ("***", "redacted", "masked", "xxxx", "…", "\xe2\x80\xa6", "...", "•", "\xe2\x80\xa2")
"""What stands in the place of a secret in views; the last of each pair are its bytes of UTF-8, read as Latin-1."""
_SERVICES = ("ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "npm_", "hf_", "ya29.", "lin_api_")
"""How the tokens of services begin that people fix in a client's configuration."""

_LENGTH = len(ACCESS_PREFIX) + SECRET_LENGTH
"""Characters of an access token: 256 bits in base64url."""
_BEGINNINGS: tuple[tuple[str | tuple[str, ...], TokenShape], ...] = (
    (ACCESS_PREFIX, TokenShape.OURS),
    (REFRESH_PREFIX, TokenShape.REFRESH_TOKEN),
    (CODE_PREFIX, TokenShape.CODE),
    (ID_PREFIX, TokenShape.CLIENT_ID),
    (SECRET_PREFIX, TokenShape.CLIENT_SECRET),
    ("sk_", TokenShape.PROVIDER_KEY),
    (_SERVICES, TokenShape.SERVICE_TOKEN),
)


def _looks(token: str) -> TokenShape:
    """Say what an unknown token seems to be, by its shape alone."""
    token = token.strip("\"'")
    if token.startswith(ACCESS_PREFIX) and len(token) != _LENGTH:
        return TokenShape.CUT
    if is_of_one_case(token, ACCESS_PREFIX):
        return TokenShape.ONE_CASE
    for beginning, shape in _BEGINNINGS:
        if token.startswith(beginning):
            return shape
    return TokenShape.JWT if token.count(".") == 2 else TokenShape.UNKNOWN
