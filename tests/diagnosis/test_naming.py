"""Every refusal has a name in the catalogue, or is an ordinary answer on purpose."""

import importlib
import pkgutil
from datetime import UTC, datetime, timedelta

import pytest

import devgw.problems
from devgw.diagnosis.catalogue import failures
from devgw.diagnosis.difference import explain_difference
from devgw.problems import (
    Problem,
    client_document,
    clients,
    consent,
    incoming,
    limit,
    parameters,
    provider,
    provider_keys,
    proxy,
    upstream,
    upstream_answer,
    upstream_document,
)
from devgw.problems import upstream_connection as connection
from devgw.problems import upstream_credential as sent
from devgw.problems import upstream_token as token_side
from devgw.problems.authorization import (
    ChallengeMalformed,
    ChallengeMethodUnsupported,
    RedirectUriMismatch,
    ResourceUnknown,
)
from devgw.problems.bearer import (
    HeaderShape,
    InsufficientScope,
    TokenMalformed,
    TokenMissing,
)
from devgw.problems.capability import CapabilityHidden
from devgw.problems.client_id import ClientUnknown
from devgw.problems.clients import ClientAuthenticationMissing, RedirectUriRefused
from devgw.problems.forward_proxy import AuthorityDistrusted, HandshakeLeft, ProxyCredentialMissing
from devgw.problems.front import GatewayStops
from devgw.problems.id_jag import IdJagReplayed
from devgw.problems.login import DevLoginElsewhere, LoginCookieMissing, StateMissing
from devgw.problems.machine import CaFileUnusable, ProxyUnusable
from devgw.problems.provider_refusal import ProviderRefused
from devgw.problems.provider_steps import ProviderAnswerEmpty
from devgw.problems.provider_token import Flaw, ProviderTokenInvalid
from devgw.problems.redirect import UpstreamLocationMalformed
from devgw.problems.refresh_token import GrantRevoked, RefreshTokenReplayed, RefreshTokenVoid, ScopeExceedsGrant
from devgw.problems.standard import StandardRefusal
from devgw.problems.state import DiskFull, StateDamaged, StateLocked, StateNotWritable, StateRemoved
from devgw.problems.token import CodeUnknown, GrantTypeUnsupported, VerifierWrong
from devgw.problems.token_shape import TokenShape, TokenUnknown
from devgw.problems.upstream_registration import (
    ClientDocumentUnfit,
    RegistrationImpossible,
    RegistrationIncomplete,
    RegistrationRefused,
)

Shape = token_side.TokenAnswerShape
PATH = devgw.problems.__path__
WORKOS = "https://api.workos.com/user_management/"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def mismatch(got: str, nearest: str) -> RedirectUriMismatch:
    kinds = explain_difference(got, nearest, "redirect_uri").kinds
    return RedirectUriMismatch("c", got, (nearest,), nearest, "", kinds)


def unreadable(status: int, shape: Shape) -> token_side.TokenAnswerUnreadable:
    return token_side.TokenAnswerUnreadable("u", status, shape, "application/json", "x")


def unknown(got: str, nearest: str) -> ResourceUnknown:
    return ResourceUnknown(got, nearest, "", explain_difference(got, nearest, "resource").kinds)


def all_problems() -> set[type[Problem]]:
    modules = [importlib.import_module(f"devgw.problems.{each.name}") for each in pkgutil.iter_modules(PATH)]
    kinds = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type)}
    kinds = {kind for kind in kinds if issubclass(kind, Problem)} - {StandardRefusal}
    return {kind for kind in kinds if not any(kind in other.__mro__[1:] for other in kinds)}


STARTING = {
    "StateDirectoryUnusable",
    "NoPassingFolder",
    "AnotherGatewayRuns",
    "NoGatewayRuns",
    "GatewayNotReached",
    "GatewaySilent",
    "GatewayOfAnotherUser",
}
"""Said by the command line before there is a gateway, in words of their own."""


def says_its_name(kind: type[Problem]) -> bool:
    own = [each for each in kind.__mro__ if each not in Problem.__mro__]
    return any({"diagnosis", "diagnosis_id"} & vars(each).keys() for each in own)


