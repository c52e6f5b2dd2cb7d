"""With which of its keys, and how, a client signs."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.gateway import CALLBACK
from tests.web.test_client_authentication import BELIEVED, Signing, signing

__all__ = ["signing"]


async def register_keys(signing: Signing, *keys: dict[str, Any]) -> None:
    client = await signing.gateway.register(
        signing.http, token_endpoint_auth_method="private_key_jwt", jwks={"keys": list(keys)}
    )
    signing.client_id = client["client_id"]


def signed_by(signing: Signing, key: Any, algorithm: str, **header: str) -> dict[str, str]:
    form = signing.form()
    claims = jwt.decode(form["client_assertion"], options={"verify_signature": False})
    return form | {"client_assertion": jwt.encode(claims, key, algorithm, header)}


async def test_the_key_that_is_named_has_to_be_the_one_and_without_a_name_any_of_them(signing: Signing) -> None:
    """RFC 7515 §4.1.4."""
    pair = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    members = [json.loads(jwt.algorithms.ECAlgorithm.to_jwk(each.public_key())) for each in pair]
    await register_keys(signing, *(each | {"kid": f"k{n}", "alg": "ES256"} for n, each in enumerate(members)))
    for n, key in enumerate(pair):
        assert (await signing.ask(signed_by(signing, key, "ES256", kid=f"k{n}")))["reason"] == BELIEVED
        assert (await signing.ask(signed_by(signing, key, "ES256")))["reason"] == BELIEVED
        wrong = await signing.ask(signed_by(signing, key, "ES256", kid=f"k{1 - n}"))
        assert "fails at signature" in wrong["error_description"]
        unknown = await signing.ask(signed_by(signing, key, "ES256", kid="k2"))
        assert "fails at kid" in unknown["error_description"]


@pytest.mark.parametrize("algorithm", ["HS256", "none", "ES512"])
async def test_no_other_algorithm_is_taken_whatever_key_the_client_has(signing: Signing, algorithm: str) -> None:
    """RFC 8725 §3.1: a secret that stands in a public document proves nothing."""
    secret = b"s" * 32
    curve = ec.generate_private_key(ec.SECP521R1())
    keys = {
        "HS256": {"kty": "oct", "k": base64.urlsafe_b64encode(secret).decode().rstrip("="), "alg": "HS256"},
        "none": json.loads(jwt.algorithms.ECAlgorithm.to_jwk(signing.key.public_key())) | {"alg": "ES256"},
        "ES512": json.loads(jwt.algorithms.ECAlgorithm.to_jwk(curve.public_key())) | {"alg": "ES512"},
    }
    other = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(signing.key.public_key())) | {"kid": "k2"}
    await register_keys(signing, keys[algorithm] | {"kid": "k1"}, other)  # of secrets alone it could not register
    key = {"HS256": secret, "none": None, "ES512": curve}[algorithm]
    refused = await signing.ask(signed_by(signing, key, algorithm, kid="k1"))
    assert (refused["error"], refused["reason"]) == ("invalid_client", "client_assertion_invalid"), refused


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        ({"use": "enc"}, "its use is enc, not sig"),
        ({"use": ["sig"]}, "its use is an array, not sig"),
        ({"key_ops": ["sign"]}, "its key_ops do not have verify"),
        ({"key_ops": []}, "its key_ops do not have verify"),
        ({"use": "sig", "key_ops": ["encrypt", "wrapKey"]}, "its key_ops do not have verify"),
    ],
)
async def test_a_key_that_is_not_for_verifying_verifies_nothing_and_is_told_by_that(
    signing: Signing, marks: dict[str, Any], why: str
) -> None:
    """RFC 7517 §4.2, §4.3."""
    own = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(signing.key.public_key())) | {"kid": "k1", "alg": "ES256"}
    good = ec.generate_private_key(ec.SECP256R1())
    other = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(good.public_key())) | {"kid": "k2"}
    await register_keys(signing, own | marks, other | {"use": "sig", "key_ops": ["verify"]})

    refused = await signing.ask(signed_by(signing, signing.key, "ES256", kid="k1"))

    assert refused["reason"] == "client_assertion_invalid"
    assert f"fails at keys: got none for signatures ({why})" in refused["error_description"]
    assert (await signing.ask(signed_by(signing, good, "ES256", kid="k2")))["reason"] == BELIEVED


@pytest.mark.parametrize("marks", [{"use": "enc"}, {"key_ops": ["decrypt"]}, {"kty": "zzz"}])
async def test_nobody_registers_to_sign_without_a_key_for_signatures(signing: Signing, marks: dict[str, Any]) -> None:
    own = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(signing.key.public_key())) | marks
    document = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [own]}}
    answer = await signing.http.post(f"{signing.gateway.origin}/oauth/register", json=document)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert "jwks is without a key for signatures" in answer.json()["error_description"]
