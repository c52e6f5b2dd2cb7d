"""One reader of foreign JSON (RFC 8259): bounded in size and depth, and unambiguous.

Two readers of one text must not understand different things, so a member that stands twice is refused: what we check
is what the other side acts on.
"""

import json
import math
import sys
from typing import Any, Self

from devgw.foreign.coding import miscoding_of
from devgw.limits import Limits


class JsonRefused(ValueError):  # noqa: N818  it reads as what happened
    """The text is no JSON that is taken; the message says why, in a few words that may be shown.

    Attributes:
        limit: the name of the limit in `limits.Limits` that it passes; empty where it passes none.
        wanted: what its author should write instead, as the end of a sentence that begins "Answer with".
        is_broken: whether its grammar is not JSON's, so that no other reader makes anything of it either.
    """

    def __init__(self, why: str, limit: str = "", *, wanted: str = "JSON", is_broken: bool = False) -> None:
        super().__init__(why)
        self.limit = limit
        self.wanted = wanted
        self.is_broken = is_broken

    def kept(self) -> Self:
        """Return it for who keeps it: without the frames that it went through, in which all stands that was read.

        The one who keeps it is often one of them, and such a circle waits for the collector.
        """
        self.__traceback__ = self.__cause__ = self.__context__ = None
        return self


def read_json(
    content: bytes | str,
    *,
    most_bytes: int = Limits.JSON_BYTES,
    most_depth: int = Limits.JSON_DEPTH,
    most_values: int = Limits.JSON_VALUES,
) -> Any:
    """Return the value of `content`.

    Args:
        content: UTF-8 where it is bytes, with or without a mark of byte order: no reader may guess another encoding.
        most_bytes: bytes (characters of a str) that it may have.
        most_depth: arrays and objects that may stand inside one another.
        most_values: commas and opening brackets that it may have, be it in strings.

    Raises:
        JsonRefused: where it is too long, too deep or too much, no JSON, names a member twice, or holds a number that
            is none.
    """
    if len(content) > most_bytes:
        wanted = f"JSON of {most_bytes:,} bytes at most"
        raise JsonRefused(f"it is longer than {most_bytes:,} bytes", "JSON_BYTES", wanted=wanted)
    text = content if isinstance(content, str) else _decoded(content)
    brackets = text.count("[") + text.count("{")
    if brackets + text.count(",") > most_values:
        wanted = f"JSON of {most_values:,} values at most"
        raise JsonRefused(f"it has more than {most_values:,} values", "JSON_VALUES", wanted=wanted)
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise _too_deep(most_depth) from None
    except JsonRefused:
        raise
    except json.JSONDecodeError as error:
        why = f"it is no JSON: {error}" if text.strip() else "it is empty"
        raise JsonRefused(why, is_broken=True) from error
    except ValueError as error:  # what int() says of too many digits
        raise JsonRefused(_TOO_MANY_DIGITS, wanted="numbers that every reader of JSON takes") from error
    if brackets > most_depth:
        _check_depth(value, most_depth)
    return value


def read_object(
    content: bytes | str,
    *,
    most_bytes: int = Limits.ANSWER_BYTES,
    most_depth: int = Limits.JSON_DEPTH,
    most_values: int = Limits.ANSWER_VALUES,
) -> dict[str, Any]:
    """Return the members of the object in `content`: a document, not a message that may carry a file.

    Raises:
        JsonRefused: as `read_json`, and where it is another kind of value.
    """
    value = read_json(content, most_bytes=most_bytes, most_depth=most_depth, most_values=most_values)
    if not isinstance(value, dict):
        raise JsonRefused(f"it is {kind_of(value)}, not an object", wanted=AN_OBJECT)
    return value


def find_refusal(content: bytes, media_type: str) -> JsonRefused | None:
    """Return why what is meant as a JSON object is none that is taken; None where it is one, or is meant otherwise.

    Args:
        content: the body of an answer.
        media_type: its type, without parameters, in lower case.
    """
    is_json_meant = media_type.endswith(("/json", "+json")) or content.lstrip()[:1] in {b"{", b"["}
    if not is_json_meant:
        return None
    try:
        read_object(content)
    except JsonRefused as refused:
        return refused.kept()
    return None


def check_grammar(content: bytes) -> Any:
    """Return the value of a text that is JSON by its grammar (RFC 8259 §2, §8.1), however another reader takes it.

    For what is passed on to others: members that stand twice, depth and size are left to them. None is returned also
    where it is too deep, or holds a number too long, to be read here.

    Raises:
        JsonRefused: where it is no UTF-8, or its grammar is not JSON's.
    """
    try:
        return _GRAMMAR.decode(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise JsonRefused(_not_utf8(content, error), wanted=_UTF8, is_broken=True) from error
    except json.JSONDecodeError as error:
        raise JsonRefused(f"it is no JSON: {error}", is_broken=True) from error
    except JsonRefused:
        raise
    except (ValueError, RecursionError):
        return None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        why = f"the member {_repeated(pairs)[:40]!r} stands twice in one object"
        raise JsonRefused(why, wanted="each member of an object once")
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
    raise JsonRefused(f"{name} is no JSON number", wanted="numbers that JSON has")


def _read_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise JsonRefused("a number is too large", wanted="numbers that every reader of JSON takes")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse_constant, parse_float=_read_float)
"""Keeps nothing between two texts; making it takes as long as reading a message."""


AN_OBJECT = "a JSON object"
"""What is wanted where another kind of value stands."""
_GRAMMAR = json.JSONDecoder(parse_constant=_refuse_constant)
_UTF8 = "JSON in UTF-8"
_TOO_MANY_DIGITS = f"a number in it has more than {sys.get_int_max_str_digits():,} digits"


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonRefused(_not_utf8(content, error), wanted=_UTF8, is_broken=not _is_lenient_json(content)) from error


def _not_utf8(content: bytes, error: UnicodeDecodeError) -> str:
    return miscoding_of(content) or f"it is no JSON: its byte {error.start + 1:,} is not UTF-8"


def _is_lenient_json(content: bytes) -> bool:
    """Tell whether a reader that is less strict about UTF-8 (Node's), or guesses UTF-16 (Python's), takes it for JSON.

    Text in UTF-16 has zero bytes, which JSON in UTF-8 never has.
    """
    if b"\0" in content:
        return True
    try:
        _DECODER.decode(content.decode("utf-8-sig", "replace"))
    except json.JSONDecodeError:
        return False
    except (ValueError, RecursionError):
        return True
    return True


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
    why = f"its arrays and objects stand more than {most_depth} deep"
    return JsonRefused(why, "JSON_DEPTH", wanted=f"JSON that is {most_depth} levels deep at most")


def kind_of(value: Any) -> str:
    """Return what kind of value JSON calls this (RFC 8259 §3), with its article."""
    names = {list: "an array", dict: "an object", str: "a string", bool: "true or false", int: "a number"}
    return names.get(type(value), "a number" if isinstance(value, float) else "null")
