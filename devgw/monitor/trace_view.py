"""A trace as a row, as a detail with its secrets masked, as a command, and one secret of it on purpose."""

import shlex

from devgw.entropy import ACCESS_PREFIX, fingerprint
from devgw.events.trace import Headers, Trace
from devgw.foreign.text import clean_lines
from devgw.ids import TokenId
from devgw.monitor import bodies
from devgw.monitor.details import HeaderView, PhaseView, TraceDetail
from devgw.monitor.event_words import path_of
from devgw.monitor.masking import mask_client_id, mask_form, mask_header, mask_sentence, mask_shapes, mask_url
from devgw.monitor.moments import stamp
from devgw.monitor.rows import TraceRow

_HOP = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "expect"})


def row_of(trace: Trace, flow_id: str = "", seq: int = 0) -> TraceRow:
    """Return the row of a trace."""
    row = TraceRow(trace.id, stamp(trace.started_at), trace.method, path_of(trace), trace.status)
    row.ms, row.upstream_ms = round(trace.duration_ms, 2), round(trace.upstream_ms, 2)
    row.size, row.request_size = trace.response_body.size, trace.request_body.size
    row.kind, row.flow_id, row.seq = trace.kind, flow_id, seq
    row.client, row.client_id = mask_sentence(trace.client_name or ""), mask_client_id(trace.client_id or "")
    row.transaction_id, row.operation_id = trace.transaction_id or "", trace.operation_id or ""
    row.token_id, row.grant_id = trace.token_id or "", trace.grant_id or ""
    row.session_id, row.subject_id = trace.session_id or "", trace.subject_id or ""
    row.mcp_method, row.capability = mask_sentence(trace.mcp_method or ""), mask_sentence(trace.capability or "")
    row.protocol_version, row.outcome = mask_sentence(trace.protocol_version or ""), trace.outcome
    row.failure_origin, row.reason_code = trace.failure_origin or "", trace.reason_code or ""
    row.diagnosis_id = trace.diagnosis_id or ""
    row.note = mask_sentence(note_of(trace))
    return row


def note_of(trace: Trace) -> str:
    """Return what a request was, or why it was refused, in a few words."""
    if trace.reason_code:
        return trace.reason_code.replace("_", " ")
    if trace.mcp_method:
        return f"{trace.mcp_method} {trace.capability or ''}".strip()
    if 300 <= trace.status < 400:
        return "→ " + bodies.find(trace.response_headers, b"location").partition("?")[0]
    return trace.notes[0] if trace.notes else ""


def token_shown(trace: Trace) -> TokenId | None:
    """Return the id of the access token that a request showed, good or not, where it looks like one of ours."""
    scheme, _, token = trace.header(b"authorization").partition(" ")
    is_ours = scheme.lower() == "bearer" and token.startswith(ACCESS_PREFIX)
    return TokenId(f"at:{fingerprint(token)}") if is_ours else None


def detail_of(trace: Trace, flow_id: str = "", seq: int = 0) -> TraceDetail:
    """Return a trace opened."""
    detail = TraceDetail(row_of(trace, flow_id, seq), url=f"{trace.scheme}://{trace.host}{path_of(trace)}")
    detail.http_version, detail.peer = trace.http_version, trace.peer
    detail.phases = [PhaseView(each.name, round(each.start_ms, 3), round(each.duration_ms, 3)) for each in trace.phases]
    detail.request_headers = _headers(trace.request_headers, "request.header")
    detail.response_headers = _headers(trace.response_headers, "response.header")
    detail.request_body = bodies.view(trace.request_headers, trace.request_body, "request.body")
    detail.response_body = bodies.view(trace.response_headers, trace.response_body, "response.body")
    detail.places = list(_query(trace))
    detail.upstream_url, detail.upstream_status = mask_url(trace.upstream_url or ""), trace.upstream_status or 0
    detail.explanation, detail.hint = mask_sentence(trace.explanation or ""), mask_sentence(trace.hint or "")
    detail.notes = [mask_sentence(each) for each in trace.notes]
    detail.curl = curl_of(trace)
    return detail


def _headers(headers: Headers, place: str) -> list[HeaderView]:
    shown = []
    for index, (raw_name, raw_value) in enumerate(headers):
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        masked = mask_header(name, value)
        shown.append(HeaderView(mask_shapes(name), masked, f"{place}.{index}" if masked != value else ""))
    return shown


def _query(trace: Trace) -> dict[str, str]:
    places: dict[str, str] = {}
    mask_form(trace.query.decode("latin-1"), "request.query", places.__setitem__)
    return places


def secret_at(trace: Trace, place: str) -> tuple[str, str] | None:
    """Return the secret at `place` with its fingerprint, or None where nothing is masked there."""
    where, _, rest = place.partition(".")
    part, _, index = rest.partition(".")
    if part == "header" and index.isdecimal():
        headers = trace.request_headers if where == "request" else trace.response_headers
        found = headers[int(index)][1].decode("latin-1") if int(index) < len(headers) else None
    else:
        found = _secrets(trace).get(place)
    return (found, fingerprint(found)[:4]) if found is not None else None


def _secrets(trace: Trace) -> dict[str, str]:
    return (
        _query(trace)
        | bodies.secrets(trace.request_headers, trace.request_body, "request.body")
        | bodies.secrets(trace.response_headers, trace.response_body, "response.body")
    )


def curl_of(trace: Trace) -> str:
    """Return the request as a command for a shell, its secrets as `$DEVGW_TOKEN` or masked."""
    parts = [
        "curl -sS",
        f"-X {shlex.quote(trace.method)}",
        shlex.quote(f"{trace.scheme}://{trace.host}{path_of(trace)}"),
    ]
    for raw_name, raw_value in trace.request_headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name not in _HOP and not name.startswith(":"):
            parts.append(_curl_header(name, value))
    body = bodies.view(trace.request_headers, trace.request_body, "request.body")
    return clean_lines(" ".join([*parts, "--data-raw", shlex.quote(body.text)] if body.text else parts))


def _curl_header(name: str, value: str) -> str:
    if name == "authorization":
        scheme, space, _ = value.partition(" ")
        return f'-H "authorization: {scheme if space and scheme.isalpha() else "Bearer"} $DEVGW_TOKEN"'
    return "-H " + shlex.quote(f"{mask_shapes(name)}: {mask_header(name, value)}")
