"""Token answers in all their forms: one of two ends, whatever comes."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgw.foreign.words import EXCERPT, excerpt
from devgw.oauth.token_answer import TokenAnswer, TokenQuestion, read_token_answer
from devgw.problems import Refused
from devgw.problems.base import Fault
from devgw.problems.upstream_token import TokenAnswerUnreadable, TokenRequestRefused

URL = "https://as.example/token"
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        ["access_token", "token_type", "expires_in", "refresh_token", "scope", "error", "error_description"]
    ),
    ANY_JSON | st.sampled_from(["Bearer", "t0k3n", "invalid_grant", "60", 60]),
)


def read(status: int, content_type: str, body: bytes) -> TokenAnswer | None:
    """Return what was read; None where it was refused by name."""
    try:
        return read_token_answer(TokenQuestion(URL), status, content_type, body)
    except Refused as refused:
        if isinstance(refused.problem, (TokenAnswerUnreadable, TokenRequestRefused)) and refused.problem.explain():
            return None
        raise


@given(st.integers(100, 599), st.text(max_size=40), st.binary(max_size=200))
def test_no_bytes_break_it(status: int, content_type: str, body: bytes) -> None:
    read(status, content_type, body)


@given(st.integers(200, 500), MEMBERS)
def test_no_members_break_it_and_what_is_taken_can_be_used(status: int, members: dict[str, Any]) -> None:
    answer = read(status, "application/json", json.dumps(members).encode())
    if answer is None:
        return
    assert status < 400
    assert f"Bearer {answer.access_token}".encode("ascii")
    assert answer.expires_in is None or answer.expires_in > 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (60, 60.0),
        ("60", 60.0),
        (0, None),
        (-1, None),
        ("soon", None),
        (None, None),
        (True, None),
        (1e300, None),
        (10**400, None),
        (-(10**400), None),
        ("1" * 5_000, None),
    ],
    ids=lambda each: str(each)[:12],
)
def test_a_lifetime_is_a_number_of_seconds_that_a_calendar_has(value: Any, expected: float | None) -> None:
    body = json.dumps({"access_token": "t", "expires_in": value}).encode()
    answer = read(200, "application/json", body)
    assert answer
    assert answer.expires_in == expected


@given(st.binary(max_size=2000))
def test_an_excerpt_is_one_short_line(body: bytes) -> None:
    assert len(excerpt(body)) <= EXCERPT
    assert "\n" not in excerpt(body)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"access_token": "zq7short", "refresh_token":"zq7", "token_type": "DPoP"}', '"token_type": "DPoP"'),
        (b'{"accessToken":"zq7","tokenType":"Bearer"}', '"tokenType":"Bearer"'),
        (b'{"data":{"access_token":{"value":"zq7"}}}', '"data"'),
        (b'{"access_token":"a\\"zq7","x":2}', '"x":2'),
        (b'"{\\"access_token\\":\\"zq7\\",\\"x\\":1}"', "x"),
        (b'{"client_secret": 7175557, "a": 1}', '"a": 1'),
        (b"{'id_token': 'zq7 zq7', 'a': 1}", "'a': 1"),
        (b"access_token=zq7&token_type=bearer", "token_type=bearer"),
        (b"<access_token>zq7</access_token><kind>b</kind>", "<kind>b</kind>"),
        (b'{"access_token":"zq7', "access_token"),
    ],
)
def test_an_excerpt_shows_no_secret_however_short_and_however_written(body: bytes, shown: str) -> None:
    assert "zq7" not in excerpt(body)
    assert "7175557" not in excerpt(body)
    assert shown in excerpt(body)


@pytest.mark.parametrize(
    "words",
    [
        "token_endpoint_auth_method none is not supported",
        "invalid_token: The token expired",
        '{"access_token": null, "token_type": "Bearer"}',
    ],
)
def test_an_excerpt_keeps_what_only_sounds_like_a_secret(words: str) -> None:
    assert excerpt(words.encode()) == words


@pytest.mark.parametrize("piece", [b'token="', b"\\", b'"token":', b"token=", b"a_", b'token\\":\\"'])
def test_an_excerpt_takes_no_time_by_the_square_of_a_strangers_length(piece: bytes) -> None:
    began = time.monotonic()
    excerpt(piece * 20_000)
    assert time.monotonic() - began < 0.2


@pytest.mark.parametrize("body", [b"", b"<h1>No</h1>", b'{"error": "of_its_own"}'])
@pytest.mark.parametrize(
    ("status", "name", "change", "fault"),
    [
        (408, "UPST-13", "Try again in 7 s: it waited in vain", Fault.UPSTREAM),
        (425, "UPST-13", "Try again in 7 s: it does not take a request so early", Fault.UPSTREAM),
        (407, "UPST-16", "or as.example into NO_PROXY", Fault.MACHINE),
        (421, "UPST-16", "Correct the host in token_endpoint in the provider's metadata", Fault.UPSTREAM),
    ],
)
def test_a_status_that_is_about_the_way_says_what_mends_the_way(
    status: int, name: str, change: str, fault: Fault, body: bytes
) -> None:
    """RFC 9110 §15.5.8, §15.5.9, §15.5.20; RFC 8470 §5.2: and no log of the server is pointed at."""
    with pytest.raises(Refused) as refused:
        read_token_answer(TokenQuestion(URL), status, "text/html", body, "7 s")
    problem = refused.value.problem
    assert (problem.diagnosis_id, problem.fault) == (name, fault)
    assert change in problem.advise()
    assert "own log" not in problem.advise()
