"""A kept body as text to be shown: decoded, pretty where it is JSON, with its secrets masked and their places named."""

import json
import zlib
from typing import Any

from devgw.events.trace import Body, Headers
from devgw.foreign.json import JsonRefused, read_json
from devgw.monitor.details import BodyView
from devgw.monitor.masking import mask_form, mask_json, mask_text

FORM = "application/x-www-form-urlencoded"
SHOWN = 64 * 1024
"""Characters of a body that a view carries."""


def find(headers: Headers, name: bytes) -> str:
    """Return the first header called `name` (lower case), or an empty string."""
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


def decoded(headers: Headers, body: Body) -> bytes:
    """Return what was kept of a body without its content coding, as far as it can be undone."""
    coding = find(headers, b"content-encoding").strip().lower()
    if coding not in {"gzip", "x-gzip", "deflate"}:
        return body.content
    try:
        return zlib.decompressobj(wbits=47).decompress(body.content, 4 * SHOWN)
    except zlib.error:
        return b""


def view(headers: Headers, body: Body, place: str) -> BodyView:
    """Return a body as it may be shown; `place` is `request.body` or `response.body`."""
    media_type = find(headers, b"content-type").partition(";")[0].strip().lower()
    content = decoded(headers, body)
    shown = BodyView(size=body.size, media_type=media_type, truncated=body.truncated)
    try:
        text = content.decode("utf-8", "replace" if body.truncated else "strict")
    except UnicodeDecodeError:
        shown.binary = True
        return shown
    if body.size and not content:
        shown.binary = True
        return shown
    places: dict[str, str] = {}
    shown.text = _masked(text, media_type, place, places)[:SHOWN]
    shown.places = list(places)
    return shown


def secrets(headers: Headers, body: Body, place: str) -> dict[str, str]:
    """Return the masked values of a body by place, and the whole text under `place` itself."""
    media_type = find(headers, b"content-type").partition(";")[0].strip().lower()
    text = decoded(headers, body).decode("utf-8", "replace")
    places: dict[str, str] = {}
    _masked(text, media_type, place, places)
    return places


def _masked(text: str, media_type: str, place: str, places: dict[str, str]) -> str:
    if media_type == FORM:
        return mask_form(text, place, places.__setitem__)
    if media_type == "text/event-stream":
        return "\n".join(_masked_line(line, place, places) for line in text.split("\n"))
    parsed = _parsed(text)
    if parsed is None:
        return _masked_whole(text, place, places)
    return json.dumps(mask_json(parsed, place, places.__setitem__), indent=2, ensure_ascii=False)


def _masked_line(line: str, place: str, places: dict[str, str]) -> str:
    field, colon, value = line.partition(":")
    parsed = _parsed(value) if field == "data" else None
    if parsed is None:
        return _masked_whole(line, place, places)
    return f"{field}{colon} {json.dumps(mask_json(parsed, place, places.__setitem__), ensure_ascii=False)}"


def _masked_whole(text: str, place: str, places: dict[str, str]) -> str:
    masked = mask_text(text)
    if masked != text:
        places[place] = text
    return masked


def _parsed(text: str) -> Any:
    """Return the JSON object or array that `text` is; None where it is none, or too deep to be laid out."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return read_json(text)
    except JsonRefused:
        return None
