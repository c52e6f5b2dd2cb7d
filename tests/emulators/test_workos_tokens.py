"""The access token, the key set and the discovery document."""

import base64
import hashlib
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography import x509

from devgw.clock import FrozenClock, epoch
from devgw.emulators.workos.keys import KeyRing
from tests.emulators.workos_bench import ACME, BOB, CLIENT, OTHER, OTHER_KEY, WorkosBench, emulated, stored_key

NOON = epoch(FrozenClock().now())
IDENTIFIER = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"


async def claims_of(workos: WorkosBench, token: str, client_id: str = CLIENT) -> dict[str, Any]:
    """Return the claims after the signature was checked with the published key that the header names."""
    key_set = jwt.PyJWKSet.from_dict((await workos.http.get(f"/sso/jwks/{client_id}")).json())
    key = key_set[jwt.get_unverified_header(token)["kid"]]
    unchecked = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
    return dict(jwt.decode(token, key, algorithms=["RS256"], options=unchecked))  # type: ignore[arg-type]  # a TypedDict


async def test_the_claims_are_those_of_a_stock_environment(workos: WorkosBench) -> None:
    """No email, no name, no aud, no scope; nothing of an organization without one."""
    claims = await claims_of(workos, (await workos.tokens("Bob"))["access_token"])
    assert set(claims) == {"iss", "sub", "sid", "jti", "client_id", "auth_time", "iat", "exp"}
    assert claims["iss"] == f"{workos.origin}/user_management/{CLIENT}"
    assert (claims["sub"], claims["client_id"]) == (BOB, CLIENT)
    assert (claims["auth_time"], claims["iat"], claims["exp"]) == (NOON, NOON, NOON + 300)
    assert claims["sid"].startswith("session_0")
    assert len(claims["jti"]) == 26


async def test_the_header_has_no_typ_and_a_kid_of_workos_s_shape(workos: WorkosBench) -> None:
    header = jwt.get_unverified_header((await workos.tokens())["access_token"])
    assert set(header) == {"alg", "kid"}
    assert header["alg"] == "RS256"
    assert header["kid"].startswith("sso_oidc_key_pair_")
    assert len(header["kid"]) == len("sso_oidc_key_pair_") + 26


async def test_who_belongs_to_one_organization_is_in_it(workos: WorkosBench) -> None:
    answer = await workos.tokens("Ada")
    claims = await claims_of(workos, answer["access_token"])
    assert answer["organization_id"] == claims["org_id"] == ACME
    assert (claims["role"], claims["roles"], claims["permissions"]) == ("admin", ["admin"], ["tools:read"])


async def test_a_refresh_keeps_session_and_sign_in_time(workos: WorkosBench) -> None:
    first = await workos.tokens()
    assert isinstance(workos.clock, FrozenClock)
    workos.clock.travel(timedelta(hours=1))
    second = (await workos.refresh(first["refresh_token"])).json()
    old, new = [await claims_of(workos, answer["access_token"]) for answer in (first, second)]
    assert new["sid"] == old["sid"]
    assert new["auth_time"] == old["auth_time"] == NOON
    assert new["jti"] != old["jti"]
    assert (new["iat"], new["exp"]) == (NOON + 3600, NOON + 3900)


async def test_issuer_audience_and_lifetime_differ_between_environments(workos: WorkosBench) -> None:
    """WorkOS has three issuer shapes, and mints `aud` in some environments only."""
    code = (await workos.sign_in("eve@example.com", client_id=OTHER))["code"]
    answer = (await workos.redeem(code, client_id=OTHER, client_secret=OTHER_KEY)).json()
    claims = await claims_of(workos, answer["access_token"], OTHER)
    assert claims["iss"] == workos.origin + "/"
    assert claims["aud"] == OTHER
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize(
    ("changes", "issuer"),
    [
        ({"issuer": "bare"}, ""),
        ({"issuer": "slash"}, "/"),
        ({"environmentClientId": OTHER}, f"/user_management/{OTHER}"),
    ],
)
async def test_discovery_names_the_issuer_that_the_tokens_have(changes: dict[str, Any], issuer: str) -> None:
    async with emulated(**changes) as workos:
        found = (await workos.http.get(f"/user_management/{CLIENT}/.well-known/openid-configuration")).json()
        claims = await claims_of(workos, (await workos.tokens())["access_token"])
        assert found["issuer"] == claims["iss"] == workos.origin + issuer
        assert claims["client_id"] == CLIENT


async def test_discovery_has_five_members_in_order(workos: WorkosBench) -> None:
    """The official emulator answers 401 here."""
    found = (await workos.http.get(f"/user_management/{CLIENT}/.well-known/openid-configuration")).json()
    assert list(found.items()) == [
        ("issuer", f"{workos.origin}/user_management/{CLIENT}"),
        ("authorization_endpoint", f"{workos.origin}/user_management/authorize"),
        ("token_endpoint", f"{workos.origin}/user_management/authenticate"),
        ("response_types_supported", ["code"]),
        ("jwks_uri", f"{workos.origin}/sso/jwks/{CLIENT}"),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/user_management/client_01TESTENV1R0NMENT000000009/.well-known/openid-configuration",
        "/user_management/client_01TESTC0NNECTAPP0000000001/.well-known/openid-configuration",
        f"/.well-known/openid-configuration/user_management/{CLIENT}",
        f"/.well-known/oauth-authorization-server/user_management/{CLIENT}",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/sso/jwks/client_01TESTENV1R0NMENT000000009",
        "/sso/jwks/client_01TESTC0NNECTAPP0000000001",
        "/userinfo",
        "/user_management/userinfo",
    ],
)
async def test_what_workos_does_not_have_is_404(workos: WorkosBench, path: str) -> None:
    """The official emulator serves a key set for any client id."""
    answer = await workos.http.get(path)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


async def test_the_key_set_has_the_members_and_the_order_of_workos_and_a_certificate_for_the_key(
    workos: WorkosBench,
) -> None:
    """The official Python SDK refuses a key set without x5c and x5t#S256, which the official emulator lacks."""
    [key] = (await workos.http.get(f"/sso/jwks/{CLIENT}")).json()["keys"]
    assert list(key) == ["alg", "kty", "use", "n", "e", "kid", "x5c", "x5t#S256"]
    raw = base64.b64decode(key["x5c"][0])
    certificate = x509.load_der_x509_certificate(raw)
    assert certificate.subject.rfc4514_string() == "CN=auth.workos.com"
    assert base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode() == key["x5t#S256"]
    modulus = int.from_bytes(base64.urlsafe_b64decode(key["n"] + "=="))
    assert certificate.public_key().public_numbers().n == modulus  # type: ignore[union-attr]  # it is an RSA key


async def test_each_environment_signs_with_its_own_key(workos: WorkosBench) -> None:
    one, other = [(await workos.http.get(f"/sso/jwks/{client}")).json()["keys"][0]["kid"] for client in (CLIENT, OTHER)]
    assert one != other


async def test_a_stored_key_keeps_its_id_and_can_be_stored_again(workos: WorkosBench) -> None:
    assert await workos.emulator.signing_key(CLIENT) == stored_key()
    one, other = [await KeyRing(FrozenClock(), stored_key()).current() for _ in range(2)]
    assert one.kid == other.kid


async def test_no_key_is_made_before_it_is_needed(workos: WorkosBench) -> None:
    """A key costs a tenth of a second: the start of the gateway must not wait for it."""
    assert workos.emulator.environments[OTHER].keys.has_been_needed is False
    await workos.http.get(f"/sso/jwks/{OTHER}")
    assert workos.emulator.environments[OTHER].keys.has_been_needed is True
