"""Which redirect URIs may be registered, which a registered one matches, and how two differ.

Source: WorkOS docs, "Redirect URIs" (AuthKit and SSO).
"""

import re
from difflib import SequenceMatcher
from urllib.parse import SplitResult, urlsplit

from devgw.emulators.workos_seed import Mode, Seed

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_PORT_WILDCARD = re.compile(r"^(https?://(?:localhost|127\.0\.0\.1|\[::1\])):\*(/.*)?$")
_HOST_WILDCARD = re.compile(r"^(https?://[A-Za-z0-9_-]*)\*([A-Za-z0-9_-]*\.[^/*:]+(?::\d+)?(?:/[^*]*)?)$")
_DANGEROUS_SCHEMES = frozenset({"javascript", "data", "file", "vbscript", "blob", "about"})
_PUBLIC_SUFFIXES = frozenset(
    {
        *("ngrok-free.app", "ngrok-free.dev", "ngrok.app", "ngrok.io", "trycloudflare.com", "loca.lt"),
        *("vercel.app", "netlify.app", "herokuapp.com", "github.io", "pages.dev", "workers.dev", "fly.dev"),
        *("onrender.com", "web.app", "firebaseapp.com", "azurewebsites.net", "amazonaws.com", "cloudfront.net"),
        *("run.app", "replit.app", "co.uk"),
    }
)


def matches(registered: str, sent: str) -> bool:
    """Tell whether `sent` is `registered`, string for string but for a wildcard."""
    if "*" not in registered:
        return sent == registered
    if found := _PORT_WILDCARD.match(registered):
        pattern = re.escape(found[1]) + r":\d{1,5}" + re.escape(found[2] or "")
    elif found := _HOST_WILDCARD.match(registered):
        pattern = re.escape(found[1]) + "[A-Za-z0-9_-]+" + re.escape(found[2])
    else:
        return False
    return re.fullmatch(pattern, sent) is not None


def takes(seed: Seed, client_id: str, redirect_uri: str) -> bool:
    """Tell whether the file registers `redirect_uri` for the client id, itself or by a wildcard."""
    found = (each for each in seed.environments if each.client_id == client_id)
    return any(matches(uri, redirect_uri) for each in found for uri in each.redirect_uris)


def why_it_cannot_be_registered(uri: str, mode: Mode) -> str | None:
    """Return what speaks against registering `uri` in an environment of `mode`, or None."""
    parts = _split(uri.replace(":*", ":0"))
    if parts is None or not parts.scheme or not (parts.netloc or parts.path.strip("/")):
        return "It is not an absolute URI."
    refusals = (
        (parts.scheme.lower() in _DANGEROUS_SCHEMES, f"The scheme {parts.scheme}: is not allowed."),
        (any(character <= " " for character in uri), "It contains a space or a control character."),
        (bool(parts.fragment) or uri.endswith("#"), "A redirect URI has no fragment."),
        (not uri.isascii(), "International host names are registered in punycode (xn--…)."),
    )
    if reason := next((reason for applies, reason in refusals if applies), None):
        return reason
    if mode == "production" and (reason := _why_not_in_production(parts)):
        return reason
    return _why_not_this_wildcard(uri, mode) if "*" in uri else None


def _why_not_in_production(parts: SplitResult) -> str | None:
    host = _host(parts)
    if host == "127.0.0.1" and parts.scheme == "http":
        return None
    if host in ("localhost", "[::1]"):
        return "A production environment takes no localhost; the one exception is http://127.0.0.1."
    if parts.scheme == "http":
        return "A production environment takes https only; the one exception is http://127.0.0.1."
    return None


def _why_not_this_wildcard(uri: str, mode: Mode) -> str | None:
    if uri.count("*") > 1:
        return "Only one * is allowed."
    if _PORT_WILDCARD.match(uri):
        return None
    found = _HOST_WILDCARD.match(uri)
    if not found:
        return "A * stands in the left-most host label, or for the port of a loopback address."
    if mode == "production" and uri.startswith("http:"):
        return "In production a * needs https."
    parent = re.split(r"[/:]", found[2].partition(".")[2])[0]
    if "." not in parent or parent in _PUBLIC_SUFFIXES:
        return f"*.{parent} is open to everybody: a * is not allowed directly under a public suffix."
    return None


def nearest(sent: str, registered: list[str]) -> str | None:
    """Return the registered URI that looks most like `sent`, or None where none is registered."""
    return max(registered, key=lambda uri: SequenceMatcher(None, sent, uri).ratio(), default=None)


def differences(sent: str, registered: str) -> list[str]:
    """Return, in words, each part in which `sent` differs from `registered`."""
    ours, theirs = _split(sent), _split(registered.replace("*", "0"))
    if ours is None or theirs is None:
        return ["what was sent is not a URI"]
    parts = [
        ("scheme", ours.scheme, theirs.scheme),
        ("host", _host(ours), _host_as_written(registered) if "*" in registered else _host(theirs)),
        ("port", _port(ours), "*" if _PORT_WILDCARD.match(registered) else _port(theirs)),
        ("path", ours.path, theirs.path),
        ("query", ours.query, theirs.query),
    ]
    differing = [part for part in parts if part[1] != part[2] and part[::2] != ("port", "*")]
    return [_in_words(*part) for part in differing]


def _in_words(name: str, sent: str, registered: str) -> str:
    if name == "path" and sent.rstrip("/") == registered.rstrip("/"):
        return "the trailing slash: " + ("sent with one" if sent.endswith("/") else "registered with one")
    if {sent, registered} <= set(LOOPBACK):
        return f"the host: {sent} and {registered} are the same machine, but different strings"
    return f"the {name}: {sent or 'none'} was sent, {registered or 'none'} is registered"


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    name = parts.hostname or ""
    return f"[{name}]" if ":" in name else name


def _host_as_written(registered: str) -> str:
    return re.sub(r":(\d+|\*)$", "", registered.partition("://")[2].partition("/")[0])


def _port(parts: SplitResult) -> str:
    if parts.port is not None:
        return str(parts.port)
    return {"http": "80", "https": "443"}.get(parts.scheme, "")
