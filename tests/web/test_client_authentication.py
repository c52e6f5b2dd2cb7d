"""How a client shows who it is: one way, one client, an assertion for us alone and once, over saves and restarts."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from devgw.clock import SystemClock, epoch
from devgw.entropy import token
from devgw.events.taxonomy import McpAuthJwksFetched
from devgw.settings import Settings
from devgw.wiring.reloading import Reloading
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, running_gateway
from tests.support.oidc import oidc_provider, write_oidc_project

BELIEVED = "refresh_token_unknown"
"""The refusal of a client that was believed."""
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Signing:
    """A client that signs its way in; what it asks for is a token that nobody knows."""

    gateway: Running
    http: httpx2.AsyncClient
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    client_id: str = ""

    async def register(self) -> None:
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key())) | {"kid": "k1", "alg": "ES256"}
        client = await self.gateway.register(
            self.http, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public]}
        )
        self.client_id = client["client_id"]

    def form(self, **change: Any) -> dict[str, str]:
        now = epoch(self.gateway.runtime.clock.now())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.gateway.origin, "exp": now + 60}
        claims |= {"jti": token("")} | change
        signed = jwt.encode({k: v for k, v in claims.items() if v is not None}, self.key, "ES256", {"kid": "k1"})
        return {"client_assertion_type": KIND, "client_assertion": signed}

    async def ask(self, form: dict[str, str], **headers: str) -> dict[str, str]:
        """Return the refusal."""
        asked = {"grant_type": "refresh_token", "refresh_token": "rt_nobody"} | form
        answer = await self.http.post(f"{self.gateway.origin}/oauth/token", data=asked, headers=headers)
        assert answer.status_code in {400, 401}, answer.text
        return dict(answer.json())


@pytest.fixture
async def signing(gateway: Running, http: httpx2.AsyncClient) -> Signing:
    found = Signing(gateway, http)
    await found.register()
    return found


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


async def test_two_ways_at_once_are_refused_whichever_they_are(signing: Signing) -> None:
    """RFC 6749 §2.3: no more than one method in each request."""
    client = await signing.gateway.register(signing.http, token_endpoint_auth_method="client_secret_post")
    secret = {"client_secret": client["client_secret"]}
    header = basic(client["client_id"], client["client_secret"])
    for refused in (
        await signing.ask(signing.form() | secret),
        await signing.ask(signing.form(), authorization=header),
        await signing.ask(secret | {"client_id": client["client_id"]}, authorization=header),
        await signing.ask(secret | {"client_id": client["client_id"], "client_assertion_type": KIND}),
    ):
        assert (refused["error"], refused["reason"]) == ("invalid_request", "client_authentication_twice"), refused
    assert (await signing.ask(signing.form()))["reason"] == BELIEVED


async def test_credentials_of_one_client_beside_the_id_of_another_are_refused(signing: Signing) -> None:
    """RFC 7521 §4.2: `client_id` MUST identify the client of the assertion; its keys must be that client's too."""
    other = await signing.gateway.register(signing.http, token_endpoint_auth_method="client_secret_basic")
    header = basic(other["client_id"], other["client_secret"])
    for refused in (
        await signing.ask(signing.form() | {"client_id": other["client_id"]}),
        await signing.ask(signing.form(sub=other["client_id"]) | {"client_id": signing.client_id}),
        await signing.ask(signing.form() | {"client_id": "https://attacker.invalid/client.json"}),
        await signing.ask({"client_id": signing.client_id}, authorization=header),
    ):
        assert (refused["error"], refused["reason"]) == ("invalid_client", "client_named_twice"), refused
        assert "a client that registered with none sends none" in refused["error_description"]
    assert (await signing.ask(signing.form() | {"client_id": signing.client_id}))["reason"] == BELIEVED
    same = await signing.ask({"client_id": other["client_id"]}, authorization=header)
    assert same["reason"] == BELIEVED


