"""Which words beside `invalid_client` are about the way of authentication: not those about the secret or the client."""

from time import process_time

import pytest

from devgw.problems.authentication_words import is_against_way

CAUSES = "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method)."  # noqa: E501  as it is sent
BEHIND = "The OAuth 2.0 Client supports client authentication method 'client_secret_basic', but method 'client_secret_post' was requested."  # noqa: E501  as it is sent


@pytest.mark.parametrize(
    "words",
    [
        "The client_secret in the request body does not match.",
        "Client secret mismatch (auth method client_secret_post)",
        "Client secret mismatch, authentication method client_secret_post",
        "The client secret does not match for authentication method client_secret_post",
        "Client is disabled; authentication method client_secret_post",
        "Client is disabled for authentication method client_secret_post",
        "The client was suspended: auth method client_secret_post",
        "Authentication method client_secret_post failed because the secret does not match",
        "The client_secret in the body was not sent",
        "client secret in the form is wrong",
        CAUSES,
        CAUSES.replace("(", "").replace(")", ""),
        "Client authentication failed, e.g. an unsupported authentication method",
    ],
)
def test_what_is_said_of_the_secret_or_the_client_is_not_of_the_way(words: str) -> None:
    assert not is_against_way("invalid_client", words)
    assert not is_against_way("invalid_client", words.upper())


@pytest.mark.parametrize(
    "words",
    [
        f"{CAUSES} {BEHIND}",
        f"{CAUSES.replace('(', '').replace(')', '')} {BEHIND}",
        f"{CAUSES} {BEHIND} You must configure the OAuth 2.0 client's 'token_endpoint_auth_method' value.",
        f"{CAUSES} The authentication method client_secret_post is not supported.",
        f"{BEHIND} (e.g. of another client)",
        "client_secret_post: not allowed",
        "client_secret_post is disabled for this client",
        "Auth method mismatch",
        "Authentication method does not match the registered one",
        "This client does not allow client_secret_post",
        "The client is not allowed to use client_secret_post",
        "The client_secret in the request body is not accepted",
        "Credentials in the form must not be sent",
        "The request does not match token_endpoint_auth_method",
    ],
)
def test_what_is_said_of_the_way_is_of_the_way(words: str) -> None:
    assert is_against_way("invalid_client", words)
    assert not is_against_way("invalid_grant", words)


@pytest.mark.parametrize(
    "repeated", ["(", "(a", "e.g.", "(e.g.", "secret ", "auth method ", "not allowed ", "client is ", "unknown client "]
)
def test_long_words_are_read_in_a_moment(repeated: str) -> None:
    begun = process_time()
    is_against_way("invalid_client", repeated * (64 * 1024 // len(repeated)))
    assert process_time() - begun < 5
