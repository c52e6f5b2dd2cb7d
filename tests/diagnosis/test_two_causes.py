"""Advice where a server's words leave two causes open names both, and advice never contradicts what came."""

import pytest

from devgw.problems.endpoint import EndpointAnswersPage, EndpointKind
from devgw.problems.provider import ProviderCodeRefused


@pytest.mark.parametrize(
    "words",
    [
        "The code is invalid, expired, or does not match the redirect URI or code_verifier",
        "PKCE verification failed",
        "invalid code challenge",
    ],
)
def test_words_of_pkce_leave_it_open_that_the_code_is_old(words: str) -> None:
    advice = ProviderCodeRefused("https://idp.example/token", "invalid_grant", words).advise()
    assert "Set browserLogin.pkce" in advice
    assert "if it is not" in advice
    assert "start the connection again; a code works once, for some minutes" in advice


def test_words_without_pkce_say_to_begin_anew() -> None:
    advice = ProviderCodeRefused("https://idp.example/token", "invalid_grant", "It has expired").advise()
    assert advice.startswith("Start the connection again; a code works once")
    assert "pkce" not in advice


@pytest.mark.parametrize("miscoded", ["it is in UTF-16", "it is packed with gzip once more than it says"])
def test_json_in_other_bytes_is_to_be_written_in_others_and_is_no_page(miscoded: str) -> None:
    facts = "https://as.example/token", EndpointKind.TOKEN, "the authorization server", 200, "", ""
    problem = EndpointAnswersPage(*facts, media_type="application/json", miscoded=miscoded)
    assert miscoded in problem.explain()
    assert "write JSON in UTF-8, packed only as its Content-Encoding says" in problem.advise()
    assert "answer as JSON" not in problem.advise()
    assert "its words" not in problem.advise()