def test_every_problem_of_the_house_is_named_or_left_out_on_purpose() -> None:
    assert {kind.__name__ for kind in all_problems() if not says_its_name(kind)} - STARTING == set()


def test_every_plain_name_is_in_the_catalogue() -> None:
    names = {kind.diagnosis for kind in all_problems()}
    assert {name for name in names if isinstance(name, str)} - failures().keys() == set()


@pytest.mark.parametrize(
    ("problem", "name"),
    [
        (DiskFull("devgw.db", "full"), "STATE-01"),
        (StateLocked("devgw.db", "busy"), "STATE-02"),
        (StateNotWritable("devgw.db", "read-only"), "STATE-03"),
        (StateDamaged("devgw.db", "malformed"), "STATE-04"),
        (StateRemoved("devgw.db", "gone"), "STATE-05"),
        (mismatch("http://localhost:2/cb", "http://localhost:1/cb"), "RURI-01"),
        (mismatch("http://127.0.0.1:1/cb", "http://localhost:1/cb"), "RURI-02"),
        (mismatch("http://127.0.0.1:2/cb", "http://localhost:1/cb"), "RURI-02"),
        (mismatch("http://localhost:1/cb/", "http://localhost:1/cb"), "RURI-03"),
        (mismatch("http://localhost:1/x", "http://localhost:1/callback"), "RURI-07"),
        (mismatch("https://other.example/cb", "http://localhost:1/cb"), "RURI-12"),
        (unknown("http://h/mcp/x/", "http://h/mcp/x"), "AUD-02"),
        (unknown("http://h/", "http://h/mcp/x"), "AUD-05"),
        (unknown("http://h/mcp/y", "http://h/mcp/files"), "AUD-01"),
        (ChallengeMethodUnsupported(None), "PKCE-03"),
        (ChallengeMethodUnsupported("plain"), "PKCE-03"),
        (ChallengeMalformed(20, None), "PKCE-04"),
        (ChallengeMalformed(44, "="), "PKCE-04"),
        (TokenMissing(), None),
        (TokenUnknown(TokenShape.JWT), "BEAR-04"),
        (TokenUnknown(TokenShape.OURS), "BEAR-06"),
        (TokenMalformed(HeaderShape.NO_VALUE), "BEAR-02"),
        (TokenMalformed(HeaderShape.PLACEHOLDER), "CONF-01"),
        (ClientUnknown("dcr:1", True), "REG-02"),
        (ClientUnknown("${CLIENT_ID}", False), "CONF-01"),
        (RedirectUriRefused("http://10.0.0.1/cb", "r", "i"), "REG-05"),
        (RedirectUriRefused("odd://x/cb", "r", "i"), "REG-05"),
        (LoginCookieMissing("127.0.0.1:1", "localhost:1"), "SESS-02"),
        (connection.ConnectLinkOfAnother("bob@x", "ada@x", "http://localhost:1/oauth/logout"), "SESS-10"),
        (LoginCookieMissing("localhost:1", "localhost:1"), "SESS-03"),
        (CodeUnknown(True), "RURI-11"),
        (CodeUnknown(False), "TOK-03"),
        (VerifierWrong(True, False), "PKCE-02"),
        (VerifierWrong(False, True), "PKCE-03"),
        (RefreshTokenReplayed(NOON, NOON + timedelta(seconds=12)), "REFR-03"),
        (RefreshTokenVoid(NOON, NOON), "REFR-01"),
        (ProviderTokenInvalid("access token", "iss", "https://sts.windows.net/x/", "https://y"), "IDT-06"),
        (ProviderTokenInvalid("access token", "iss", "https://api.workos.com", "https://y"), "IDT-03"),
        (ProviderTokenInvalid("access token", "alg", "HS256", "RS256"), "IDT-09"),
        (ProviderTokenInvalid("id token", "iss", "https://a.example", "https://y"), "IDT-02"),
        (ProviderTokenInvalid("id token", "iss", "nothing", "https://y", Flaw.ABSENT), "IDT-15"),
        (ProviderTokenInvalid("access token", "iss", f"{WORKOS}client_1", f"{WORKOS}client_2"), "WORK-07"),
        (ProviderTokenInvalid("access token", "aud", "https://route", "client_x"), "AUD-09"),
        (ProviderTokenInvalid("access token", "aud", "client_y", "client_x"), "IDT-16"),
        (ProviderTokenInvalid("id token", "azp", "somebody", "x"), "IDT-16"),
        (ProviderTokenInvalid("id token", "exp", "'soon'", "seconds", Flaw.MALFORMED), "IDT-15"),
        (ProviderTokenInvalid("id token", "nonce", "nothing", "the one sent", Flaw.ABSENT), "IDT-17"),
        (ProviderTokenInvalid("id token", "form", "deep", "a JWT", Flaw.TOO_DEEP), "LIMIT-05"),
        (provider.IdTokenMissing("u", "access_token", looks_like_workos=False), "IDT-20"),
        (provider.IdTokenMissing("u", "access_token, user", looks_like_workos=True), "IDT-04"),
        (provider.ProviderAnswerUnreadable("u", 200, "nothing", "an access_token"), "TOK-08"),
        (provider.ProviderTokenUrlWrong("u", 404, "text/html"), "TOK-05"),
        (provider_keys.KeysUnavailable("u", "it answered 404", 404), "IDT-05"),
        (provider_keys.KeysUnavailable("u", "it answered 503", 503), "IDT-08"),
        (ProviderRefused("server_error", "no"), "IDT-25"),
        (ProviderRefused("access_denied", ""), "IDT-21"),
        (ProviderRefused("access_denied", "User is not assigned to the client application."), "IDT-21"),
        (ProviderRefused("access_denied", "The resource owner denied the request"), "IDT-21"),
        (ProviderRefused("access_denied", "Denied by the user policy"), "IDT-21"),
        (ProviderRefused("signin_consent_denied", "anything"), "CONS-04"),
        (ProviderRefused("invalid_scope", "no"), "IDT-28"),
        (ProviderAnswerEmpty("state"), "IDT-32"),
        (ProviderRefused("login_required", "no session"), "IDT-12"),
        (StateMissing(has_code=True, is_workos=True), "WORK-03"),
        (StateMissing(has_code=True, is_workos=False), "IDT-24"),
        (StateMissing(False, True, "server_error", "down"), "IDT-24"),
        (GrantRevoked(NOON, "revoked_by_user"), "REFR-08"),
        (ScopeExceedsGrant("mcp:tools files:write", "mcp:tools"), "SCOPE-05"),
        (GrantRevoked(NOON, "refresh_token_replayed"), "REFR-03"),
        (clients.ClientMetadataInvalid("application_type", "web", "native"), "REG-07"),
        (clients.ClientMetadataInvalid("redirect_uris", "[]", "one"), "REQ-01"),
        (client_document.ClientDocumentForbidden("https://x", "10.0.0.1"), "REG-08"),
        (DevLoginElsewhere("https://tunnel.example"), "HOST-09"),
        (client_document.ClientDocumentInvalid("https://x", "r", "g", "e"), "REG-09"),
        (client_document.ClientDocumentsDisabled("https://x"), "REG-13"),
        (proxy.UpstreamNameUnknown("http://x", "x"), "NET-02"),
        (proxy.UpstreamTlsFailed("https://x", "self signed"), "NET-03"),
        (proxy.UpstreamTlsFailed("https://x", "WRONG_VERSION_NUMBER", proxy.TlsFault.PLAIN), "NET-08"),
        (proxy.UpstreamSpeaksTls("http://x"), "NET-08"),
        (upstream_answer.UpstreamSwitchedProtocols("http://x"), "NET-09"),
        (upstream_answer.UpstreamAnswerMalformed("http://x", "it begins with SSH"), "NET-09"),
        (proxy.UpstreamAnswerTimedOut("http://x", 120), "NET-04"),
        (proxy.UpstreamClosedEarly("http://x", 0, has_begun=False), "NET-05"),
        (proxy.UpstreamUnreachable("http://x", "no route"), "NET-07"),
        (upstream_answer.UpstreamFramingUnsafe("http://x", "two lengths"), "PROXY-09"),
        (upstream_answer.UpstreamAnswerForeign("http://x", "id 8", "id 7"), "PROXY-10"),
        (UpstreamLocationMalformed("http://x", 307, "http://[", "no"), "PROXY-11"),
        (upstream_answer.UpstreamAnswerUnreadable("http://x", "it is too deep"), "NET-06"),
        (upstream_answer.UpstreamResponseMalformed("http://x", "it has both"), "NET-06"),
        (parameters.ParameterMissing("client_id"), "REQ-01"),
        (GrantTypeUnsupported("password", ()), "REQ-02"),
        (consent.TransactionFinished("x", NOON), "REQ-03"),
        (consent.ConsentStale("sent twice"), "CONS-03"),
        (InsufficientScope("", "mcp:tools"), "SCOPE-04"),
        (connection.ConnectionUnknown("x", ()), "CONF-09"),
        (RegistrationImpossible("i", "p", "r"), "REG-01"),
        (ClientDocumentUnfit("i", "p", "r", "http://localhost/c", "x", "no"), "UPST-09"),
        (RegistrationRefused("u", "p", "r", 400, "invalid_redirect_uri", ""), "REG-05"),
        (RegistrationRefused("u", "p", "r", 429, "slow_down", ""), "UPST-13"),
        (RegistrationRefused("u", "p", "r", 500, "text/html", ""), "UPST-13"),
        (RegistrationRefused("u", "p", "r", 403, "text/html", "ask your admin"), "UPST-14"),
        (RegistrationIncomplete("u", "p", "r", 201, "client_secret", "client_secret_basic"), "UPST-14"),
        (token_side.AuthorizationRefused("i", "invalid_scope", "", "a b", "policy"), "UPST-06"),
        (token_side.AuthorizationRefused("i", "access_denied", "", "a b", "policy"), "CONS-04"),
        (token_side.AuthorizationRefused("i", "invalid_target", "AADSTS9010010", "", "none"), "AUD-07"),
        (token_side.AuthorizationRefused("i", "server_error", "no resource left", "", "none"), "UPST-13"),
        (token_side.AuthorizationRefused("i", "unauthorized_client", "", "", "none"), "UPST-15"),
        (token_side.AuthorizationRefused("i", "invalid_request", "bad resource", "", "none"), "UPST-16"),
        (token_side.TokenRequestRefused("u", 400, "invalid_grant", "", "refresh_token"), "UPST-08"),
        (token_side.TokenRequestRefused("u", 400, "invalid_grant", "", "authorization_code"), "UPST-17"),
        (connection.RefreshAnswerLost(NOON, "devgw was ended", "u answered 400 invalid_grant", True), "UPST-12"),
        (token_side.TokenRequestRefused("u", 401, "invalid_client", ""), "UPST-15"),
        (token_side.TokenRequestRefused("u", 404, "not_found", ""), "TOK-05"),
        (token_side.TokenRequestRefused("u", 200, "bad_verification_code", ""), "TOK-04"),
        (token_side.TokenRequestRefused("u", 200, "incorrect_client_credentials", ""), "UPST-15"),
        (token_side.TokenRequestRefused("u", 503, "oops", ""), "UPST-13"),
        (token_side.TokenRequestRefused("u", 400, "bad_luck", ""), "UPST-16"),
        (unreadable(200, Shape.NO_OBJECT), "TOK-08"),
        (unreadable(401, Shape.NO_OBJECT), "UPST-15"),
        (unreadable(403, Shape.NO_OBJECT), "UPST-16"),
        (unreadable(404, Shape.NO_TOKEN), "TOK-05"),
        (unreadable(302, Shape.NO_OBJECT), "TOK-05"),
        (unreadable(500, Shape.NO_TOKEN), "UPST-13"),
        (unreadable(200, Shape.NO_TOKEN), "TOK-08"),
        (unreadable(200, Shape.NESTED), "TOK-08"),
        (unreadable(200, Shape.OTHER_TYPE), "TOK-08"),
        (connection.UpstreamTokenNotRenewable("Linear"), "UPST-04"),
        (connection.AuthorizationServerChanged("Linear", "https://a"), "UPST-20"),
        (connection.ScopeNotGranted("Linear", "write", "read", "http://x"), "UPST-18"),
        (
            sent.UpstreamCredentialRefused("http://x", "", "", sent.Shown.CONNECTION, True),
            "UPST-03",
        ),
        (
            sent.UpstreamCredentialRefused("http://x", "", "", sent.Shown.ASSERTION, True),
            "UPST-03",
        ),
        (
            sent.UpstreamCredentialRefused("http://x", "", "", sent.Shown.NOTHING, True),
            "UPST-19",
        ),
        (connection.IdentityAssertionMissing("user", "workos"), "UPST-11"),
        (upstream.AddressForbidden("http://10.0.0.1", "private"), "UPST-10"),
        (upstream_document.AuthorizationServerIncomplete("u", "token_endpoint"), "DISC-11"),
        (upstream_document.EndpointRefused("u", "token_endpoint", "javascript:x", "no"), "DISC-13"),
        (IdJagReplayed("j", NOON), "IDT-14"),
        (CapabilityHidden("tool", "Echo", "filter", nearest="echo"), "CONF-08"),
        (ClientAuthenticationMissing(None, "nothing"), "REQ-01"),
        (ClientAuthenticationMissing("none", "client_secret_post"), "TOK-01"),
        (CapabilityHidden("tool", "secret", "filter"), None),
        (CapabilityHidden("tool", "echo", "filter", needs=("role admin",)), None),
        (CapabilityHidden("tool", "echo", "filter", needs=("role admin",), without=("roles",)), "CONF-10"),
        (limit.AnswerTooLong("u", 1), "LIMIT-01"),
        (limit.AnswerUnpacksTooLong("u", 1), "LIMIT-02"),
        (limit.AnswerHeadTooLong("u"), "LIMIT-03"),
        (limit.AnswerUnfinished("u", 10, 1), "LIMIT-04"),
        (limit.AnswerGaveWay("u", 1), "LIMIT-40"),
        (limit.BodyGaveWay(1), "LIMIT-41"),
        (limit.BatchTooLong(1), "LIMIT-42"),
        (limit.BodyTooDeep(64), "LIMIT-05"),
        (limit.RegistrationTooLarge(65_536), "LIMIT-06"),
        (incoming.RequestUnfinished("body", 15), "LIMIT-20"),
        (incoming.HeadTooLarge("128 headers"), "LIMIT-21"),
        (incoming.TargetTooLong(16_384), "LIMIT-21"),
        (incoming.ConnectionsExhausted(64), "LIMIT-22"),
        (incoming.RegistrationsTooFrequent(600, 1), "LIMIT-23"),
        (incoming.AuthorizationsTooMany(2_000), "LIMIT-24"),
        (incoming.RequestMalformed("two lengths"), "LIMIT-25"),
        (incoming.ProtocolNotSpoken("2"), "LIMIT-26"),
        (incoming.TunnelAsked("example.com:443"), "HOST-11"),
        (incoming.RegistrationNotJson("text/plain"), "LIMIT-27"),
        (GatewayStops(), "LIMIT-50"),
        (AuthorityDistrusted("mcp.example", "unknown ca"), "NET-10"),
        (HandshakeLeft("mcp.example"), "NET-10"),
        (ProxyCredentialMissing(), "HOST-10"),
        (ProxyUnusable("socks5://proxy:1080", "no"), "NET-07"),
        (CaFileUnusable("SSL_CERT_FILE", "/x", "it does not exist"), "NET-14"),
    ],
)
def test_the_facts_decide_the_name(problem: Problem, name: str | None) -> None:
    assert problem.diagnosis_id == name


def test_only_what_a_connection_gave_is_mended_by_connecting() -> None:
    changes = {shown: sent.UpstreamCredentialRefused("u", "", "", shown, True).advise() for shown in sent.Shown}
    assert [shown for shown, change in changes.items() if change.startswith("Connect")] == [sent.Shown.CONNECTION]
    assert "idJag.resourceAs.resource" in changes[sent.Shown.ASSERTION]
