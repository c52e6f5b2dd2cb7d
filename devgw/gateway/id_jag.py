"""ID-JAG inbound: an identity assertion of a trusted provider is traded for an access token, without a browser.

Keys come over the network and Authlib's callbacks do not wait, so `IdJag.prepare` fetches what `IdJagGrant` checks.

Source: draft-ietf-oauth-identity-assertion-authz-grant; RFC 7523 §2.1, §3; `gateway.md` §3; `spec.md` §2b.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749 import BaseGrant, TokenEndpointMixin

from devgw.clock import Clock
from devgw.config.project import OAuthPolicy, TrustedIssuer
from devgw.entropy import fingerprint, short_id
from devgw.gateway.grants import AUTH_METHODS
from devgw.gateway.identity import moment_of
from devgw.gateway.jose import JwtUnreadable, read_jwt
from devgw.gateway.oauth_request import RegisteredClient, ServerRequest
from devgw.gateway.provider_jwt import ALGORITHMS, verified_claims
from devgw.gateway.records import Grant
from devgw.gateway.resources import Resources
from devgw.gateway.signing_keys import SigningKeySource
from devgw.gateway.store import SpentAssertions
from devgw.ids import GrantId, SubjectId
from devgw.oauth.metadata import JWT_BEARER, SCOPE
from devgw.oauth.text import is_text
from devgw.problems import Problem, Refused
from devgw.problems.id_jag import IdJagInvalid, IdJagIssuerUntrusted, IdJagReplayed
from devgw.problems.parameters import ParameterMissing
from devgw.problems.provider_keys import SigningKeyUnknown
from devgw.problems.provider_token import ProviderTokenInvalid
from devgw.problems.token import GrantTypeUnsupported

if TYPE_CHECKING:
    import jwt

TYPE = "oauth-id-jag+jwt"
LEEWAY = timedelta(seconds=60)
LONGEST_LIFE = timedelta(hours=1)
"""An assertion is made to be used at once; one that lives longer is refused, or spent ones would pile up."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was read of an assertion before anything of it is believed, and the key that may prove it."""

    issuer: TrustedIssuer
    header: Mapping[str, Any]
    key: "jwt.PyJWK"


def trusted_issuers(policy: OAuthPolicy) -> tuple[TrustedIssuer, ...]:
    """Return whose assertions are taken: the policy's list, else the provider of its browser login."""
    if policy.id_jag.trusted_issuers or policy.oidc is None:
        return policy.id_jag.trusted_issuers
    return (TrustedIssuer(policy.oidc.issuer, policy.oidc.jwks_url),)


def subject_of(claims: Mapping[str, Any], issuer: TrustedIssuer) -> SubjectId:
    """Return who an assertion speaks of, as its issuer's mapping says: prefixed, so that no two issuers meet."""
    subject = str(claims[issuer.subject_claim])
    if issuer.subject_mapping == "sub_id_only":
        return SubjectId(subject)
    tenant = next((str(claims[name]) for name in ("tenant", "tid", "org_id") if claims.get(name)), "")
    parts = (
        [issuer.issuer, tenant, subject] if issuer.subject_mapping == "iss_tenant_prefix" else [issuer.issuer, subject]
    )
    return SubjectId("|".join(part for part in parts if part))


class IdJag:
    """Reads assertions, and checks them. One per generation of the configuration."""

    def __init__(self, policy: OAuthPolicy, keys: SigningKeySource, spent: SpentAssertions, clock: Clock) -> None:
        self.is_enabled = policy.id_jag.enabled
        self.access_token_ttl = policy.tokens.access_token_ttl
        self._trusted = {issuer.issuer: issuer for issuer in trusted_issuers(policy)}
        self._keys = keys
        self._timeout = policy.login.remote_timeout
        self._spent = spent
        self._clock = clock

    async def prepare(self, request: ServerRequest) -> None:
        """Fetch the key for the assertion in a jwt-bearer request; any other request passes.

        Raises:
            Refused: with `IdJagInvalid`, `IdJagIssuerUntrusted`, or why its keys cannot be had.
        """
        if request.form.get("grant_type") != JWT_BEARER or not self.is_enabled:
            return
        assertion = request.form.get("assertion", "")
        if not assertion:
            raise Refused(ParameterMissing("assertion", endpoint="token"))
        try:
            unverified = read_jwt(assertion)
        except JwtUnreadable as error:
            raise Refused(IdJagInvalid("form", f"no JWT that is taken ({error})", error.wanted)) from error
        header = unverified.header
        named = str(unverified.claims.get("iss"))
        issuer = self._trusted.get(named)
        if issuer is None:
            raise Refused(IdJagIssuerUntrusted(named, tuple(self._trusted)))
        if str(header.get("typ", "")).lower() != TYPE:
            raise Refused(IdJagInvalid("typ", str(header.get("typ")), TYPE))
        if header.get("alg") not in ALGORITHMS:
            raise Refused(IdJagInvalid("alg", str(header.get("alg")), "a public-key algorithm"))
        keys = self._keys.at(issuer.jwks_url, self._timeout)
        try:
            key = await keys.find(header.get("kid"))
        except Refused as refused:
            raise Refused(_of_assertion(refused.problem)) from refused
        request.facts["id_jag"] = Prepared(issuer, header, key)

    def check(
        self, assertion: str, prepared: Prepared, client: RegisteredClient, issuers: frozenset[str]
    ) -> dict[str, Any]:
        """Return the claims of an assertion that this client may redeem here, and spend it.

        Raises:
            Refused: with `IdJagInvalid` or `IdJagReplayed`.
        """
        try:
            claims = verified_claims(assertion, prepared.key, "ID-JAG")
        except Refused as refused:
            raise Refused(_of_assertion(refused.problem)) from refused
        _check_audience(claims, issuers)
        if claims.get("client_id") != client.record.id:
            raise Refused(IdJagInvalid("client_id", str(claims.get("client_id")), client.record.id))
        allowed = prepared.issuer.expected_client_ids
        if allowed and client.record.id not in allowed:
            raise Refused(IdJagInvalid("client_id", client.record.id, f"one of {', '.join(allowed)}"))
        _require(claims, prepared.issuer.subject_claim, "the person's id")
        _check_scope(claims)
        self._check_times_and_spend(claims, prepared.issuer)
        return claims

    def _check_times_and_spend(self, claims: Mapping[str, Any], issuer: TrustedIssuer) -> None:
        """Check `exp`, `nbf` and `iat` against the injected clock, then that the assertion is new."""
        now = self._clock.now()
        expires = _moment(claims, "exp")
        if expires is None or expires <= now - LEEWAY:
            raise Refused(IdJagInvalid("exp", str(claims.get("exp")), "a moment in the future"))
        if expires - now > LONGEST_LIFE:
            raise Refused(IdJagInvalid("exp", f"{expires:%Y-%m-%d %H:%M}", f"at most {LONGEST_LIFE} from now"))
        for name in ("nbf", "iat"):
            moment = _moment(claims, name)
            if moment is not None and moment > now + LEEWAY:
                raise Refused(IdJagInvalid(name, f"{moment:%H:%M:%S} UTC", f"not after {now:%H:%M:%S} UTC"))
        jti = _require(claims, "jti", "a value that was never sent before")
        if spent_at := self._spent.spent_at(issuer.issuer, jti):
            raise Refused(IdJagReplayed(fingerprint(jti), spent_at))
        self._spent.spend(issuer.issuer, jti, now, expires + LEEWAY)


