"""Which words of a provider speak against the gateway's redirect URI, and which only mention one."""

import pytest

from devgw.problems.redirect_words import is_against_redirect, named_instead

_ANY_GRANT = (
    "The provided authorization grant (e.g., authorization code) or refresh token is invalid, expired, revoked, does "
    "not match the redirection URI used in the authorization request, or was issued to another client."
)
SENT = "http://localhost:9000/oauth/callback"


@pytest.mark.parametrize(
    "words",
    [
        f"AADSTS50011: The redirect URI '{SENT}' specified in the request does not match those of the application 'x'.",
        "AADSTS50011: The reply URL specified in the request does not match the reply URLs configured",
        "AADSTS500113: No reply address is registered for the application.",
        "Callback URL mismatch. The provided redirect_uri is not in the list of allowed callback URLs",
        "Callback URL mismatch.",
        "Invalid parameter: redirect_uri",
        "Incorrect redirect_uri",
        "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings",
        "Invalid redirect URI.",
        "redirect_uri mismatch",
        "This is not a valid redirect URI.",
        "Mismatching redirect URI.",
        "The redirect_uri didn't match",
        "The redirect_uri MUST match the registered callback URL for this application.",
        "No registered redirect URI matches",
        "The URL in redirect_uri is not whitelisted",
    ],
)
@pytest.mark.parametrize("error", ["server_error", "invalid_grant", "invalid_request", "unauthorized_client"])
def test_words_against_the_redirect_uri_are_known_whatever_code_stands_beside_them(error: str, words: str) -> None:
    assert is_against_redirect(error, words)


@pytest.mark.parametrize(
    "error", ["redirect_uri_mismatch", "invalid_redirect_uri", "redirect_mismatch", "invalid_callback_url"]
)
def test_a_code_against_the_redirect_uri_needs_no_words(error: str) -> None:
    assert is_against_redirect(error, "")


@pytest.mark.parametrize("error", ["access_denied", "consent_required", "login_required", "interaction_required"])
def test_a_no_to_a_person_is_none_to_the_redirect_uri(error: str) -> None:
    assert not is_against_redirect(error, "The redirect_uri is fine, but the user is not allowed")


@pytest.mark.parametrize(
    "words",
    [
        _ANY_GRANT,
        "The code 'x' has expired or is invalid.",
        "PKCE verification failed",
        "The code_verifier does not match; redirect_uri is http://localhost/callback",
        "You will be redirected to the redirect_uri",
        "The user is not assigned to the client application.",
        "Malformed auth code.",
        "Look at the callback URL. The user is not allowed.",
        "The person was not found. Go back to the redirect URI",
        "",
    ],
)
@pytest.mark.parametrize("error", ["invalid_grant", "invalid_request", "access_denied"])
def test_words_that_list_other_causes_or_only_mention_a_redirect_uri_name_none(error: str, words: str) -> None:
    """RFC 6749 §5.2 has one sentence for all that may be wrong with a grant, and servers repeat it."""
    assert not is_against_redirect(error, words)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("expected http://127.0.0.1:9000/oauth/callback.", "http://127.0.0.1:9000/oauth/callback"),
        ("registered: 'http://localhost:9000/cb'", "http://localhost:9000/cb"),
        ("https://app.example/oauth/callback is what is allowed", "https://app.example/oauth/callback"),
        (f"The redirect URI '{SENT}' does not match; see https://aka.ms/redirectUriMismatchError", ""),
        ("see https://user:secret@localhost/oauth/callback", ""),
        ("nothing", ""),
    ],
)
def test_the_callback_that_words_name_is_another_than_what_was_sent_and_no_page_of_documentation(
    words: str, named: str
) -> None:
    assert named_instead(words, SENT) == named
