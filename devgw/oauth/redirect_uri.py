"""Which redirect URIs may be registered, which request fits a registration, and what a person is shown of one.

Source: OAuth 2.1 §2.3.1, RFC 8252 §7 and §8.3, MCP authorization (Communication Security, Open Redirection).
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

from devgw.foreign.addresses import is_this_machine
from devgw.foreign.text import hidden_in
from devgw.foreign.urls import UrlRefused, read_url
from devgw.limits import Limits
from devgw.oauth.joined_uris import joined_in, joint_of, quoted_in
from devgw.oauth.redirect_scheme import WEB_SCHEMES, why_refused
from devgw.problems import Refused
from devgw.problems.clients import RedirectUriRefused

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
EDITOR_BROKERS = frozenset({"vscode.dev", "insiders.vscode.dev"})
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?\.?|[0-9a-f:]+(\.[0-9.]+)?")
_PORT = re.compile(r"[^:]+://[^/?#\[\]]*(\[[^]]*\])?:[^/?#]+")
_BARE_IPV6 = re.compile(r"[^:]+://[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:]*(/|$)")
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+:[0-9]+(/.*)?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_IPV4 = re.compile(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}")
_READ_DIFFERENTLY = frozenset("ß\u03c2\u200c\u200d")
"""What DNS names of 2003 and of 2008 spell differently: two readers see two hosts (UTS 46 §2.3)."""


class RedirectKind(StrEnum):
    """Where a redirect URI leads, by the kinds of RFC 8252 §7."""

    LOOPBACK = "loopback"
    """A port of this machine: whichever program listens there gets the answer (§7.3)."""
    WEB = "web"
    """Another machine, found by its name."""
    PRIVATE_USE = "private_use"
    """A scheme: whichever program claimed it gets the answer (§7.1)."""


def check_redirect_uri(uri: str) -> None:
    """Refuse a redirect URI to which nothing may be sent.

    `https://` anywhere, `http://` on loopback, and the private-use schemes of `redirect_scheme` are taken.

    Raises:
        Refused: with `RedirectUriRefused`.
    """
    _check_length(uri)
    _check_alone(uri)
    parts = _split(uri)
    scheme = parts.scheme.lower()
    reason = why_refused(scheme)
    if reason:
        raise Refused(RedirectUriRefused(uri, reason, _instead_of_scheme(parts)))
    if "#" in uri:
        raise Refused(RedirectUriRefused(uri, "has a fragment", uri.partition("#")[0]))
    if _has_odd_characters(uri):
        rule = "contains white space, a control or format character, or a backslash"
        raise Refused(RedirectUriRefused(uri, rule, "the URI without them"))
    if parts.username is not None or "*" in parts.netloc:
        raise Refused(RedirectUriRefused(uri, "has a user name or a wildcard in its host", "one exact host"))
    if scheme in WEB_SCHEMES:
        _check_web(uri, parts)


def _check_length(uri: str) -> None:
    if len(uri) > Limits.REDIRECT_URI_CHARACTERS:
        rule = f"is longer than {Limits.REDIRECT_URI_CHARACTERS:,} characters"
        raise Refused(RedirectUriRefused(uri[:200] + "…", rule, "a shorter one"))


def _check_alone(uri: str) -> None:
    """Refuse a list of URIs in the place of one, and what stands in quotation marks."""
    if several := joined_in(uri):
        each = " and ".join(several)
        raise Refused(RedirectUriRefused(uri, f"is {joint_of(uri)}", f"each as an entry of redirect_uris: {each}"))
    if _HOST_AND_PORT.fullmatch(uri):
        rule = "is a host and a port without a scheme in front"
        raise Refused(RedirectUriRefused(uri, rule, f"https://{uri}, or http:// on loopback"))
    if inner := quoted_in(uri):
        raise Refused(RedirectUriRefused(uri, "stands in quotation marks or brackets", inner))


def _instead_of_scheme(parts: SplitResult) -> str:
    own = "a private-use scheme that is a domain of yours reversed, such as com.example.app:/callback"
    return f"an https:// URI, http://localhost, or {own}" if parts.scheme else "scheme://host/path"


def _check_web(uri: str, parts: SplitResult) -> None:
    """Refuse a web URI whose host could be read as another one, and plain http to another machine."""
    if not parts.hostname:
        raise Refused(RedirectUriRefused(uri, "has no host", f"{parts.scheme}://host/path"))
    try:
        host = read_url(uri).host
    except UrlRefused as refused:
        raise Refused(RedirectUriRefused(uri, f"is no URL that is taken: {refused}", "a plain URL")) from refused
    if _READ_DIFFERENTLY & set(parts.hostname) or not _HOST.fullmatch(host) or _is_odd_number(host):
        rule = "has a host that browsers and DNS read differently"
        raise Refused(RedirectUriRefused(uri, rule, "the host as it stands in DNS, or 127.0.0.1"))
    if parts.scheme == "http" and not is_loopback(uri):
        raise Refused(
            RedirectUriRefused(
                uri,
                "is plain http:// to another host than localhost, 127.0.0.1 and [::1]",
                _instead_of_plain(parts),
            )
        )


def _instead_of_plain(parts: SplitResult) -> str:
    """Return what may be registered instead of plain http to another machine, or to no address at all."""
    port = f":{parts.port}" if parts.port else ""
    here = f"http://localhost{port}{parts.path} for development"
    return here if parts.hostname == "0.0.0.0" else f"https://{parts.netloc}{parts.path}, or {here}"  # noqa: S104


def _is_odd_number(host: str) -> bool:
    """Tell whether a browser would take a host for an IPv4 address that is not written as one (WHATWG URL §3.5)."""
    last = host.rstrip(".").rpartition(".")[2]
    return _NUMBER.fullmatch(last) is not None and _IPV4.fullmatch(host) is None


def _split(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port  # raises where it is no number
    except ValueError as error:
        raise Refused(RedirectUriRefused(uri, *_broken(uri, error))) from error
    if not parts.scheme or not (parts.netloc or parts.path):
        if (decoded := unquote(uri)).startswith(("http://", "https://")):
            raise Refused(RedirectUriRefused(uri, "is percent-encoded", decoded))
        raise Refused(RedirectUriRefused(uri, "is not absolute", "scheme://host/path"))
    return parts


def _broken(uri: str, error: ValueError) -> tuple[str, str]:
    """Return the rule that a URI breaks which cannot be taken apart, and what to register instead."""
    if _PORT.search(uri) is None:
        return f"is not a URI ({error})", "an absolute URI"
    if _BARE_IPV6.match(uri):
        return (
            "has an IPv6 address without brackets",
            "it with the address in brackets, as in http://[::1]:8080/callback",
        )
    instead = "it with a port from 1 to 65535, in digits"
    return "has a port that is no number up to 65535", f"{instead}; on loopback the port of the login may be another"


def is_loopback(uri: str) -> bool:
    """Tell whether `uri` leads to this machine."""
    return (urlsplit(uri).hostname or "") in LOOPBACK_NAMES


def kind_of(uri: str) -> RedirectKind:
    """Return where a redirect URI that was taken leads."""
    parts = urlsplit(uri)
    if parts.scheme not in WEB_SCHEMES:
        return RedirectKind.PRIVATE_USE
    return RedirectKind.LOOPBACK if is_this_machine(parts.hostname or "") else RedirectKind.WEB


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
    return any(each == "\\" or each.isspace() for each in uri) or bool(hidden_in(uri))


def _without_port(parts: SplitResult) -> tuple[str, str | None, str, str]:
    return parts.scheme, parts.hostname, parts.path, parts.query


def find_fitting(registered: Iterable[str], requested: str) -> str | None:
    """Return the registered URI that `requested` fits, or None."""
    return next((each for each in registered if fits(each, requested)), None)


def with_port_of(requested: str, registered: str) -> str:
    """Return `registered` as it would fit `requested`: a loopback port is the client's own affair (RFC 8252 §7.3)."""
    try:
        port = urlsplit(requested).port
        parts = urlsplit(registered)
    except ValueError:
        return registered
    if not (is_loopback(requested) and is_loopback(registered)) or parts.scheme != "http":
        return registered
    host = parts.netloc.rpartition("]")[0] + "]" if "]" in parts.netloc else parts.netloc.partition(":")[0]
    return parts._replace(netloc=f"{host}:{port}" if port else host).geturl()


