"""What an answer says in its own words: the first of them, without markup, or those by which JSON says why."""

import html
import re
from http import HTTPStatus
from typing import Any

from devgw.foreign.coding import in_utf8
from devgw.foreign.json import JsonRefused, read_object

_MARKUP = re.compile(
    rb"<(?:script|style)\b.*?(?:</(?:script|style)\s*>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*(?:>|\Z)", re.DOTALL | re.IGNORECASE
)
"""What begins and has no end reaches to the end: else each of ten thousand beginnings would look for its own."""
_TITLE = re.compile(rb"<title[^<>]*>([^<]*)</title>", re.IGNORECASE)
_STATUS = re.compile(
    rb"\W*(?:(?:http |status )?(?:error|status)?\W*)?(?:[1-5]\d\d)?\W*(?:"
    + "|".join(re.escape(each.phrase) for each in HTTPStatus).encode()
    + rb"|(?:internal |application |client )?(?:server )?error)?\W*(?:[1-5]\d\d)?\W*",
    re.IGNORECASE,
)
"""A title that says a status and no more: what is the matter stands below it."""
_MOST = 160
_WHY = (
    *("error_description", "detail", "message", "Message", "msg", "faultstring", "error_msg", "title", "reason"),
    *("errorSummary", "errorMessage"),
    *("error", "errors", "fault"),
)
"""Members that say why, the most telling first (RFC 6749 §5.2, RFC 9457 §3.1, JSON-RPC 2.0 §5.1; and what is usual)."""

_LONG = re.compile(r"(?![a-z]{1,20}(?:_[a-z]{1,20}){1,9}(?![\w~+/.-]))[A-Za-z0-9_~+/.-]{24,}=*")
"""What only a secret is as long as; names of members such as `token_endpoint_auth_method` are none."""
_NAMED = re.compile(
    r"((?:token|secret|password|verifier|assertion|jwt|cookie|authorization|(?:api|access|private)[_-]?key)"
    r"(?:\\*[\"']\s?:\s?|[=>]))"
    r"(?!null\b)(?:\\+\".*?(?:\\+\"|\Z)|\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[\[{].*|[^\s,&<>}\]\"'\\]+)",
    re.IGNORECASE,
)
"""A member or parameter that is a secret by its name, however short, and whatever form it stands in."""
EXCERPT = 300
_TITLED = 60
"""Characters of a title, where more than that stands below it."""


def beginning_of(content: bytes) -> str:
    """Return the first words of a page or text, no markup: its title, which may be a brand's, and what stands below."""
    content = in_utf8(content)
    title = _TITLE.search(content)
    if title is None:
        return _cut(_plain(content))
    named, below = _plain(title.group(1)), _plain(content[: title.start()] + b" " + content[title.end() :])
    if below[: len(named)].casefold() == named.casefold():
        return _cut(below)
    if not below or _STATUS.fullmatch(named.encode()):
        return _cut(f"{named} {below}")
    return _cut(f"{named[:_TITLED].rstrip()}: {below}")


def _plain(page: bytes) -> str:
    """Return the words of a page, on one line."""
    return " ".join(html.unescape(_MARKUP.sub(b" ", page).decode("utf-8", "replace")).split())


def words_of(content: bytes) -> str:
    """Return why an answer says no: the member that says so where it is a JSON object, else how it begins.

    Of an object that does not say why, all is cut out that is like a secret.
    """
    return reason_in(content) or _cut(excerpt(content))


def excerpt(body: bytes) -> str:
    """Return the beginning of a foreign answer as it may be shown: on one line, anything like a secret cut out."""
    text = " ".join(in_utf8(body)[: EXCERPT * 4].decode("utf-8", "replace").split())
    return _LONG.sub("…", _NAMED.sub(r"\1…", text))[:EXCERPT]


def reason_in(content: bytes) -> str:
    """Return the same, and nothing of a JSON object that does not say why: what it has may be secret."""
    try:
        return _cut(_why(read_object(in_utf8(content))))
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
