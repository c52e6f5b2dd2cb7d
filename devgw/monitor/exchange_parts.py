"""An exchange taken apart, so that it can be laid beside the same one of another attempt.

Of what is another in each attempt by its nature (codes, challenges, ids) only that it is there is compared, and so of
what is masked; lengths and dates are left out.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from devgw.events.flow import FlowMessage, Step
from devgw.foreign.json import JsonRefused, read_object
from devgw.monitor.asked import Purpose, purpose_at, step_of
from devgw.monitor.bodies import FORM
from devgw.monitor.details import BodyView, HeaderView, MessageView, TraceDetail

_OWN = frozenset(
    {
        "state", "nonce", "code", "code_challenge", "code_verifier", "csrf", "id", "jti", "iat", "exp", "nbf",
        "client_id_issued_at", "client_secret_expires_at", "registration_client_uri", "progressToken", "trace_id",
        "transaction",
    }
)  # fmt: skip
"""Names of what each attempt has for itself."""
_NOISE = frozenset(
    {
        "content-length", "date", "etag", "connection", "keep-alive", "traceparent", "tracestate", "x-request-id",
        "accept-encoding", "if-none-match", "last-modified", "set-cookie", "mcp-session-id", "user-agent",
        "priority", "cache-control", "pragma", "transfer-encoding", "vary", "server", "content-security-policy",
    }
)  # fmt: skip
"""Headers that say nothing of why an attempt went as it did; the user agent stands with the flow."""
_ANSWERED = frozenset({"www-authenticate", "location", "content-type", "mcp-protocol-version", "allow", "retry-after"})
_MASK = re.compile(r"…#[0-9a-f]{4}")
_IDS = re.compile(r"(?<![A-Za-z0-9])([tgs]-)[0-9a-f]{12,}")
"""Of transactions, grants and sessions: names of cookies have them too."""
_MOST, _DEEPEST = 300, 5
"""Parts of one message, and how deep its body is taken apart."""
_REGISTERED = "dcr:"
HEADER = " header"
"""Behind the name of a part that is one."""


@dataclass(frozen=True, slots=True)
class ExchangeParts:
    """One exchange: what it was for, and what both sides said, by name."""

    trace_id: str
    key: tuple[str, ...]
    """Equal for exchanges that can be laid beside each other."""
    label: str
    """`POST /oauth/token`."""
    step: str
    status: int
    request: dict[str, str]
    answer: dict[str, str]


def parts_of(detail: TraceDetail, messages: Iterable[MessageView | FlowMessage]) -> ExchangeParts:
    """Return an exchange taken apart; the messages of its flow tell to which step it belongs."""
    row, path = detail.row, detail.row.path.partition("?")[0]
    purpose = purpose_of(detail)
    step = next((str(each.step) for each in messages if each.trace_id == row.id and each.step), "")
    return ExchangeParts(
        row.id,
        _key(detail, purpose, path),
        f"{row.method} {path}" + (f" {row.mcp_method}" if row.mcp_method else ""),
        step or str(step_of(purpose) or Step.DISCOVER),
        row.status,
        dict(_first(_request(detail, path))),
        dict(_first(_answer(detail, purpose))),
    )


def purpose_of(detail: TraceDetail) -> Purpose:
    """Return what an exchange was for."""
    return Purpose.MCP if detail.row.kind == "mcp" else purpose_at(detail.row.path.partition("?")[0])


def _key(detail: TraceDetail, purpose: Purpose, path: str) -> tuple[str, ...]:
    if purpose is Purpose.MCP:
        has_token = any(each.name.lower() == "authorization" for each in detail.request_headers)
        return str(purpose), detail.row.mcp_method, "token" if has_token else ""
    if "/.well-known/" in path:
        return str(purpose), path.partition("/.well-known/")[2].partition("/")[0]
    return (str(purpose), detail.row.method) if purpose is not Purpose.OTHER else (str(purpose), path)


def _first(parts: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the parts that can be compared, bounded."""
    for number, (name, value) in enumerate(parts):
        if number == _MOST:
            return
        yield name, "…" if name.rpartition(".")[2] in _OWN else _comparable(name, value)


def _comparable(name: str, value: str) -> str:
    """Return a value without what is its attempt's own in it."""
    if name == "client_id" and value.startswith(_REGISTERED):
        return f"{_REGISTERED}…"
    if name == f"cookie{HEADER}":
        value = " ".join(sorted(each.partition("=")[0].strip() for each in value.split(";")))
    return _IDS.sub(r"\1…", _MASK.sub("…", value))


def _request(detail: TraceDetail, path: str) -> Iterator[tuple[str, str]]:
    yield "path", path
    yield from parse_qsl(detail.row.path.partition("?")[2], keep_blank_values=True)
    yield from _body(detail.request_body)
    yield from _headers(detail.request_headers, lambda name: name not in _NOISE)


def _answer(detail: TraceDetail, purpose: Purpose) -> Iterator[tuple[str, str]]:
    yield "status", str(detail.row.status)
    yield from _headers(detail.response_headers, lambda name: name in _ANSWERED)
    if purpose is not Purpose.MCP or detail.row.status >= 400:  # what a tool said is no part of a login
        yield from _body(detail.response_body)


def _headers(headers: Iterable[HeaderView], is_told: Any) -> Iterator[tuple[str, str]]:
    for each in headers:
        name = each.name.lower()
        if is_told(name):
            value = each.value.partition("?")[0] if name == "location" else each.value
            yield f"{name}{HEADER}", value


def _body(body: BodyView) -> Iterator[tuple[str, str]]:
    """Yield what a body says, by name; one that says nothing by name says nothing here."""
    if body.media_type == FORM:
        yield from parse_qsl(body.text, keep_blank_values=True)
        return
    try:
        yield from _members(read_object(body.text), "", 0)
    except JsonRefused:
        return


def _members(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, each in value.items():
            yield from _members(each, f"{name}.{key}" if name else key, depth + 1)
        return
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        yield name, " ".join(value)
        return
    yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