def check_not_own(uris: Iterable[str], own_callback: str) -> None:
    """Refuse a redirect URI at which the identity provider answers the gateway: the client would never see its code.

    Raises:
        Refused: with `RedirectUriRefused`.
    """
    if found := next((each for each in uris if leads_to(each, own_callback)), ""):
        rule = "is the callback at which the identity provider answers the gateway"
        raise Refused(RedirectUriRefused(found, rule, "a URI at which the client itself listens"))


def leads_to(uri: str, place: str) -> bool:
    """Tell whether a redirect URI is `place`, by whatever name of loopback."""
    try:
        one, other = urlsplit(uri), urlsplit(place)
        same = (one.scheme, one.port, one.path) == (other.scheme, other.port, other.path)
    except ValueError:
        return False
    return same and (one.hostname == other.hostname or (is_loopback(uri) and is_loopback(place)))


def host_of(uri: str) -> str:
    """Return what a person should be shown: the host in ASCII, without a loopback port, or the private-use scheme."""
    parts = urlsplit(uri)
    if parts.scheme in WEB_SCHEMES:
        return read_url(uri).host
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def in_ascii(uri: str) -> str:
    """Return a URI with its host as it stands in DNS: letters that look like others are not seen as those."""
    if uri.isascii():
        return uri
    try:
        parts, host = urlsplit(uri), read_url(uri).host
    except ValueError:  # an id that is no URL, or another scheme
        return uri
    if (parts.hostname or "").isascii():
        return uri
    port = f":{parts.port}" if parts.port is not None else ""
    return parts._replace(netloc=f"{host}{port}").geturl()


def form_action_sources(uri: str) -> str:
    """Return the CSP sources that let a form's answer lead to `uri`, and from there to where that redirects.

    Chrome applies `form-action` to every hop of the redirect: a client's listener may go on to a page of its own, and
    vscode.dev hands over to the editor's scheme. So web schemes are allowed whole; `javascript:` and `data:` never are.
    """
    parts = urlsplit(uri)
    own = "" if parts.scheme in WEB_SCHEMES else f" {parts.scheme}:"
    broker = " vscode: vscode-insiders:" if parts.hostname in EDITOR_BROKERS else ""
    return f"http: https:{own}{broker}"
