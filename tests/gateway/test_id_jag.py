"""ID-JAG inbound: what a trusted provider's assertion buys, and every way in which it buys nothing."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from devgw.clock import FrozenClock, epoch
from devgw.config.project import TrustedIssuer
from devgw.gateway.id_jag import subject_of
from devgw.store.assertions import AssertionRecords
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from tests.support.gateway import Running, mcp_request, running_gateway, write_project
from tests.support.serving import serve

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
ISSUER = "https://idp.acme.example"


async def jwks(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    del receive
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key())) | {"kid": "k1", "alg": "ES256"}
    body = json.dumps({"keys": [public]}).encode()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def project(root: Path, jwks_url: str, **options: Any) -> Path:
    id_jag = {"enabled": True, "trustedIssuers": [{"issuer": ISSUER, "jwksUrl": jwks_url, **options}]}
    policy = {
        "name": "login",
        "policyType": "mcp-workos-oauth-inbound",
        "handler": {
            "export": "McpWorkosOAuthInboundPolicy",
            "module": "$import(@zuplo/runtime)",
            "options": {
                "clientId": "$env(WORKOS_CLIENT_ID)",
                "clientSecret": "$env(WORKOS_CLIENT_SECRET)",
                "idJag": id_jag,
            },
        },
    }
    handler = {"export": "McpProxyHandler", "module": "$import(@zuplo/runtime/mcp-gateway)"}
    paths = {
        f"/mcp/{name}": {
            "post": {
                "operationId": name,
                "x-zuplo-route": {
                    "handler": {**handler, "options": {"rewritePattern": f"http://127.0.0.1:9/{name}"}},
                    "policies": {"inbound": ["login"]},
                },
            }
        }
        for name in ("one", "two")
    }
    return write_project(root, [policy], paths)


@dataclass
class Bench:
    gateway: Running
    http: httpx2.AsyncClient
    clock: FrozenClock
    client_id: str = ""
    count: int = 0
    header: dict[str, Any] = field(default_factory=lambda: {"typ": "oauth-id-jag+jwt", "kid": "k1"})

    def assertion(self, key: Any = KEY, **changes: Any) -> str:
        self.count += 1
        now = self.clock.now()
        claims = {
            "iss": ISSUER,
            "sub": "u-1",
            "aud": self.gateway.origin,
            "client_id": self.client_id,
            "resource": f"{self.gateway.origin}/mcp/two",
            "scope": "mcp:tools",
            "jti": f"j{self.count}",
            "iat": epoch(now),
            "exp": epoch(now + timedelta(minutes=5)),
            "email": "ada@acme.example",
        } | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key, "ES256", self.header)

    async def redeem(self, assertion: str | None, **more: str) -> httpx2.Response:
        form = {"grant_type": JWT_BEARER, "client_id": self.client_id, **more}
        form |= {"assertion": assertion} if assertion is not None else {}
        return await self.http.post(f"{self.gateway.origin}/oauth/token", data=form)


@pytest.fixture
async def bench(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    clock = FrozenClock()
    async with serve(jwks) as origin, httpx2.AsyncClient(timeout=20) as http:
        root = project(tmp_path, f"{origin}/jwks", **getattr(request, "param", {}))
        async with running_gateway(root, clock=clock) as gateway:
            bench = Bench(gateway, http, clock)
            client = await gateway.register(http, grant_types=["authorization_code", "refresh_token", JWT_BEARER])
            bench.client_id = client["client_id"]
            yield bench


async def test_an_assertion_buys_a_token_for_its_route_and_no_refresh_token(bench: Bench) -> None:
    answer = await bench.redeem(bench.assertion())
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert tokens["resource"] == f"{bench.gateway.origin}/mcp/two"
    assert tokens["scope"] == "mcp:tools"
    assert "refresh_token" not in tokens
    assert answer.headers["cache-control"] == "no-store"
    (grant,) = bench.gateway.runtime.ground.store.grants()
    assert grant.subject_id == f"{ISSUER}|u-1"
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    used = await bench.http.post(f"{bench.gateway.origin}/mcp/two", json=mcp_request("ping"), headers=bearer)
    assert used.status_code == 200
    other = await bench.http.post(f"{bench.gateway.origin}/mcp/one", json=mcp_request("ping"), headers=bearer)
    assert other.status_code == 401
    bench.clock.travel(timedelta(seconds=900))
    late = await bench.http.post(f"{bench.gateway.origin}/mcp/two", json=mcp_request("ping"), headers=bearer)
    assert late.status_code == 401


async def test_the_metadata_offers_it(bench: Bench) -> None:
    document = (await bench.http.get(f"{bench.gateway.origin}/.well-known/oauth-authorization-server")).json()
    assert JWT_BEARER in document["grant_types_supported"]


async def test_an_assertion_pays_once(bench: Bench) -> None:
    assertion = bench.assertion()
    assert (await bench.redeem(assertion)).status_code == 200
    assert (await bench.redeem(bench.assertion())).status_code == 200, "which must not make the first one forgotten"
    again = await bench.redeem(assertion)
    assert (again.status_code, again.json()["reason"]) == (400, "id_jag_replayed")
    assert again.json()["error"] == "invalid_grant"


async def test_an_assertion_pays_once_in_the_leeway_after_its_end_too(bench: Bench) -> None:
    """As long as it would be believed it is remembered, whatever others are used meanwhile."""
    assertion = bench.assertion(exp=epoch(bench.clock.now()) + 60)
    assert (await bench.redeem(assertion)).status_code == 200
    bench.clock.travel(timedelta(seconds=90))
    assert (await bench.redeem(bench.assertion())).status_code == 200
    assert (await bench.redeem(assertion)).json()["reason"] == "id_jag_replayed"


async def test_every_claim_is_checked(bench: Bench) -> None:
    now = bench.clock.now()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"aud": "https://elsewhere.example"}, "id_jag_invalid"),
        ({"aud": [bench.gateway.origin, "https://elsewhere.example"]}, "id_jag_invalid"),
        ({"aud": None}, "id_jag_invalid"),
        ({"client_id": "somebody"}, "id_jag_invalid"),
        ({"client_id": None}, "id_jag_invalid"),
        ({"sub": None}, "id_jag_invalid"),
        ({"sub": 5}, "id_jag_invalid"),
        ({"sub": "\ud800"}, "id_jag_invalid"),
        ({"jti": "\ud800"}, "id_jag_invalid"),
        ({"exp": float("nan")}, "id_jag_invalid"),
        ({"exp": 10**30}, "id_jag_invalid"),
        ({"jti": None}, "id_jag_invalid"),
        ({"exp": epoch(now - timedelta(seconds=60))}, "id_jag_invalid"),
        ({"exp": epoch(now + timedelta(hours=2))}, "id_jag_invalid"),
        ({"exp": "soon"}, "id_jag_invalid"),
        ({"exp": None}, "id_jag_invalid"),
        ({"nbf": epoch(now + timedelta(seconds=61))}, "id_jag_invalid"),
        ({"iat": epoch(now + timedelta(seconds=61))}, "id_jag_invalid"),
        ({"scope": "files:read"}, "id_jag_invalid"),
        ({"iss": "https://mallory.example"}, "id_jag_issuer_untrusted"),
        ({"iss": ISSUER + "/"}, "id_jag_issuer_untrusted"),
        ({"resource": "https://elsewhere.example/mcp"}, "resource_unknown"),
        ({"resource": None}, "resource_missing"),
    ]
    for changes, reason in wrong:
        answer = await bench.redeem(bench.assertion(**changes))
        assert (changes, answer.status_code, answer.json().get("reason")) == (changes, 400, reason)
    assert bench.gateway.runtime.ground.store.grants() == []


async def test_header_and_signature_are_checked(bench: Bench) -> None:
    for assertion in ("", None):
        assert (await bench.redeem(assertion)).json()["reason"] == "parameter_missing"
    assert (await bench.redeem("no.jwt")).json()["reason"] == "id_jag_invalid"
    forged = await bench.redeem(bench.assertion(OTHER_KEY))
    assert (forged.status_code, forged.json()["error"]) == (400, "invalid_grant")
    assert "signature" in forged.text
    unsigned = jwt.encode({"iss": ISSUER}, "", "none", {"typ": "oauth-id-jag+jwt"})
    assert (await bench.redeem(unsigned)).json()["reason"] == "id_jag_invalid"
    bench.header = {"typ": "JWT", "kid": "k1"}
    assert "typ" in (await bench.redeem(bench.assertion())).json()["error_description"]
    assert bench.gateway.runtime.ground.store.grants() == []


@pytest.mark.parametrize(
    ("header", "key", "claim"),
    [({"kid": "gone"}, KEY, "kid"), ({}, OTHER_KEY, "signature"), ({"crit": ["x"]}, KEY, "form")],
)
async def test_an_assertion_that_no_published_key_proves_is_the_clients_and_begins_no_login(
    bench: Bench, header: dict[str, Any], key: Any, claim: str
) -> None:
    """RFC 7523 §3.1: invalid_grant, whatever is wrong with it."""
    bench.header |= header
    refused = await bench.redeem(bench.assertion(key))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    said = refused.json()["error_description"]
    assert f"The ID-JAG fails at {claim}" in said
    assert "login" not in said


async def test_the_request_may_not_ask_for_another_route(bench: Bench) -> None:
    good = await bench.redeem(bench.assertion(), resource=f"{bench.gateway.origin}/mcp/two")
    assert good.status_code == 200
    bad = await bench.redeem(bench.assertion(), resource=f"{bench.gateway.origin}/mcp/one")
    assert bad.json()["reason"] == "resource_changed"
    named = await bench.redeem(bench.assertion(resource=None), resource=f"{bench.gateway.origin}/mcp/one")
    assert named.json()["resource"] == f"{bench.gateway.origin}/mcp/one"


@pytest.mark.parametrize("bench", [{"expectedClientIds": ["somebody-else"]}], indirect=True)
async def test_an_issuer_may_vouch_for_certain_clients_only(bench: Bench) -> None:
    assert (await bench.redeem(bench.assertion())).json()["reason"] == "id_jag_invalid"


async def test_without_the_option_there_is_no_such_grant(bench: Bench, tmp_path: Path) -> None:
    del bench
    async with running_gateway(clock=FrozenClock()) as plain, httpx2.AsyncClient() as http:
        client = await plain.register(http)
        form = {"grant_type": JWT_BEARER, "assertion": "x", "client_id": client["client_id"]}
        answer = await http.post(f"{plain.origin}/oauth/token", data=form)
        assert answer.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [("iss_prefix", f"{ISSUER}|u"), ("iss_tenant_prefix", f"{ISSUER}|t-1|u"), ("sub_id_only", "u")],
)
def test_a_subject_is_mapped_as_its_issuer_says(mapping: Any, expected: str) -> None:
    issuer = TrustedIssuer(ISSUER, "https://idp.acme.example/jwks", subject_mapping=mapping)
    assert subject_of({"sub": "u", "tenant": "t-1"}, issuer) == expected


def test_what_one_issuer_spent_is_not_spent_by_another_whose_name_begins_alike() -> None:
    clock = FrozenClock()
    spent = AssertionRecords(Database(None, MIGRATIONS))
    spent.spend("https://a.example", "bc", clock.now(), clock.now())
    assert spent.spent_at("https://a.example", "bc")
    assert spent.spent_at("https://a.exampleb", "c") is None


def test_what_was_spent_is_known_after_a_restart_and_forgotten_when_it_has_expired(tmp_path: Path) -> None:
    clock = FrozenClock()
    spent = AssertionRecords(Database(tmp_path / "db", MIGRATIONS))
    spent.spend(ISSUER, "j", clock.now(), clock.now() + timedelta(minutes=5))
    assert AssertionRecords(Database(tmp_path / "db", MIGRATIONS)).spent_at(ISSUER, "j") == clock.now()
    assert spent.spent_at(ISSUER, "other") is None
    late = clock.now() + timedelta(minutes=6)
    spent.spend(ISSUER, "k", late, late)
    assert spent.spent_at(ISSUER, "j") is None
