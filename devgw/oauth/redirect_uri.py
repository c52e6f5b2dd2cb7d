"""Which redirect URIs may be registered, and which request fits a registration.

Source: OAuth 2.1 §2.3.1, RFC 8252 §7 and §8.3, MCP authorization (Communication Security, Open Redirection).
"""

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from devgw.problems import Refused
from devgw.problems.clients import RedirectUriRefused

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
EDITOR_BROKERS = frozenset({"vscode.dev", "insiders.vscode.dev"})
FORBIDDEN_SCHEMES = frozenset({"javascript", "data", "file", "vbscript", "about", "blob"})


def check_redirect_uri(uri: str) -> None:
    """Refuse a redirect URI that must never be registered.

    `https://` anywhere, `http://` on loopback, and private-use schemes (`cursor://…`, `vscode://…`) are taken.

    Raises:
        Refused: with `RedirectUriRefused`.
    """
    parts = _split(uri)
    scheme = parts.scheme.lower()
    if scheme in FORBIDDEN_SCHEMES:
        raise Refused(
            RedirectUriRefused(
                uri,
                f"has the scheme {scheme}:, which runs or reads what it names",
                "an https:// URI, http://localhost, or the client's own scheme",
            )
        )
    if "#" in uri:
        raise Refused(RedirectUriRefused(uri, "has a fragment", uri.partition("#")[0]))
    if _has_odd_characters(uri):
        raise Refused(
            RedirectUriRefused(uri, "contains white space, a control character or a backslash", "the URI without them")
        )
    if scheme in {"http", "https"} and not parts.hostname:
        raise Refused(RedirectUriRefused(uri, "has no host", f"{scheme}://host/path"))
    if parts.username is not None or "*" in parts.netloc:
        raise Refused(RedirectUriRefused(uri, "has a user name or a wildcard in its host", "one exact host"))
    if scheme == "http" and not is_loopback(uri):
        raise Refused(
            RedirectUriRefused(
                uri,
                "is plain http:// to a host that is not loopback",
                f"https://{parts.netloc}{parts.path}, or http://localhost for development",
            )
        )


def _split(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port  # raises where it is no number
    except ValueError as error:
        raise Refused(RedirectUriRefused(uri, f"is not a URI ({error})", "an absolute URI")) from error
    if not parts.scheme or not (parts.netloc or parts.path):
        raise Refused(RedirectUriRefused(uri, "is not absolute", "scheme://host/path"))
    return parts


def is_loopback(uri: str) -> bool:
    """Tell whether `uri` leads to this machine."""
    return (urlsplit(uri).hostname or "") in LOOPBACK_NAMES


def fits(registered: str, requested: str) -> bool:
    """Tell whether a request's redirect URI fits a registered one: the same string, but for the port of loopback.

    The host names must still be the same: `localhost` is not `127.0.0.1` (RFC 8252 §7.3, OAuth 2.1 §4.1.1).
    """
    if registered == requested:
        return True
    if _has_odd_characters(requested):  # parsing would drop some of them
        return False
    try:
        one, other = urlsplit(registered), urlsplit(requested)
        ports = (one.port, other.port)
    except ValueError:
        return False
    if one.scheme != "http" or one.hostname not in LOOPBACK_NAMES or ports[0] == ports[1]:
        return False
    return _without_port(one) == _without_port(other) and "#" not in requested and other.username is None


def _has_odd_characters(uri: str) -> bool:
    """Tell whether a URI has what no URI may have, and what parsers drop or read differently."""
    return any(each <= " " or each in "\\\x7f" or each.isspace() for each in uri)


def _without_port(parts: SplitResult) -> tuple[str, str | None, str, str]:
    return parts.scheme, parts.hostname, parts.path, parts.query


def find_fitting(registered: Iterable[str], requested: str) -> str | None:
    """Return the registered URI that `requested` fits, or None."""
    return next((each for each in registered if fits(each, requested)), None)


def host_of(uri: str) -> str:
    """Return what a person should be shown: the host, without a loopback port, or the private-use scheme."""
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"}:
        return parts.hostname or ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def form_action_sources(uri: str) -> str:
    """Return the CSP sources that let a form's answer lead to `uri`, and from there to where that redirects.

    Chrome applies `form-action` to every hop of the redirect: a client's listener may go on to a page of its own, and
    vscode.dev hands over to the editor's scheme. So web schemes are allowed whole; `javascript:` and `data:` never are.
    """
    parts = urlsplit(uri)
    own = "" if parts.scheme in {"http", "https"} else f" {parts.scheme}:"
    broker = " vscode: vscode-insiders:" if parts.hostname in EDITOR_BROKERS else ""
    return f"http: https:{own}{broker}"
