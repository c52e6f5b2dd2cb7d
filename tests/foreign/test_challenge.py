"""WWW-Authenticate as clients must read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgw.foreign.challenge import Challenge, bearer_challenge, read_challenges


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("Bearer", [Challenge("bearer")]),
        ('Bearer realm="a, b", error="x"', [Challenge("bearer", {"realm": "a, b", "error": "x"})]),
        (
            'bearer scope = "a  b" , error=invalid_token',
            [Challenge("bearer", {"scope": "a  b", "error": "invalid_token"})],
        ),
        (r'Bearer realm="say \"hi\""', [Challenge("bearer", {"realm": 'say "hi"'})]),
        (
            'Basic realm="x", Bearer resource_metadata="https://h/p?a=1,2"',
            [Challenge("basic", {"realm": "x"}), Challenge("bearer", {"resource_metadata": "https://h/p?a=1,2"})],
        ),
        ('Negotiate YII=, Bearer error="e"', [Challenge("negotiate"), Challenge("bearer", {"error": "e"})]),
        ('Bearer a="1", a="2"', [Challenge("bearer", {"a": "1"})]),
        ('DPoP algs="ES256", Bearer', [Challenge("dpop", {"algs": "ES256"}), Challenge("bearer")]),
    ],
)
def test_challenges_are_taken_apart(value: str, expected: list[Challenge]) -> None:
    """RFC 9110 §11.6.1."""
    assert list(read_challenges(value)) == expected


def test_the_bearer_challenge_that_tells_most_is_taken() -> None:
    found = bearer_challenge(['Basic realm="x"', "Bearer", 'Bearer error="e", resource_metadata="https://h/m"'])
    assert found
    assert found.resource_metadata == "https://h/m"
    assert bearer_challenge(["Basic"]) is None
    assert bearer_challenge([]) is None


@given(st.text(max_size=60))
def test_no_header_breaks_it(value: str) -> None:
    for challenge in read_challenges(value):
        assert challenge.scheme
        assert challenge.scopes is not None
