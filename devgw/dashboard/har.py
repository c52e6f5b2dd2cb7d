"""Traces as an HTTP archive (HAR 1.2), secrets masked as they came from the gateway."""

from collections.abc import Iterable, Mapping
from typing import Any

from devgw import __version__
from devgw.clock import from_epoch
from devgw.control.messages import BodyView, HeaderView, TraceDetail, TraceRow


def har(rows: Iterable[TraceRow], details: Mapping[str, TraceDetail | None], origin: str) -> dict[str, Any]:
    """Return the archive of `rows`, oldest first."""
    entries = [_entry(row, details.get(row.id), origin) for row in sorted(rows, key=lambda each: each.at)]
    return {"log": {"version": "1.2", "creator": {"name": "devgw", "version": __version__}, "entries": entries}}


def _entry(row: TraceRow, detail: TraceDetail | None, origin: str) -> dict[str, Any]:
    url = detail.url if detail and detail.url else origin + row.path
    version = f"HTTP/{detail.http_version if detail else '1.1'}"
    return {
        "startedDateTime": from_epoch(row.at).isoformat(),
        "time": row.ms,
        "request": {
            "method": row.method,
            "url": url,
            "httpVersion": version,
            "cookies": [],
            "headers": _headers(detail.request_headers if detail else []),
            "queryString": [],
            "headersSize": -1,
            "bodySize": row.request_size,
            **({"postData": _posted(detail.request_body)} if detail and detail.request_body.text else {}),
        },
        "response": {
            "status": row.status,
            "statusText": "",
            "httpVersion": version,
            "cookies": [],
            "headers": _headers(detail.response_headers if detail else []),
            "content": _content(detail.response_body if detail else None, row),
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": row.size,
        },
        "cache": {},
        "timings": {
            "send": 0,
            "wait": row.upstream_ms or row.ms,
            "receive": max(0.0, row.ms - (row.upstream_ms or row.ms)),
        },
        "comment": row.note,
    }


def _headers(headers: list[HeaderView]) -> list[dict[str, str]]:
    return [{"name": each.name, "value": each.value} for each in headers]


def _posted(body: BodyView) -> dict[str, str]:
    return {"mimeType": body.media_type, "text": body.text}


def _content(body: BodyView | None, row: TraceRow) -> dict[str, Any]:
    if body is None:
        return {"size": row.size, "mimeType": ""}
    return {"size": body.size, "mimeType": body.media_type, "text": body.text}
