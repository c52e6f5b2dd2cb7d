"""How two URLs differ, component by component: each difference with its kind, its words and the two stretches."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from devgw.diagnosis.urls import DEFAULT_PORTS, LOOPBACK_NAMES, Span, UrlParts
from devgw.foreign.text import is_hidden


def shown(text: str) -> str:
    """Return `text` as it may stand in a template: printable, not endless, its braces doubled."""
    plain = "".join(f"\\u{{{ord(sign):x}}}" if is_hidden(sign) or not sign.isprintable() else sign for sign in text)
    short = plain if len(plain) <= 120 else plain[:119] + "…"
    return short.replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True, slots=True)
class Part:
    """One difference between two URLs."""

    kind: str
    """`scheme`, `host_alias`, `port`, `trailing_slash`, …: see `advice.py` for them all."""
    words: str
    """What differs, as the middle of a sentence, with `{got}` and `{expected}` for who says which."""
    got: Span
    expected: Span


def compare(got: UrlParts, expected: UrlParts) -> Iterator[Part]:
    """Yield what differs, from the left to the right."""
    yield from _scheme(got, expected)
    if got.user.text != expected.user.text:
        yield Part("userinfo", "the part before `@` differs", got.user, expected.user)
    yield from _host(got, expected)
    yield from _port(got, expected)
    yield from _path(got.path, expected.path)
    yield from _optional("query", "?", got.query, expected.query)
    yield from _optional("fragment", "#", got.fragment, expected.fragment)


def _scheme(got: UrlParts, expected: UrlParts) -> Iterator[Part]:
    one, other = got.scheme, expected.scheme
    if one.text == other.text:
        return
    if one.text.lower() == other.text.lower():
        yield Part("case", "upper and lower case of the scheme differ", one, other)
    elif not one.text or not other.text:
        side = "{got}" if not one.text else "{expected}"
        yield Part("scheme", f"the scheme is missing from what {side}", one, other)
    else:
        yield Part("scheme", f"{{got}} {shown(one.text)}, {{expected}} {shown(other.text)}", one, other)


def _host(got: UrlParts, expected: UrlParts) -> Iterator[Part]:
    if got.host.text == expected.host.text:
        return
    kind, words = _host_kind(got.host.text, expected.host.text)
    yield Part(kind, words, got.host, expected.host)


def _host_kind(one: str, other: str) -> tuple[str, str]:
    """Return kind and words for two hosts that are not equal."""
    low, other_low = one.strip("[]").lower(), other.strip("[]").lower()
    if low == other_low:
        return "case", "upper and lower case of the host differ"
    if low in LOOPBACK_NAMES and other_low in LOOPBACK_NAMES:
        return (
            "host_alias",
            f"{{got}} {one}, {{expected}} {other}: two names of this machine, but two different strings",
        )
    if _punycode(low) == _punycode(other_low):
        return "punycode", "one host is written in Unicode and the other in its ASCII form (punycode)"
    if low.strip(".").removeprefix("www.") == other_low.strip(".").removeprefix("www."):
        return "host", f"{{got}} host {shown(one)}, {{expected}} {shown(other)}: a dot or `www.` too many"
    if one_letter_apart(low, other_low):
        return "one_letter", f"{{got}} host {shown(one)}, {{expected}} {shown(other)}: {_letters(low, other_low)}"
    return "host", f"{{got}} host {shown(one) or '(none)'}, {{expected}} {shown(other) or '(none)'}"


def _punycode(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _port(got: UrlParts, expected: UrlParts) -> Iterator[Part]:
    one, other = got.port, expected.port
    if one.text == other.text:
        return
    if got.effective_port == expected.effective_port and one.text + other.text in DEFAULT_PORTS.values():
        yield Part(
            "default_port",
            f"one of the two writes the port {shown(one.text or other.text)} that is meant anyway",
            one,
            other,
        )
        return
    yield Part("port", f"{{got}} {_port_words(one)}, {{expected}} {_port_words(other)}", one, other)


def _port_words(port: Span) -> str:
    return f"port {shown(port.text)}" if port.text else "no port"


def _path(one: Span, other: Span) -> Iterator[Part]:
    if one.text == other.text:
        return
    kind, words = _path_kind(one.text, other.text)
    if kind == "trailing_slash":
        yield Part(kind, words, _tail(one), _tail(other))
    else:
        yield Part(kind, words, one, other)


def _tail(span: Span) -> Span:
    """Return the slash at the end of `span`, or the empty place where it would stand."""
    return Span(span.end - 1, "/") if span.text.endswith("/") else Span(span.end, "")


def _path_kind(one: str, other: str) -> tuple[str, str]:
    """Return kind and words for two paths that are not equal."""
    if one.rstrip("/") == other.rstrip("/"):
        with_it = "{got}" if len(one) > len(other) else "{expected}"
        return "trailing_slash", f"only the value that {with_it} ends in a slash"
    return _encoding_kind(one, other) or _spelling_kind(one, other)


def _encoding_kind(one: str, other: str) -> tuple[str, str] | None:
    """Return kind and words where the two paths mean the same once they are decoded."""
    if "%25" in one + other and unquote(unquote(one)) == unquote(unquote(other)):
        twice = "{got}" if unquote(one) != unquote(unquote(one)) else "{expected}"
        return "double_encoding", f"the value that {twice} is percent-encoded twice"
    if unquote(one) == unquote(other):
        return "percent_encoding", "the same path is percent-encoded in two ways"
    return None


def _spelling_kind(one: str, other: str) -> tuple[str, str]:
    """Return kind and words for two paths that mean different things."""
    if one.lower() == other.lower():
        return "case", "upper and lower case of the path differ"
    if one.replace("//", "/") == other.replace("//", "/"):
        return "path", "a slash stands twice in one of the two paths"
    if one.rstrip("/") == "" or other.rstrip("/") == "":
        bare = "{got}" if one.rstrip("/") == "" else "{expected}"
        return (
            "path_missing",
            f"the value that {bare} has no path, the other has {shown(max(one, other, key=len))}",
        )
    if one_letter_apart(one, other):
        return "one_letter", f"{{got}} path {shown(one)}, {{expected}} {shown(other)}: {_letters(one, other)}"
    return "path", f"{{got}} path {shown(one)}, {{expected}} {shown(other)}"


def _optional(kind: str, sign: str, one: Span, other: Span) -> Iterator[Part]:
    """Yield the difference of a query or a fragment."""
    if one.text == other.text:
        return
    if one.text and other.text:
        yield Part(
            kind,
            f"the {kind} differs: {{got}} {sign}{shown(one.text)}, {{expected}} {sign}{shown(other.text)}",
            one,
            other,
        )
        return
    has = "{got}" if one.text else "{expected}"
    yield Part(kind, f"only the value that {has} carries the {kind} {sign}{shown(one.text or other.text)}", one, other)


def _letters(one: str, other: str) -> str:
    """Return in words how two strings differ that are one slip of a key apart."""
    if len(one) != len(other):
        return "one character is too many or missing"
    differing = sum(a != b for a, b in zip(one, other, strict=True))
    return "one character differs" if differing == 1 else "two characters are swapped"


def one_letter_apart(one: str, other: str) -> bool:
    """Tell whether one character replaced, added, dropped or swapped with its neighbour makes them equal."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, other_rest = one[start:], other[start:]
    swapped = rest[:2] == other_rest[:2][::-1] and rest[2:] == other_rest[2:]
    return swapped or rest[1:] == other_rest[1:] or rest[1:] == other_rest or rest == other_rest[1:]
