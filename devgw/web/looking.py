"""HEAD where GET takes a step: programs that preview links and check them look, and nothing comes of it.

The framework answers HEAD by doing what GET does and leaving the body out; a link that works once, a code and a state
would be spent by it.

Source: RFC 9110 §9.2.1 (safe methods), §9.3.2.
"""

from quart import Response, request


def answer_to_look() -> Response | None:
    """Return the answer to HEAD, before any step is taken; None where the method is another."""
    if request.method != "HEAD":
        return None
    return Response("", 200, {"Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8"})
