"""What a member of client metadata has to be: each fault is told by the member, what came, and what it must be."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from devgw.oauth.registration import read_client_metadata
from devgw.problems import Refused
from devgw.problems.clients import ClientMetadataInvalid, RedirectUriRefused
from tests.support.gateway import CALLBACK

ABSENT = object()
EC_KEY = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
RSA_KEY = json.loads(
    jwt.algorithms.RSAAlgorithm.to_jwk(rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key())
)
ARRAY = "an array of strings"


def without(key: dict[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in key.items() if each != name}


def refusal_of(**members: Any) -> Any:
    document = {name: value for name, value in ({"redirect_uris": [CALLBACK]} | members).items() if value is not ABSENT}
    with pytest.raises(Refused) as refused:
        read_client_metadata(document)
    return refused.value.problem


@pytest.mark.parametrize(
    ("jwks", "member", "got", "expected"),
    [
        ("https://a.example/jwks", "jwks", "a string", "an object with keys"),
        ([EC_KEY], "jwks", "an array", "an object with keys"),
        ({}, "jwks.keys", "absent", "an array of at least one public key"),
        ({"keys": []}, "jwks.keys", "empty", "an array of at least one public key"),
        ({"keys": EC_KEY}, "jwks.keys", "an object", "an array of at least one public key"),
        ({"keys": [EC_KEY, "k"]}, "jwks.keys[1]", "a string", "an object that has kty"),
        ({"keys": [without(EC_KEY, "kty")]}, "jwks.keys[0].kty", "absent", "RSA or EC or OKP"),
        ({"keys": [EC_KEY | {"kty": 1}]}, "jwks.keys[0].kty", "a number", "RSA or EC or OKP"),
        ({"keys": [without(EC_KEY, "y")]}, "jwks.keys[0].y", "absent", "as every key of kty EC has it"),
        ({"keys": [without(RSA_KEY, "e")]}, "jwks.keys[0].e", "absent", "as every key of kty RSA has it"),
        ({"keys": [RSA_KEY | {"e": 65537}]}, "jwks.keys[0].e", "a number", "as every key of kty RSA has it"),
        ({"keys": [EC_KEY | {"d": "AA"}]}, "jwks.keys[0]", "a private key (it has d)", "its public half alone"),
        ({"keys": [EC_KEY | {"x": "AA"}]}, "jwks.keys[0]", "no EC key that can be read", "crv, x, y whole"),
        ({"keys": [RSA_KEY | {"n": "%"}]}, "jwks.keys[0]", "no RSA key that can be read", "n, e whole"),
    ],
)
def test_a_key_set_is_told_by_the_place_in_it(jwks: Any, member: str, got: str, expected: str) -> None:
    """RFC 7591 §2, RFC 7517 §4, §5."""
    problem = refusal_of(jwks=jwks)
    assert isinstance(problem, ClientMetadataInvalid)
    assert (problem.member, problem.got[: len(got)]) == (member, got)
    assert expected in problem.expected
    assert member in problem.advise()


@pytest.mark.parametrize("keys", [[EC_KEY], [RSA_KEY], [EC_KEY, {"kty": "of tomorrow"}], [EC_KEY | {"use": "enc"}]])
def test_keys_are_taken_also_where_one_is_of_a_kind_that_nobody_here_knows(keys: list[Any]) -> None:
    """RFC 7517 §5."""
    assert read_client_metadata({"redirect_uris": [CALLBACK], "jwks": {"keys": keys}}).members["jwks"] == {"keys": keys}


@pytest.mark.parametrize(
    ("members", "got", "expected"),
    [
        ({"client_uri": "https:///about"}, "https:///about (it names no host)", "an absolute http(s) URL"),
        ({"tos_uri": "terms.html"}, "terms.html (it is no absolute http(s) URL)", "an absolute http(s) URL"),
        ({"policy_uri": "https://a.example/#p"}, "https://a.example/#p (it has a fragment)", "an absolute http(s) URL"),
        ({"logo_uri": "https://me@a.example/l"}, "https://me@a.example/l (it carries a user name", "or an image"),
        ({"jwks_uri": "https://"}, "https:// (it names no host)", "an absolute http(s) URL"),
        ({"jwks_uri": ["https://a.example"]}, "an array", "a string"),
        ({"application_type": 1}, "a number", "a string"),
        ({"software_version": 1.5}, "a number", "a string"),
        ({"client_name": {"en": "x"}}, "an object", "a string"),
        ({"scope": ["mcp:tools"]}, "an array", "the string mcp:tools, or no scope at all"),
        ({"token_endpoint_auth_method": ["none"]}, "an array", "none or client_secret_basic"),
        ({"token_endpoint_auth_method": True}, "true or false", "none or client_secret_basic"),
        ({"contacts": "me@a.example"}, "a string", f"{ARRAY}, with me@a.example in it"),
        ({"grant_types": "authorization_code"}, "a string", f"{ARRAY}, with authorization_code in it"),
        ({"response_types": {"code": True}}, "an object", ARRAY),
        ({"redirect_uris": CALLBACK}, "a string", f"{ARRAY}, with {CALLBACK} in it"),
        ({"redirect_uris": f"{CALLBACK} https://b.example/c"}, "a string", f"with {CALLBACK} and https://b.example/c"),
        ({"redirect_uris": f'["{CALLBACK}"]'}, "a string with an array written in it", f"with {CALLBACK} in it"),
        ({"redirect_uris": [CALLBACK, 5]}, "an array with a number in it", ARRAY),
        ({"redirect_uris": []}, "empty", "an array with at least one URI"),
        ({"redirect_uris": ABSENT}, "absent", "an array with at least one URI"),
        ({"redirect_uris": ABSENT, "redirectUris": [CALLBACK]}, "absent, but redirectUris came", "an array with"),
        ({"redirect_uris": ABSENT, "redirect_uri": CALLBACK}, "absent, but redirect_uri came", "an array with"),
        ({"redirect_uris": ABSENT, "Redirect-URIs": [CALLBACK]}, "absent, but Redirect-URIs came", "an array with"),
    ],
)
def test_a_member_is_told_by_its_name_by_what_came_and_by_what_it_must_be(
    members: dict[str, Any], got: str, expected: str
) -> None:
    """RFC 7591 §2."""
    problem = refusal_of(**members)
    assert isinstance(problem, ClientMetadataInvalid)
    assert (problem.member, problem.got[: len(got)]) == (next(iter(members)), got)
    assert expected in problem.expected
    assert problem.explain().startswith(f"{problem.member} is {problem.got}; expected ")


@pytest.mark.parametrize(
    ("uri", "rule", "instead"),
    [
        (
            f"{CALLBACK},http://localhost:1/b",
            "is several URIs joined by a comma",
            f"{CALLBACK} and http://localhost:1/b",
        ),
        (
            f"{CALLBACK} , https://b.example/c",
            "is several URIs joined by a comma",
            f"{CALLBACK} and https://b.example/c",
        ),
        (
            f"{CALLBACK} http://localhost:1/b",
            "is several URIs joined by white space",
            f"{CALLBACK} and http://localhost",
        ),
        (f"{CALLBACK};cursor://auth/cb", "is several URIs joined by a semicolon", f"{CALLBACK} and cursor://auth/cb"),
        (f"{CALLBACK}|http://localhost:1/b", "is several URIs joined by a bar", f"{CALLBACK} and http://localhost:1/b"),
        (f'["{CALLBACK}"]', "is an array written as one string", f"each as an entry of redirect_uris: {CALLBACK}"),
        (
            f'["{CALLBACK}", "http://localhost:1/b"]',
            "is an array written as one string",
            f"{CALLBACK} and http://local",
        ),
        (f'"{CALLBACK}"', "stands in quotation marks or brackets", CALLBACK),
        (f"<{CALLBACK}>", "stands in quotation marks or brackets", CALLBACK),
    ],
)
def test_several_redirect_uris_in_one_are_told_one_by_one(uri: str, rule: str, instead: str) -> None:
    problem = refusal_of(redirect_uris=[uri])
    assert isinstance(problem, RedirectUriRefused)
    assert (problem.rule, problem.diagnosis_id) == (rule, "REG-05")
    assert instead in problem.instead


@pytest.mark.parametrize(
    "uri", ["https://a.example/a,b;c", "https://a.example/?next=x,https://b.example/", "com.example.app:/a,b"]
)
def test_a_sign_inside_of_a_redirect_uri_joins_nothing(uri: str) -> None:
    assert read_client_metadata({"redirect_uris": [uri]}).redirect_uris == (uri,)
