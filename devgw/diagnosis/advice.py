"""What to change, for each kind of difference and each kind of thing that differs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """The two sides of a comparison, in the words of what is compared."""

    noun: str
    got: str
    """Verb phrase of the side that arrived: `the client sent`."""
    expected: str
    """Verb phrase of the side that it is measured against: `registered is`."""
    value_got: str
    """The same as the end of `the value that …`."""
    value_expected: str
    change: str
    """Which of the two is the one to change, and where."""


SUBJECTS: dict[str, Subject] = {
    "redirect_uri": Subject(
        "redirect URI",
        "the client sent",
        "registered is",
        "was sent",
        "is registered",
        "Register exactly {got}, or let the client send {expected}.",
    ),
    "callback_uri": Subject(
        "redirect URI",
        "the gateway sends",
        "registered is",
        "the gateway sends",
        "is registered",
        "Add exactly {got} at the identity provider.",
    ),
    "token_redirect_uri": Subject(
        "redirect URI",
        "the token request sent",
        "the code was issued for",
        "the token request sent",
        "the code was issued for",
        "Send at the token endpoint the very string of the authorization request: {expected}.",
    ),
    "issuer": Subject(
        "issuer",
        "found",
        "expected is",
        "was found",
        "was expected",
        "Make both the same string; clients compare issuers byte for byte. Change {got} to {expected}.",
    ),
    "resource": Subject(
        "resource",
        "the client asked for",
        "the route is",
        "was asked for",
        "the route has",
        "Let the client use {expected}, the `resource` of the protected resource metadata.",
    ),
    "published_resource": Subject(
        "resource",
        "found",
        "expected is",
        "was found",
        "was expected",
        "Let `resource` be {expected}, the URL that clients are given.",
    ),
    "origin": Subject(
        "origin",
        "the request came under",
        "the gateway's own is",
        "was used",
        "is the gateway's own",
        "Use {expected} in the client, or make {got} the gateway's `origin` in devgw.toml.",
    ),
    "attempt": Subject("value", "this one has", "the other has", "this one has", "the other has", ""),
    "url": Subject("URL", "found", "expected is", "was found", "was expected", "Change {got} to {expected}."),
}

SPECIAL: dict[tuple[str, str], str] = {
    ("redirect_uri", "port"): (
        "The client listens on another port than the one it registered. On a loopback host the port should not count "
        "(RFC 8252 §7.3); else pin the client's callback port to {expected_port}, or register again."
    ),
    ("redirect_uri", "host_alias"): (
        "localhost and 127.0.0.1 are two strings: register both forms, or set the client's callback host to "
        "{expected_host}."
    ),
    ("redirect_uri", "scheme"): "Register the form with {got_scheme}, or let the client send {expected_scheme}.",
    ("redirect_uri", "double_encoding"): (
        "Something between the client and here encoded the URI a second time: encode it once, when the query is built."
    ),
    ("redirect_uri", "percent_encoding"): "Encode it once and in the same way in both places; strings are compared.",
    ("redirect_uri", "fragment"): "A redirect URI must not have a fragment (RFC 6749 §3.1.2): drop it.",
    ("callback_uri", "host_alias"): (
        "Add {got} at the identity provider as well: it compares strings, and localhost is not 127.0.0.1 to it."
    ),
    ("callback_uri", "port"): "Add {got} at the identity provider, or start devgw with --port {expected_port}.",
    ("resource", "trailing_slash"): "Leave the slash at the end away: {expected} (RFC 8707 §2 as MCP reads it).",
    ("resource", "path_missing"): (
        "The client named the origin instead of the route: it must send the `resource` of the metadata, {expected}."
    ),
    ("resource", "host_alias"): "Use the same loopback name in the client's URL as in the metadata: {expected}.",
    ("resource", "fragment"): "A resource must not have a fragment (RFC 8707 §2): drop it.",
    ("issuer", "trailing_slash"): "Take the slash away from one of the two, so that both read {expected}.",
    ("issuer", "host_alias"): "Use one loopback name from the first request to the last: {expected_host}.",
    ("origin", "host_alias"): "Use one name everywhere: {expected}. Cookies and issuers are bound to the host's name.",
}

GENERAL: dict[str, str] = {
    "whitespace": "Take the blank or line break away; it was probably copied along.",
    "quotes": "Take away what is quoted with; it is part of the value now.",
    "placeholder": "The placeholder was never replaced: set the variable, then start again.",
    "one_letter": "One character is mistyped: copy the value instead of typing it.",
    "punycode": "Write the host in its ASCII form (xn--…) in both places.",
    "case": "Write both in the same case; strings are compared byte for byte.",
    "default_port": "Leave the default port out of both.",
}


def advise(subject: str, kind: str, values: dict[str, str]) -> str:
    """Return the one change that makes the two equal."""
    template = SPECIAL.get((subject, kind)) or GENERAL.get(kind) or SUBJECTS[subject].change
    return template.format_map(values)
