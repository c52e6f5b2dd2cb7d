"""Which keys of a published set verify signatures: those of an algorithm that signs, and no key for encryption."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa

from devgw.oauth.client_members import check_keys
from devgw.oauth.jwk import find_fault, why_not_verifying

RSA: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(generate_rsa(65_537, 2048).public_key()))
EC: dict[str, Any] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(generate_private_key(SECP256R1()).public_key()))
RSA.pop("key_ops", None)
EC.pop("key_ops", None)


@pytest.mark.parametrize(
    "algorithm", ["RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-512", "RSA1_5", "PS", "RS", "ES25", "HS256"]
)
def test_a_key_for_encryption_verifies_nothing_and_is_no_fault_beside_one_that_signs(algorithm: str) -> None:
    key = RSA | {"alg": algorithm}
    assert why_not_verifying(key) == f"its alg is {algorithm}, by which nothing is signed"
    assert find_fault({"keys": [key, EC]}) is None
    check_keys({"jwks": {"keys": [key, EC]}}, "private_key_jwt")


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS512"])
def test_an_rsa_key_of_an_algorithm_that_signs_verifies(algorithm: str) -> None:
    assert why_not_verifying(RSA | {"alg": algorithm}) == ""


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES256K", "EdDSA", "Ed25519", "Ed448"])
def test_a_key_on_a_curve_of_an_algorithm_that_signs_verifies(algorithm: str) -> None:
    assert why_not_verifying(EC | {"alg": algorithm}) == ""
