"""Bodies made readable: JSON indented, forms one field a line, streams one message after the other."""

import json
from urllib.parse import parse_qsl

from devgw.dashboard.look.line import Line, line, wrap
from devgw.foreign.json import JsonRefused, read_json
from devgw.foreign.text import clean

_KEPT = 65_536


def pretty(text: str, media_type: str, width: int) -> list[Line]:
    """Return a body as lines."""
    if not text:
        return []
    if "x-www-form-urlencoded" in media_type:
        return _form(text, width)
    if "event-stream" in media_type:
        return _stream(text, width)
    return _json(text, width) or _text(text, width)


def _text(text: str, width: int, look: str = "") -> list[Line]:
    return [one for each in text[:_KEPT].split("\n") for one in wrap(each.expandtabs(4).rstrip("\r"), width, look)]


def _form(text: str, width: int) -> list[Line]:
    lines: list[Line] = []
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = wrap(value, max(8, width - len(name) - 2))
        lines += [line((f"{clean(name)}: ", "dim"), *first), *rest]
    return lines


def _json(text: str, width: int) -> list[Line]:
    if text.lstrip()[:1] not in {"{", "["}:
        return []
    try:
        value = read_json(text)
    except JsonRefused:
        return []
    return [one for each in json.dumps(value, indent=2, ensure_ascii=False).split("\n") for one in _member(each, width)]


def _member(text: str, width: int) -> list[Line]:
    """Return one line of indented JSON, its name dimmed."""
    indent = len(text) - len(text.lstrip())
    name, colon, value = text.partition('": ')
    if not colon or not name.lstrip().startswith('"'):
        return wrap(text, width) if len(text) > width else [((clean(text), ""),)]
    head = (clean(name + colon), "dim")
    if len(text) <= width:
        return [(head, (clean(value), ""))]
    return [(head,), *wrap(value, width, indent=" " * (indent + 2))]


def _stream(text: str, width: int) -> list[Line]:
    """Return server-sent events: each message under its event's name."""
    lines: list[Line] = []
    for number, event in enumerate(text.replace("\r\n", "\n").strip().split("\n\n"), 1):
        fields = [each.partition(":") for each in event.split("\n")]
        payload = "\n".join(value.removeprefix(" ") for name, _, value in fields if name == "data")
        others = " ".join(f"{name}:{value}" for name, _, value in fields if name and name != "data")
        lines.append(line((f"message {number}", "strong"), (f"  {clean(others)}", "dim")))
        lines += _json(payload, width) or _text(payload, width)
    return lines
