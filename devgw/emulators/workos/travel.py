"""How an answer travels: as JSON in the order in which it was made, or as a page under a strict policy."""

import json
from collections.abc import Mapping
from typing import Any

from quart import Response, render_template, request

from devgw.emulators.workos.answers import JsonAnswer

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; img-src data:"


def respond(answer: JsonAnswer) -> Response:
    """Return `answer` as an HTTP response."""
    reason = {"X-Emulator-Reason": answer.reason} if answer.reason else {}
    if answer.body is None:
        return Response(b"", answer.status, reason | answer.headers)
    return json_response(answer.status, answer.body, reason | answer.headers)


def json_response(status: int, body: Mapping[str, Any] | str, headers: Mapping[str, str] | None = None) -> Response:
    """Return `body` as JSON, its members in their own order, or as it is where it is text."""
    text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    content_type = "text/html; charset=utf-8" if isinstance(body, str) else "application/json; charset=utf-8"
    return Response(text, status, {"Content-Type": content_type, "Vary": "Origin, Accept-Encoding", **(headers or {})})


def redirect(location: str) -> Response:
    """Return a 302 with the body that WorkOS sends."""
    return Response(f"Found. Redirecting to {location}", 302, {"Location": location, "Content-Type": "text/plain"})


async def page(
    template: str, status: int = 200, *, leads_away: bool = False, has_form: bool = False, **facts: object
) -> Response:
    """Return the page `template`.

    `leads_away` is for pages whose form ends in a redirect to the application: Chrome applies `form-action` to every
    redirect that follows, and the last may lead to a native client's own scheme, so that page has none. `has_form` is
    for pages whose form stays here.
    """
    policy = _POLICY if leads_away else f"{_POLICY}; form-action '{'self' if has_form else 'none'}'"
    headers = {
        "Content-Security-Policy": policy,
        "Content-Type": "text/html; charset=utf-8",
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    return Response(await render_template(template, **facts), status, headers)


def comes_from_elsewhere(*own_origins: str) -> bool:
    """Tell whether a page of another origin sent this request: its browser says so."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and origin not in own_origins
