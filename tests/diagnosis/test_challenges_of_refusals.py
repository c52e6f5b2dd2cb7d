"""A challenge is read by its grammar, and not by whether a word stands anywhere in it (RFC 9110 §11.6.1)."""

import pytest

from devgw.problems.foreign_token import DpopProofRefused, UpstreamAsksOtherwise
from devgw.problems.upstream_answered import Answered
from devgw.problems.upstream_by_status import refusal_of
from devgw.problems.upstream_credential import Shown, UpstreamCredentialRefused, asks_for_no_token

URL = "https://mcp.example/mcp"


def refused(challenge: str) -> object:
    return refusal_of(Answered(URL, 401, headers={"www-authenticate": challenge}))


@pytest.mark.parametrize(
    ("challenge", "error"),
    [
        ("DPoP error=invalid_dpop_proof", "invalid_dpop_proof"),
        ('DPoP error = "use_dpop_nonce", algs="ES256"', "use_dpop_nonce"),
        ('Bearer realm="x", DPoP algs="ES256", error=use_dpop_nonce', "use_dpop_nonce"),
        ('dpop error="invalid_dpop_proof"', "invalid_dpop_proof"),
    ],
)
def test_an_error_of_a_proof_is_found_however_it_is_written(challenge: str, error: str) -> None:
    found = refused(challenge)
    assert isinstance(found, DpopProofRefused)
    assert found.error_code == error


@pytest.mark.parametrize(
    "challenge",
    [
        r'DPoP error="invalid_token", error_description="not error=\"use_dpop_nonce\""',
        'DPoP previous_error="invalid_dpop_proof", error="invalid_token"',
        'DPoP algs="ES256", error="invalid_dpop_proof_or_token"',
    ],
)
def test_a_word_that_is_no_error_of_a_challenge_is_none(challenge: str) -> None:
    assert not isinstance(refused(challenge), DpopProofRefused)


@pytest.mark.parametrize(
    "challenge", ['Basic realm="bearer tokens are not taken"', 'Digest realm="dpop", nonce="x"', "X-Bearer-Key k=1"]
)
def test_a_name_of_a_token_in_a_realm_asks_for_none(challenge: str) -> None:
    assert asks_for_no_token(challenge)
    assert isinstance(refused(challenge), UpstreamAsksOtherwise)


@pytest.mark.parametrize(
    ("challenge", "names_metadata"),
    [
        ('Basic realm="x", Bearer resource_metadata="https://h/m"', True),
        ('Bearer error_description="send resource_metadata"', False),
    ],
)
def test_what_to_attach_goes_by_the_bearer_challenge_wherever_it_stands(challenge: str, names_metadata: bool) -> None:
    advice = UpstreamCredentialRefused(URL, challenge, "", Shown.NOTHING, True).advise()
    assert "mcp-token-exchange-inbound" in advice
    assert ("names no resource_metadata" in advice) is not names_metadata
