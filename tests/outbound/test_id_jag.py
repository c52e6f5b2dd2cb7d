"""Cross-app access: both exchanges, all three client authentications, and what happens without an identity token."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from devgw.clock import epoch
from devgw.config.project import Secret, TokenExchange
from devgw.gateway.connection import SHARED
from devgw.ids import UpstreamServerId
from devgw.outbound.upstream_oauth.id_jag import IdentityAssertion
from devgw.problems.base import Fault
from devgw.problems.limit import AnswerTooLong
from devgw.problems.upstream_connection import IdentityAssertionMissing
from devgw.problems.upstream_token import TokenAnswerUnreadable, TokenRequestRefused
from tests.outbound.bench import ANNE, BEN, Bench, refusal
from tests.outbound.upstream import Asked, Upstream

PRIVATE = rsa.generate_private_key(65537, 2048)
PEM = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
METHODS: dict[str, dict[str, Any]] = {
    "client_secret_post": {"clientSecret": Secret("s&1")},
    "client_secret_basic": {"clientSecret": "s&1"},
    "private_key_jwt": {"privateKeyPem": Secret(PEM), "keyId": "k1", "expiresInSeconds": 60},
}


def exchange(upstream: Upstream, method: str = "client_secret_post", **more: Any) -> TokenExchange:
    auth = {"method": method, "clientId": "gw", **METHODS[method]}
    settings = {
        "scopes": ["a", "b"],
        "scopeDelimiter": ",",
        "idp": {"tokenUrl": f"{upstream.origin}/idp", "clientAuth": auth},
        "resourceAs": {
            "tokenUrl": f"{upstream.origin}/ras",
            "audience": "https://ras.example",
            "clientAuth": auth,
            **more,
        },
    }
    return TokenExchange("p", UpstreamServerId("x"), "X", auth_mode="id-jag", id_jag=settings)


def bench_for(upstream: Upstream, policy: TokenExchange) -> Bench:
    upstream.answers["/idp"] = (200, {}, {"access_token": "the-id-jag", "token_type": "N_A"})
    upstream.answers["/ras"] = (200, {}, {"access_token": "the-token", "token_type": "Bearer", "expires_in": 300})
    bench = Bench(upstream, exchange=policy)
    late = bench.clock.now() + timedelta(hours=8)
    bench.side.assertions.remember(ANNE, IdentityAssertion("annes-id-token"), late)
    return bench


def authenticated(asked: Asked, url: str, bench: Bench) -> str:
    """Return by which method a request was authenticated, checked."""
    if "authorization" in asked.headers:
        assert asked.headers["authorization"] == "Basic Z3c6cyUyNjE="
        return "client_secret_basic"
    assert asked.form["client_id"] == "gw"
    if "client_secret" in asked.form:
        assert asked.form["client_secret"] == "s&1"
        return "client_secret_post"
    assertion = asked.form["client_assertion"]
    assert jwt.get_unverified_header(assertion) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(assertion, PRIVATE.public_key(), ["RS256"], options, audience=url)
    assert (claims["iss"], claims["sub"]) == ("gw", "gw")
    assert claims["exp"] == epoch(bench.clock.now()) + 60
    return "private_key_jwt"


@pytest.mark.parametrize("method", METHODS)
async def test_both_exchanges_are_made_and_authenticated(upstream: Upstream, method: str) -> None:
    """RFC 8693 §2.1, RFC 7523 §2.1."""
    bench = bench_for(upstream, exchange(upstream, method))
    assert await bench.token() == "the-token"
    (first,), (second,) = upstream.asked_at("/idp"), upstream.asked_at("/ras")
    assert first.form["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange"
    assert first.form["requested_token_type"] == "urn:ietf:params:oauth:token-type:id-jag"
    assert first.form["subject_token"] == "annes-id-token"
    assert first.form["subject_token_type"] == "urn:ietf:params:oauth:token-type:id_token"
    assert first.form["audience"] == "https://ras.example"
    assert first.form["resource"] == f"{upstream.origin}/mcp"
    assert first.form["scope"] == "a,b"
    assert second.form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert second.form["assertion"] == "the-id-jag"
    assert authenticated(first, f"{upstream.origin}/idp", bench) == method
    assert authenticated(second, f"{upstream.origin}/ras", bench) == method


async def test_the_token_is_kept_until_shortly_before_its_end(upstream: Upstream) -> None:
    bench = bench_for(upstream, exchange(upstream, resource="https://other.example/mcp"))
    await bench.token()
    bench.clock.travel(timedelta(seconds=269))
    await bench.token()
    assert len(upstream.asked_at("/ras")) == 1
    bench.clock.travel(timedelta(seconds=1))
    await bench.token()
    assert len(upstream.asked_at("/ras")) == 2
    assert upstream.asked_at("/idp")[0].form["resource"] == "https://other.example/mcp"


async def test_a_refused_token_is_fetched_anew(upstream: Upstream) -> None:
    bench = bench_for(upstream, exchange(upstream))
    await bench.token()
    await bench.renewed("Bearer")
    assert len(upstream.asked_at("/ras")) == 2


async def test_without_an_identity_token_it_says_what_is_missing(upstream: Upstream) -> None:
    """UPST-11: WorkOS gives none."""
    bench = bench_for(upstream, exchange(upstream))
    problem = await refusal(bench.token(BEN))
    assert isinstance(problem, IdentityAssertionMissing)
    assert "WorkOS" in problem.advise()
    bench.clock.travel(timedelta(hours=9))
    assert isinstance(await refusal(bench.token()), IdentityAssertionMissing)
    assert upstream.asked_at("/idp") == []


async def test_what_either_endpoint_refuses_is_named(upstream: Upstream) -> None:
    bench = bench_for(upstream, exchange(upstream))
    upstream.answers["/ras"] = (502, {"content-type": "text/html"}, b"<h1>Oops</h1>")
    assert isinstance(await refusal(bench.token()), TokenAnswerUnreadable)
    upstream.answers["/idp"] = (400, {}, {"error": "invalid_target"})
    assert isinstance(await refusal(bench.token()), TokenRequestRefused)
    assert bench.store.find_connection(SHARED, bench.exchange.id) is None
    assert bench.oauth.state_of(bench.route, ANNE) is None


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/idp", "offer token exchange (RFC 8693) to this client, or correct idJag.idp.tokenUrl"),
        ("/ras", "offer the jwt-bearer grant (RFC 7523) to this client, or correct idJag.resourceAs.tokenUrl"),
    ],
)
async def test_a_grant_that_either_endpoint_does_not_know_is_no_matter_of_the_persons_login(
    upstream: Upstream, path: str, change: str
) -> None:
    bench = bench_for(upstream, exchange(upstream))
    upstream.answers[path] = (400, {}, {"error": "unsupported_grant_type"})
    problem = await refusal(bench.token())
    assert change in problem.advise()
    assert "Sign in again" not in problem.advise()


@pytest.mark.parametrize(("path", "blamed"), [("/idp", Fault.PROVIDER), ("/ras", Fault.UPSTREAM)])
async def test_an_answer_that_passes_a_limit_is_blamed_on_who_gave_it(
    upstream: Upstream, path: str, blamed: Fault
) -> None:
    bench = bench_for(upstream, exchange(upstream))
    upstream.answers[path] = (200, {}, b"[" + b" " * 2_000_000)
    problem = await refusal(bench.token())
    assert isinstance(problem, AnswerTooLong)
    assert problem.fault is blamed
    assert path in problem.explain()