@pytest.mark.parametrize(
    ("claim", "change"),
    [
        ("exp", {"exp": 661}),
        ("exp", {"exp": -60}),
        ("exp", {"exp": 30 * 365 * 86_400}),
        ("exp", {"exp": None}),
        ("exp", {"exp": 1e300}),
        *((name, {name: value}) for name in ("exp", "nbf", "iat") for value in (10**400, -(10**400), -1e300)),
        ("jti", {"jti": None}),
        ("jti", {"jti": ["a"]}),
        ("jti", {"jti": 7}),
        ("jti", {"jti": "j" * 60_000}),
        ("jti", {"jti": "\ud800"}),
        ("aud", {"aud": []}),
        ("aud", {"aud": ["OURS", "https://elsewhere.example"]}),
        ("aud", {"aud": {"OURS": 1}}),
        ("iss", {"iss": "https://elsewhere.example"}),
        ("iss", {"iss": None}),
        ("nbf", {"nbf": 9_999_999_999}),
        ("iat", {"iat": 9_999_999_999}),
        ("iat", {"iat": "now"}),
    ],
)
async def test_an_assertion_is_short_for_us_alone_and_has_an_id(
    signing: Signing, claim: str, change: dict[str, Any]
) -> None:
    """RFC 7523 §3."""
    now = epoch(signing.gateway.runtime.clock.now())
    if isinstance(change.get("exp"), int):
        change = {"exp": now + change["exp"]}
    if isinstance(change.get("aud"), list):
        change = {"aud": [signing.gateway.origin if each == "OURS" else each for each in change["aud"]]}
    refused = await signing.ask(signing.form(**change))
    assert (refused["error"], refused["reason"]) == ("invalid_client", "client_assertion_invalid"), refused
    assert f"fails at {claim}" in refused["error_description"]


async def test_an_assertion_pays_once_in_the_leeway_after_its_end_too(signing: Signing) -> None:
    """As long as it would be believed it is remembered, whatever others are used meanwhile."""
    clock, form = signing.gateway.runtime.clock, signing.form()
    assert isinstance(clock, SystemClock)
    assert (await signing.ask(form))["reason"] == "refresh_token_unknown"
    clock.travel(timedelta(seconds=90))
    assert (await signing.ask(signing.form()))["reason"] == "refresh_token_unknown"
    refused = await signing.ask(form)
    assert refused["reason"] == "client_assertion_invalid"
    assert "sent before" in refused["error_description"]


