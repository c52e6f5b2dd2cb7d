"""What an answer says in its own words: the first of them, without markup, or those by which JSON says why."""

import re
from typing import Any

from devgw.foreign.json import JsonRefused, read_object

_MARKUP = re.compile(
    rb"<(?:script|style)\b.*?(?:</(?:script|style)\s*>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*(?:>|\Z)", re.DOTALL | re.IGNORECASE
)
"""What begins and has no end reaches to the end: else each of ten thousand beginnings would look for its own."""
_TITLE = re.compile(rb"<title[^<>]*>([^<]*)</title>", re.IGNORECASE)
_MOST = 160
_WHY = ("error_description", "detail", "message", "Message", "msg", "title", "reason", "error", "errors")
"""Members that say why, the most telling first (RFC 6749 §5.2, RFC 9457 §3.1, JSON-RPC 2.0 §5.1; and what is usual)."""


def beginning_of(content: bytes) -> str:
    """Return the first words of a page or text: its title where it has one, else what stands in it, no markup."""
    title = _TITLE.search(content)
    text = title.group(1) if title and title.group(1).strip() else _MARKUP.sub(b" ", content)
    return _cut(text.decode("utf-8", "replace"))


def words_of(content: bytes) -> str:
    """Return why an answer says no: the member that says so where it is a JSON object, else how it begins."""
    return reason_in(content) or beginning_of(content)


def reason_in(content: bytes) -> str:
    """Return the same, and nothing of a JSON object that does not say why: what it has may be secret."""
    try:
        return _cut(_why(read_object(content)))
    except JsonRefused:
        return beginning_of(content)


def _why(value: Any, depth: int = 3) -> str:
    """Return the text that says why, of an object or of the first of a list."""
    if isinstance(value, str) or depth == 0:
        return value if isinstance(value, str) else ""
    if isinstance(value, list):
        return _why(value[0], depth - 1) if value else ""
    found = (_why(value[name], depth - 1) for name in _WHY if name in value) if isinstance(value, dict) else iter(())
    return next(filter(str.strip, found), "")


def _cut(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _MOST else words[: _MOST - 1] + "…"
