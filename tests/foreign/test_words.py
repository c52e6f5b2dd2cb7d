"""What an answer says in its own words: its title where that says more than a status, else what stands below it."""

import time

import pytest

from devgw.foreign.words import words_of


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<title>Error</title><pre>Cannot POST /mcp</pre>", "Error Cannot POST /mcp"),
        (b"<title>403 Forbidden</title><p>CSRF verification failed.</p>", "403 Forbidden CSRF verification failed."),
        (b"<TITLE>Bad Request</TITLE><h2>Bad Request - Invalid Hostname</h2>", "Invalid Hostname"),
        (b"<title>HTTP Status 404 - Not Found</title><p>No route for /mcp</p>", "No route for /mcp"),
        (b"<title>500 Internal Server Error</title><p>pool exhausted</p>", "pool exhausted"),
        (b"<title>Sign in to the portal</title><p>Welcome", "Sign in to the portal"),
        (b"<title>Making sure you&#39;re not a bot!</title>", "Making sure you're not a bot!"),
        (b"<title>404 for tenant acme</title><p>x", "404 for tenant acme"),
        (b"<title></title><p>Only this", "Only this"),
        (b'{"fault":{"faultstring":"Quota limit exceeded","detail":{"errorcode":"x"}}}', "Quota limit exceeded"),
        (b'{"error_msg":"404 Route Not Found"}', "404 Route Not Found"),
        (b'{"errorCode":"E0000011","errorSummary":"Invalid token provided"}', "Invalid token provided"),
        (b'{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out"}', "Task timed out"),
    ],
)
def test_the_words_that_say_what_is_the_matter_are_found(body: bytes, words: str) -> None:
    assert words in words_of(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<title>Sign in</title><p>more", "Sign in: more"),
        (b"<title>Acme</title><h1>Your account is suspended</h1>", "Acme: Your account is suspended"),
        (b"<title>Acme Cloud Platform</title><p>Token revoked", "Acme Cloud Platform: Token revoked"),
        (
            b"<html><head><title>Acme &middot; Console</title></head><body><p>Quota used up",
            "Acme \xb7 Console: Quota used up",
        ),
        (b"<title>No such tenant</title><h1>No such tenant</h1><p>Ask your admin", "No such tenant Ask your admin"),
        (b"<title>Acme</title><script>var a = '<p>x'</script><div id=root></div>", "Acme"),
        (
            b"<title>Acme</title><!-- Acme is fine --><style>p{}</style><p>Down for maintenance",
            "Acme: Down for maintenance",
        ),
        (b"<title>" + b"Acme " * 40 + b"</title><p>Tenant disabled", "Tenant disabled"),
    ],
)
def test_a_title_that_may_be_a_brand_hides_nothing_that_stands_below_it(body: bytes, words: str) -> None:
    assert words_of(body).endswith(words)


@pytest.mark.parametrize(
    "body",
    [
        b'{"headers":{"authorization":"Bearer hunter2secretkey"}}',
        b'{"access_token":"hunter2","token_type":"x"}',
        b'{"a":1,"echo":{"x-api-key":"hunter2-and-more"}}',
        b'{"client_secret":"hunter2"}',
    ],
)
def test_an_object_that_says_no_reason_shows_no_secret_by_its_name(body: bytes) -> None:
    assert "hunter2" not in words_of(body)
    assert words_of(body)


@pytest.mark.parametrize("piece", [b" ", b"error ", b"4", b"<title>", b"not found "])
def test_a_long_title_is_read_once(piece: bytes) -> None:
    began = time.monotonic()
    words_of(b"<title>" + piece * 20_000 + b"</title>")
    assert time.monotonic() - began < 0.3
