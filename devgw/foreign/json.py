"""One reader of foreign JSON (RFC 8259): bounded in size and depth, and unambiguous.

Two readers of one text must not understand different things, so a member that stands twice is refused: what we check
is what the other side acts on.
"""

import json
import math
from typing import Any

from devgw.settings import Limits


class JsonRefused(ValueError):  # noqa: N818  it reads as what happened
    """The text is no JSON that is taken; the message says why, in a few words that may be shown.

    Attributes:
        limit: the name of the limit in `settings.Limits` that it passes; empty where it is no JSON at all.
    """

    def __init__(self, why: str, limit: str = "") -> None:
        super().__init__(why)
        self.limit = limit


def read_json(content: bytes | str, *, most_bytes: int = Limits.JSON_BYTES, most_depth: int = Limits.JSON_DEPTH) -> Any:
    """Return the value of `content`.

    Args:
        content: UTF-8 where it is bytes, with or without a mark of byte order: no reader may guess another encoding.
        most_bytes: bytes (characters of a str) that it may have.
        most_depth: arrays and objects that may stand inside one another.

    Raises:
        JsonRefused: where it is too long or too deep, no JSON, names a member twice, or holds a number that is none.
    """
    if len(content) > most_bytes:
        raise JsonRefused(f"it is longer than {most_bytes:,} bytes", "JSON_BYTES")
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_refuse_constant, parse_float=_read_float)
    except RecursionError:
        raise _too_deep(most_depth) from None
    except JsonRefused:
        raise
    except ValueError as error:  # a UnicodeDecodeError and an integer of too many digits are such
        raise JsonRefused(f"it is no JSON: {error}") from error
    if _may_be_deep(content, most_depth):
        _check_depth(value, most_depth)
    return value


def read_object(
    content: bytes | str, *, most_bytes: int = Limits.JSON_BYTES, most_depth: int = Limits.JSON_DEPTH
) -> dict[str, Any]:
    """Return the members of the object in `content`.

    Raises:
        JsonRefused: as `read_json`, and where it is another kind of value.
    """
    value = read_json(content, most_bytes=most_bytes, most_depth=most_depth)
    if not isinstance(value, dict):
        raise JsonRefused(f"it is {_kind(value)}, not an object")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonRefused(f"the member {_repeated(pairs)[:40]!r} stands twice in one object")
    return members


def _repeated(pairs: list[tuple[str, Any]]) -> str:
    """Return the first name that comes again; one pass, however many there are."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _refuse_constant(name: str) -> Any:
    raise JsonRefused(f"{name} is no JSON number")


def _read_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise JsonRefused("a number is too large")
    return value


def _may_be_deep(content: bytes | str, most_depth: int) -> bool:
    """Tell whether there are brackets enough; counting them costs nothing beside parsing."""
    if isinstance(content, bytes):
        return content.count(b"[") + content.count(b"{") > most_depth
    return content.count("[") + content.count("{") > most_depth


def _check_depth(value: Any, most_depth: int) -> None:
    """Refuse a value that is too deep, without going down by recursion."""
    level = [value]
    for _ in range(most_depth):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise _too_deep(most_depth)


def _inside(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in inner if isinstance(each, (dict, list))]


def _too_deep(most_depth: int) -> JsonRefused:
    return JsonRefused(f"its arrays and objects stand more than {most_depth} deep", "JSON_DEPTH")


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null")
