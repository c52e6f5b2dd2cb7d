"""What a kept request weighs, and how it is made light: strangers decide how long bodies and heads are."""

from devgw.events.trace import Body, Headers, Trace

_SHORT_HEAD = 4_096
"""Bytes of headers that are kept for as long as the row itself: browsers and MCP clients send a kilobyte or two."""

_SHORT_URL = 1_024
"""Characters of a path, and bytes of a query, that are kept as long as that."""


def weight_of(trace: Trace) -> int:
    """Return how many bytes of bodies, headers and its URL a request keeps."""
    upstream = trace.upstream_body
    bodies = len(trace.request_body.content) + len(trace.response_body.content)
    return bodies + _heads(trace) + len(trace.path) + len(trace.query) + (len(upstream.content) if upstream else 0)


def lighten(trace: Trace) -> None:
    """Let a request lose its bodies, whose sizes stay known, and its headers where these are long."""
    trace.request_body, trace.response_body = _emptied(trace.request_body), _emptied(trace.response_body)
    trace.upstream_body = _emptied(trace.upstream_body) if trace.upstream_body else None
    trace.path, trace.query = trace.path[:_SHORT_URL], trace.query[:_SHORT_URL]
    if _heads(trace) > _SHORT_HEAD:
        trace.request_headers = trace.response_headers = trace.upstream_headers = []
        trace.notes.append("Its headers were long, and are kept no longer.")


def _emptied(body: Body) -> Body:
    return Body(size=body.size)


def _heads(trace: Trace) -> int:
    return _length(trace.request_headers) + _length(trace.response_headers) + _length(trace.upstream_headers)


def _length(headers: Headers) -> int:
    return sum(len(name) + len(value) for name, value in headers)
