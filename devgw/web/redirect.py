"""Where an upstream sends a request on to, and what goes along: within its origin everything, beyond it no secret.

Source: RFC 9110 §10.2.2, §15.4; Fetch, HTTP-redirect fetch (which names change on the way to another origin).
"""

from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from devgw.diagnosis.difference import explain_difference
from devgw.events.trace import Headers
from devgw.foreign.addresses import is_near, is_this_machine
from devgw.foreign.sign_in import leads_to_sign_in
from devgw.foreign.text import clean
from devgw.foreign.urls import ForeignUrl, UrlRefused, read_url
from devgw.gateway.forwarding import Forwarding, header_of
from devgw.gateway.transport import StreamedAnswer, UpstreamRequest
from devgw.problems import Refused
from devgw.problems.redirect import UpstreamLocationMalformed, UpstreamRedirected, UpstreamRedirectsHere
from devgw.problems.upstream_no_mcp import UpstreamWantsLogin
from devgw.web.call import McpCall

_MOVED, _FOUND, _SEE_OTHER = 301, 302, 303
_SHOWN = 120
_ABOUT_THE_BODY = (b"content-",)
_NO_SECRETS = frozenset(
    b"accept accept-encoding accept-language content-type user-agent last-event-id mcp-protocol-version mcp-method "
    b"mcp-name traceparent tracestate".split()
)
"""What may go to another origin: what says how to read the message, and never who sends it."""
_NO_SECRET = b"mcp-param-"
"""Begins what is copied from the message (MCP 2026-07-28), which goes along in any case."""


def redirected(call: McpCall, request: UpstreamRequest, answer: StreamedAnswer) -> UpstreamRequest:
    """Return the request that a redirect asks for.

    Raises:
        Refused: with `UpstreamLocationMalformed`, `UpstreamRedirectsHere`, `UpstreamWantsLogin`, or
            `UpstreamRedirected` where the route follows none.
    """
    target = _target(request, answer)
    if _is_here(target, call.origin):
        raise Refused(UpstreamRedirectsHere(request.url, answer.status, target.text.partition("?")[0]))
    if leads_to_sign_in(request.url, target):
        has_credential = bool(call.route.token_exchange or any(edits.set for edits in call.route.header_edits))
        shown = target.text.partition("?")[0]
        raise Refused(UpstreamWantsLogin(request.url, answer.status, "", shown, has_credential))
    difference = explain_difference(target.text, request.url, "url").sentence.rstrip(".")
    problem = UpstreamRedirected(request.url, answer.status, target.text, difference)
    if not call.route.follow_redirects:
        raise Refused(problem)
    notes = call.trace.notes
    notes.append(f"{problem.explain()} {problem.advise()}")
    request = replace(request, url=target.text)
    if target.origin != _origin_of(problem.url):
        headers = _without_secrets(call.place.forwarding, request.headers)
        notes.append(f"{target.origin} is another origin: no credential and no header of a policy went along.")
        request = replace(request, headers=headers, certificate=None, led_by=_led_by(request, answer))
    if answer.status == _SEE_OTHER or (answer.status in {_MOVED, _FOUND} and request.method == "POST"):
        notes.append(f"A redirect with {answer.status} turns {request.method} into GET, so the message was lost.")
        headers = [pair for pair in request.headers if not pair[0].startswith(_ABOUT_THE_BODY)]
        request = replace(request, method="GET", headers=headers, body=b"")
    return request


def _led_by(request: UpstreamRequest, answer: StreamedAnswer) -> str:
    """Return who led beyond the origin: who is far once is not near again because of where it redirected to."""
    if request.led_by and not is_near(request.led_by):
        return request.led_by
    return answer.peer or urlsplit(request.url).hostname or ""


def _is_here(target: ForeignUrl, origin: str) -> bool:
    """Tell whether a URL is this gateway's, which was asked under `origin`."""
    port = urlsplit(origin).port or (443 if origin.startswith("https:") else 80)
    return target.origin == origin or (target.port == port and is_this_machine(target.host))


def _target(request: UpstreamRequest, answer: StreamedAnswer) -> ForeignUrl:
    """Return where Location leads, without its fragment.

    Raises:
        Refused: with `UpstreamLocationMalformed`.
    """
    named = {value for name, value in answer.headers if name == b"location"}
    written = header_of(answer.headers, b"location")
    try:
        location = written.decode("utf-8" if _is_utf8(written) else "latin-1")
        if len(named) > 1:
            raise UrlRefused("there are several that differ")
        return read_url(urljoin(request.url, location).partition("#")[0])
    except ValueError as error:
        shown = clean(written.decode("latin-1"), _SHOWN)
        raise Refused(UpstreamLocationMalformed(request.url, answer.status, shown, str(error))) from error


def _origin_of(url: str) -> str:
    """Return the origin of a URL, which may be the developer's: with a user name in it, or a fragment."""
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode() if not url.isascii() else parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return ForeignUrl(url, parts.scheme, host, port, parts.path, parts.query).origin


def _is_utf8(written: bytes) -> bool:
    try:
        written.decode()
    except UnicodeDecodeError:
        return False
    return True


def _without_secrets(forwarding: Forwarding, headers: Headers) -> Headers:
    """Return what another origin may see: nothing that a policy set, whatever its name, and nobody's credential."""
    of_policies = {name for put, _ in forwarding.edits for name, _, _ in put}
    return [
        (name, value)
        for name, value in headers
        if name not in of_policies and (name in _NO_SECRETS or name.startswith(_NO_SECRET))
    ]
