"""The contract's names for what an event knows (`gateway.md` §10): camelCase, latency split, never a secret."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

from devgw.events.taxonomy import Event, HttpExchanged
from devgw.events.trace import Trace
from devgw.monitor.masking import mask_form, mask_json, mask_sentence

_HIDDEN = frozenset({"trace", "problem", "look"})
_OF_A_TRACE = (
    "transaction_id",
    "grant_id",
    "session_id",
    "client_id",
    "client_name",
    "operation_id",
    "subject_id",
    "token_id",
    "mcp_method",
    "capability",
    "protocol_version",
    "failure_origin",
    "reason_code",
    "explanation",
    "hint",
    "diagnosis_id",
)


@cache
def camel(name: str) -> str:
    """Return `operation_id` as `operationId`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def fields_of(event: Event) -> dict[str, Any]:
    """Return what `event` knows, by the contract's names, fit for JSON."""
    known = {camel(name): plain(value) for name, value in event.known().items() if name not in _HIDDEN}
    if isinstance(event, HttpExchanged):
        known |= _exchange(event.trace)
    return known


def _exchange(trace: Trace) -> dict[str, Any]:
    """Return the facts of an exchange, without headers and bodies."""
    query = mask_form(trace.query.decode("latin-1"))
    facts: dict[str, Any] = {
        "traceId": trace.id,
        "method": trace.method,
        "path": mask_sentence(trace.path) + (f"?{query}" if query else ""),
        "status": trace.status,
        "kind": trace.kind,
        "gatewayMs": round(trace.gateway_ms, 2),
        "upstreamMs": round(trace.upstream_ms, 2),
        "outcome": trace.outcome,
    }
    return facts | {camel(name): plain(value) for name in _OF_A_TRACE if (value := getattr(trace, name)) is not None}


def plain(value: Any) -> Any:
    """Return `value` in JSON's types, secret shapes masked."""
    match value:
        case Enum() | datetime() | float():
            return _scalar(value)
        case str():
            return mask_sentence(value)
        case tuple() | list() | frozenset() | set():
            return [plain(each) for each in value]
        case Mapping():
            return mask_json(dict(value))
    return mask_json(asdict(value)) if is_dataclass(value) and not isinstance(value, type) else value


def _scalar(value: Enum | datetime | float) -> Any:
    if isinstance(value, Enum):
        return value.value
    return round(value, 3) if isinstance(value, float) else value.isoformat()