@pytest.mark.parametrize("kind", [None, "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
async def test_half_of_an_assertion_is_named_as_that(signing: Signing, kind: str | None) -> None:
    """RFC 7521 §4.2: both parameters are required."""
    form = {"client_assertion": signing.form()["client_assertion"]} | ({"client_assertion_type": kind} if kind else {})
    refused = await signing.ask(form)
    assert (refused["error"], refused["reason"]) == ("invalid_client", "client_assertion_invalid"), refused
    assert "client_assertion_type" in refused["error_description"]
    assert KIND in refused["error_description"]


async def test_an_assertion_is_remembered_for_as_long_as_it_is_good(signing: Signing) -> None:
    form = signing.form(exp=epoch(signing.gateway.runtime.clock.now()) + 590)
    assert (await signing.ask(form))["reason"] == BELIEVED
    clock = signing.gateway.runtime.clock
    assert isinstance(clock, SystemClock)
    clock.travel(timedelta(minutes=5))
    assert "fails at jti" in (await signing.ask(form))["error_description"]


async def test_an_audience_that_lists_our_names_alone_is_good(signing: Signing) -> None:
    names = [signing.gateway.origin, f"{signing.gateway.origin}/oauth/token"]
    assert (await signing.ask(signing.form(aud=names)))["reason"] == BELIEVED


async def test_an_assertion_pays_once_over_a_save_and_a_restart(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    settings = Settings(port=0)
    async with running_gateway(tmp_path, ephemeral=False, settings=settings) as gateway:
        settings = replace(settings, port=gateway.runtime.settings.port)
        signing = Signing(gateway, http)
        await signing.register()
        form = signing.form(exp=epoch(gateway.runtime.clock.now()) + 500)
        assert (await signing.ask(form))["reason"] == BELIEVED
        assert "sent before" in (await signing.ask(form))["error_description"]
        assert await Reloading(gateway.runtime).reload()
        assert "sent before" in (await signing.ask(form))["error_description"]
    async with running_gateway(tmp_path, ephemeral=False, settings=settings) as gateway:
        signing.gateway = gateway
        assert "sent before" in (await signing.ask(form))["error_description"]
        assert (await signing.ask(signing.form()))["reason"] == BELIEVED


async def test_a_save_forgets_no_keys_of_the_identity_provider(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    async with oidc_provider(SystemClock()) as provider:
        root = write_oidc_project(tmp_path, provider)
        async with running_gateway(root) as gateway:
            for _ in range(2):
                async with Browser(CALLBACK) as browser:
                    await gateway.code(http, browser)
                assert await Reloading(gateway.runtime).reload()
            assert len(gateway.events(McpAuthJwksFetched)) == 1


@pytest.mark.parametrize(
    ("assertion", "claim"),
    [
        ("", "form"),
        ("a.b.c", "form"),
        ("e30.e30.e30", "sub"),
        ("e30." + base64.urlsafe_b64encode(b"[" * 60_000).decode() + ".x", "form"),
        ("e30." + base64.urlsafe_b64encode(b'{"sub":"a","sub":"b"}').decode() + ".x", "form"),
        ("e30." + base64.urlsafe_b64encode(b'{"sub":' + b"9" * 5_000 + b"}").decode() + ".x", "form"),
        ("e30." + "A" * 200_000 + ".x", "form"),
    ],
)
async def test_an_assertion_that_cannot_be_read_is_refused_as_that(
    signing: Signing, assertion: str, claim: str
) -> None:
    """What is no JWT names no client, so that none can be said to be unknown."""
    refused = await signing.ask(signing.form() | {"client_assertion": assertion})
    assert refused["reason"] == "client_assertion_invalid", refused
    assert f"fails at {claim}" in refused["error_description"]


@pytest.mark.parametrize("write", [str.lower, str.upper])
async def test_basic_credentials_are_form_encoded_and_their_scheme_has_no_case(
    signing: Signing, write: Callable[[str], str]
) -> None:
    """RFC 6749 §2.3.1; RFC 9110 §11.1."""
    client = await signing.gateway.register(signing.http, token_endpoint_auth_method="client_secret_basic")
    for client_id in (client["client_id"], quote(client["client_id"], safe="")):
        scheme, credentials = basic(client_id, client["client_secret"]).split()
        assert (await signing.ask({}, authorization=f"{write(scheme)} {credentials}"))["reason"] == BELIEVED


@pytest.mark.parametrize("odd", ["*", "-", "===="])
async def test_what_is_no_base64_is_read_by_nobody(signing: Signing, odd: str) -> None:
    client = await signing.gateway.register(signing.http, token_endpoint_auth_method="client_secret_basic")
    header = basic(client["client_id"], client["client_secret"])
    refused = await signing.ask({}, authorization=f"{header[:20]}{odd}{header[20:]}")
    assert refused["error"] == "invalid_client", refused


async def test_a_client_without_credentials_that_shows_some_is_not_believed(signing: Signing) -> None:
    """Whoever shows an assertion means it: it is looked at, or refused."""
    client = await signing.gateway.register(signing.http)
    refused = await signing.ask({"client_id": client["client_id"], "client_assertion": "x"})
    assert refused["error"] == "invalid_client", refused
    assert (await signing.ask({"client_id": client["client_id"]}))["reason"] == BELIEVED


@pytest.mark.parametrize("change", [{"exp": -59}, {"nbf": 59}, {"iat": 59}])
async def test_clocks_may_differ_by_a_minute(signing: Signing, change: dict[str, int]) -> None:
    now = epoch(signing.gateway.runtime.clock.now())
    assert (await signing.ask(signing.form(**{name: now + by for name, by in change.items()})))["reason"] == BELIEVED


async def test_two_clients_may_choose_the_same_id(signing: Signing) -> None:
    """RFC 7519 §4.1.7: it is unique among the assertions of one issuer."""
    other = Signing(signing.gateway, signing.http)
    await other.register()
    for each in (signing, other):
        assert (await each.ask(each.form(jti="the same")))["reason"] == BELIEVED


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic", "none"])
async def test_an_assertion_of_a_client_that_registered_another_way_is_told_that_way(
    signing: Signing, method: str
) -> None:
    other = await signing.gateway.register(signing.http, token_endpoint_auth_method=method)
    signing.client_id = other["client_id"]
    refused = await signing.ask(signing.form() | {"client_id": signing.client_id})
    assert (
        f"registered with {method}, but the request authenticates with private_key_jwt"
        in (refused["error_description"])
    )


async def test_a_client_none_of_whose_keys_can_be_used_is_told_to_have_one(signing: Signing) -> None:
    odd = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(signing.key.public_key())) | {"alg": "ECDH-ES"}
    document = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [odd]}}
    answer = await signing.http.post(f"{signing.gateway.origin}/oauth/register", json=document)
    said = answer.json()["error_description"]
    assert "jwks is without a key for signatures (of the first, its alg is ECDH-ES, by which nothing is signed)" in said


@pytest.mark.parametrize("client_id", ["ftp://client.example/c.json", "HTTPS://client.example/c.json"])
async def test_an_id_that_is_a_url_of_no_document_is_not_to_be_forgotten(signing: Signing, client_id: str) -> None:
    refused = await signing.ask({"client_id": client_id})
    assert "it begins neither https:// nor http://" in refused["error_description"]
    assert "forget" not in refused["error_description"]