def _of_assertion(problem: Problem) -> Problem:
    """Return a problem of a token as one of the assertion that a client sent: no login is begun again for it."""
    if isinstance(problem, SigningKeyUnknown):
        published = f"a key that {problem.url} publishes ({', '.join(problem.known) or 'none'})"
        return IdJagInvalid("kid", problem.key_id or "none", published)
    if isinstance(problem, ProviderTokenInvalid):
        return IdJagInvalid(problem.claim, problem.got, problem.expected)
    return problem


def _require(claims: Mapping[str, Any], name: str, expected: str) -> str:
    """Return a claim that has to be a string with something in it."""
    value = claims.get(name)
    if not is_text(value):
        raise Refused(IdJagInvalid(name, "absent" if value is None else repr(value), expected))
    return value


def _check_audience(claims: Mapping[str, Any], issuers: frozenset[str]) -> None:
    """Refuse an assertion for another authorization server: its audience is our issuer, alone."""
    named = claims.get("aud")
    audience = named[0] if isinstance(named, list) and len(named) == 1 else named
    if not isinstance(audience, str) or audience not in issuers:
        raise Refused(IdJagInvalid("aud", str(named), " or ".join(sorted(issuers))))


def _check_scope(claims: Mapping[str, Any]) -> None:
    """Refuse an assertion that was granted other scopes only; one that names none leaves the choice to us."""
    scope = claims.get("scope")
    if isinstance(scope, str) and scope and SCOPE not in scope.split():
        raise Refused(IdJagInvalid("scope", scope, SCOPE))


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    """Return a numeric date among the claims."""
    return moment_of(claims.get(name))


class IdJagGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]  # Authlib ships no types
    """The jwt-bearer grant at the token endpoint. It brings no refresh token: the assertion's issuer keeps control."""

    GRANT_TYPE = JWT_BEARER
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    request: ServerRequest

    def validate_token_request(self) -> None:
        """Authenticate the client, check the assertion, and find the route it is for.

        Raises:
            Refused: with a problem of `problems.id_jag`, of client authentication, or about the resource.
        """
        id_jag: IdJag | None = self.server.id_jag
        prepared: Prepared | None = self.request.facts.get("id_jag")
        if id_jag is None or prepared is None:
            raise Refused(GrantTypeUnsupported(JWT_BEARER, ("authorization_code", "refresh_token")))
        client: RegisteredClient = self.authenticate_token_endpoint_client()
        self.request.client = client
        resources: Resources = self.server.resources
        claims = id_jag.check(self.request.form["assertion"], prepared, client, self.server.issuers)
        asked = claims.get("resource") or self.request.form.get("resource")
        route, resource = resources.at_authorization(asked if isinstance(asked, str) else None, None)
        if claims.get("resource"):
            resources.check_at_token(self.request.form.get("resource"), resource)
        now = self.server.clock.now()
        self.request.user = Grant(
            id=GrantId(short_id("g-", 12)),
            client_id=client.record.id,
            client_name=client.record.name,
            subject_id=subject_of(claims, prepared.issuer),
            session_id=None,
            email=claims.get("email") if is_text(claims.get("email")) else None,
            operation_id=route.operation_id,
            resource=resource,
            scope=SCOPE,
            issuer=prepared.issuer.issuer,
            created_at=now,
            expires_at=now + id_jag.access_token_ttl,
            roles=_words(claims.get("roles")),
            groups=_words(claims.get("groups")),
        )

    def create_token_response(self) -> Any:
        """Answer with an access token for the route."""
        answer = self.generate_token(user=self.request.user, scope=SCOPE, include_refresh_token=False)
        self.save_token(answer)
        return 200, answer, self.TOKEN_RESPONSE_HEADER


def _words(value: Any) -> tuple[str, ...]:
    """Return the strings of a claim that should be a list of them."""
    return tuple(each for each in value if is_text(each)) if isinstance(value, list) else ()
