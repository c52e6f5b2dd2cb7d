"""Secrets out of what is shown: by the name of their place, and by their shape wherever they stand.

A masked value keeps a four-digit fingerprint, so that two masked values can be compared by eye. The live path never
comes here: a gateway that redacts a token before it uses it breaks every login.
"""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from devgw.entropy import fingerprint
from devgw.limits import Limits
from devgw.monitor import secret_places as places
from devgw.monitor.invisible import uncovered
from devgw.monitor.secret_names import (
    is_partly_secret,
    is_secret_field,
    is_secret_header,
    is_secret_parameter,
    plain_name,
)
from devgw.monitor.secret_shapes import ESCAPE, MARK, PREFIX, SHAPED, SHAPED_AMID_ESCAPES

MASKED = "…#"
"""Stands before the fingerprint in the place of every secret."""
URL_HEADERS = frozenset({"location", "referer", "content-location", "link"})

_SHORTEST_SHAPE = 15
_SHORTEST_STATE = 20
"""In JSON a shorter `state` is a word, such as `reconsent_required`."""

_LONGEST_WORD = 5
"""Characters of what is taken for a word of a sentence behind a name."""
_SHORT_IN_WORDS = frozenset({"code", "state"})
"""Names whose short values are words, though they may have digits."""

_DEEPER = "… (nested too deep to be shown)"
_MOST_NESTED = 8
"""URLs in the queries of URLs: a login has three, one in another."""

_NAMED_BY = ("name", "key", "field", "id")
"""Members that name what stands in the `value` beside them."""

Collect = Callable[[str, str], None]
"""Told each masked place and its value."""


def _nothing(_place: str, _value: str) -> None:
    """Collect nothing."""


def mask(secret: str) -> str:
    """Return what may be shown of `secret`: its prefix where it has one of ours, and its fingerprint."""
    prefix = PREFIX.match(secret)
    return f"{prefix.group(0) if prefix else ''}{MASKED}{fingerprint(secret)[:4]}" if secret else ""


def mask_partly(value: str) -> str:
    """Return the first four characters of a value that is worth telling apart, and its fingerprint."""
    return f"{value[:4] if len(value) >= 12 else ''}{MASKED}{fingerprint(value)[:4]}" if value else ""


def is_masked(value: str) -> bool:
    """Tell whether `value` is what `mask` made."""
    return MASKED in value


def mask_shapes(text: str) -> str:
    """Return `text` with everything masked that has the shape of a token, a JWT or a key."""
    return uncovered(text, _mask_shapes)


def _mask_shapes(text: str) -> str:
    if len(text) < _SHORTEST_SHAPE or not MARK.search(text):
        return text
    shaped = SHAPED_AMID_ESCAPES if ESCAPE.search(text) else SHAPED
    return shaped.sub(lambda found: mask(found.group(0)), text)


def mask_client_id(client_id: str) -> str:
    """Return the id of a client as it may be shown: a slip of the pen puts anything there."""
    return mask_sentence(client_id) if "://" in client_id else mask_shapes(client_id)


def mask_sentence(text: str) -> str:
    """Return a sentence, or a URL amid one, with secrets masked by shape, and by the name of a query's parameter.

    What it quotes is anybody's text, and masked as such.
    """
    masked = places.USERINFO.sub(lambda found: mask(found[0]), text) if "@" in text else text
    masked = places.ASSIGNED.sub(_mask_assigned, _mask_parameters(masked)) if "=" in text or "%" in text else masked
    masked = mask_shapes(masked)  # after the names: a shape may fit a part of a value, and would leave the rest of it
    begin, end = masked.find("“") + 1, masked.rfind("”")
    return masked[:begin] + _mask_quoted(masked[begin:end]) + masked[end:] if 0 < begin < end else masked


def _mask_quoted(said: str) -> str:
    """Mask what stands from the first quotation mark to the last: what is quoted may have one too."""
    code = places.SAYS_NO_SECRET.match(said)
    return code[0] + mask_text(said[code.end() :]) if code else mask_text(said)


def _mask_parameters(text: str) -> str:
    """Mask what stands in the queries of URLs, also of URLs in one another's."""
    masked = places.PARAMETER.sub(_mask_parameter, text) if "=" in text else text
    return places.WRITTEN_OUT.sub(_mask_parameter, masked) if "3D" in masked or "3d" in masked else masked


def _mask_assigned(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    is_told = is_secret_field(name) and not is_masked(value) and not _is_word(name, value)
    return found["head"] + mask(value) if is_told else found[0]


def _mask_parameter(found: re.Match[str]) -> str:
    value = unquote_plus(found["value"])
    is_told = is_secret_parameter(unquote_plus(found["name"])) and not is_masked(value)
    return found["head"] + mask(value) if is_told else found[0]


def mask_field(name: str, value: str) -> str:
    """Return `value` as the field `name` of a form, a query or a JSON object may be shown."""
    if is_secret_parameter(name):
        return mask(value)
    if is_partly_secret(name):
        return mask_partly(value)
    return mask_shapes(value)


def mask_text(text: str) -> str:
    """Return any text (a page, half a JSON body) with its secrets masked by name and by shape."""
    return uncovered(text, _mask_text)


def _mask_text(text: str) -> str:
    masked = places.USERINFO.sub(lambda found: mask(found[0]), text)
    masked = _mask_named(_mask_parameters(masked))
    masked = places.PAIR.sub(_mask_pair_in_text, masked) if "value" in masked.lower() else masked
    for pattern in places.IN_TAGS if "name=" in masked or "</" in masked else ():
        masked = pattern.sub(_mask_in_tag, masked)
    return _mask_shapes(masked)


def _mask_named(text: str) -> str:
    """Mask what stands behind names of secrets; what is behind any other name is looked at on its own."""
    shown, end = list[str](), 0
    for named in places.NAMED.finditer(text):
        found = places.VALUE.match(text, named.end()) if named.start() >= end and _is_told(named) else None
        value = (found["quoted"] or found["value"]) if found else ""
        if found and not is_masked(value) and (found["quoted"] or not _is_word(named["name"], value)):
            shown += text[end : found.end() - len(value)], mask_field(named["name"], value)
            end = found.end()
    return "".join((*shown, text[end:]))


def _mask_in_tag(found: re.Match[str]) -> str:
    is_told = _is_told(found) and not _is_word(found["name"], found["value"]) and not is_masked(found["value"])
    return found["head"] + mask_field(found["name"], found["value"]) if is_told else found[0]


def _mask_pair_in_text(found: re.Match[str]) -> str:
    is_told = _is_secret_pair(found["name"]) and not is_masked(found["value"])
    return found["head"] + mask(found["value"]) if is_told else found[0]


def _is_told(found: re.Match[str]) -> bool:
    """Tell whether the name that was found is one of a secret."""
    name, before = found["name"], found.string[max(0, found.start() - 1) : found.start()]
    is_parameter = before in {"?", "&"} and is_secret_parameter(name)
    return is_parameter or is_secret_field(name) or is_partly_secret(name)


def _is_word(name: str, value: str) -> bool:
    """Tell whether what stands behind such a name goes on with the sentence: `token: wrong`, `code: E1001`."""
    return len(value) <= _LONGEST_WORD and (value.isalpha() or plain_name(name) in _SHORT_IN_WORDS)


def mask_form(text: str, place: str = "", collect: Collect = _nothing, depth: int = 0) -> str:
    """Return a query string or form body with its secrets masked, readable, in its order."""
    return "&".join(_mask_pair(pair, place, collect, depth) for pair in text.split("&")) if text else ""


def _mask_pair(pair: str, place: str, collect: Collect, depth: int) -> str:
    raw_name, equals, raw_value = pair.partition("=")
    if not equals:
        return mask_text(unquote_plus(raw_name)).replace(" ", "+")
    name, value = unquote_plus(raw_name), unquote_plus(raw_value)
    masked = value if is_masked(value) else mask_field(name, value)
    if masked == value:
        masked = mask_text(mask_url(value, depth + 1) if _is_url(value) else value)
    shown_name = quote_plus(name) if mask_shapes(name) == name else mask_shapes(name)
    if masked == value:
        return f"{shown_name}={raw_value}"
    collect(f"{place}.{mask_shapes(name)}", value)
    return f"{shown_name}={masked}"


def mask_url(url: str, depth: int = 0) -> str:
    """Return `url` with the secrets of its query and fragment masked; what is nested deeper is left out."""
    if depth > _MOST_NESTED:
        return _DEEPER
    rest, *fragment = places.FRAGMENT.split(url, maxsplit=1)
    base, question, query = rest.partition("?")
    masked = _mask_parameters(places.USERINFO.sub(lambda found: mask(found[0]), mask_shapes(base)))
    masked += question + mask_form(query, depth=depth)
    return f"{masked}#{mask_form(fragment[0], depth=depth)}" if fragment else masked


def _is_url(value: str) -> bool:
    """Tell whether a text may be a URL; what has a space in it is a sentence, with a URL in it perhaps."""
    return ("://" in value or "?" in value) and len(value.split(maxsplit=1)) == 1


def mask_header(name: str, value: str) -> str:
    """Return what may be shown of the header `name`."""
    lower = name.lower()
    if lower == "set-cookie":
        return _mask_set_cookie(value)
    if lower == "cookie":
        return "; ".join(_mask_cookie(each) for each in value.split(";"))
    if is_secret_header(lower):
        scheme, space, secret = value.partition(" ")
        return f"{scheme} {mask(secret)}" if space else mask(value)
    return mask_url(value) if lower in URL_HEADERS else mask_text(value)


def _mask_cookie(pair: str) -> str:
    name, equals, value = pair.strip().partition("=")
    return f"{mask_shapes(name)}={mask(value)}" if equals else mask(name)


def _mask_set_cookie(value: str) -> str:
    pair, semicolon, attributes = value.partition(";")
    return _mask_cookie(pair) + semicolon + mask_shapes(attributes)


def mask_json(value: Any, place: str = "", collect: Collect = _nothing, depth: int = 0) -> Any:
    """Return a JSON value with every secret field masked, and shapes masked in all other strings.

    What stands deeper than JSON is read anywhere (`Limits.JSON_DEPTH`) is left out.
    """
    if isinstance(value, dict | list) and depth >= Limits.JSON_DEPTH:
        return _DEEPER
    if isinstance(value, dict):
        if "value" in value and any(
            isinstance(each := value.get(by), str) and _is_secret_pair(each) for by in _NAMED_BY
        ):
            value = {**value, "value": _mask_whole(value["value"], f"{place}.value", collect)}
        shown = [(mask_shapes(str(key)), str(key), each) for key, each in value.items()]
        return {name: _mask_member(key, each, f"{place}.{name}", collect, depth + 1) for name, key, each in shown}
    if isinstance(value, list):
        if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], str) and _is_secret_pair(value[0]):
            return [value[0], _mask_whole(value[1], f"{place}.1", collect)]
        return [mask_json(each, f"{place}.{index}", collect, depth + 1) for index, each in enumerate(value)]
    return _mask_string("", value, place, collect) if isinstance(value, str) else value


def _is_secret_pair(named: str) -> bool:
    """Tell whether a name beside a value is one of a secret; a name with a hyphen is a header's."""
    return is_secret_field(named) or ("-" in named and is_secret_header(named))


def _mask_whole(value: Any, place: str, collect: Collect) -> Any:
    if isinstance(value, list):
        return [_mask_whole(each, f"{place}.{index}", collect) for index, each in enumerate(value)]
    if isinstance(value, dict | bool | type(None)):
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    collect(place, text)
    return mask(text)


def _mask_member(name: str, value: Any, place: str, collect: Collect, depth: int) -> Any:
    if isinstance(value, str):
        return _mask_string(name, value, place, collect)
    if isinstance(value, list) and (is_secret_field(name) or is_secret_field(name.removesuffix("s"))):
        return [_mask_member(name.removesuffix("s"), each, place, collect, depth) for each in value]
    if is_secret_field(name) and not isinstance(value, dict | list | bool | type(None)):
        return _mask_string(name, json.dumps(value), place, collect) if name.lower() != "code" else value
    if isinstance(value, dict) and isinstance(value.get("value"), str) and is_secret_field(name):
        value = {**value, "value": _mask_whole(value["value"], f"{place}.value", collect)}
    return mask_json(value, place, collect, depth)


def _mask_string(name: str, value: str, place: str, collect: Collect) -> str:
    masked = _masked_member(name, value)
    if masked != value:
        collect(place, value)
    return masked


def _masked_member(name: str, value: str) -> str:
    if is_secret_field(name):
        return mask(value)
    if "://" in value and _is_url(value):
        return mask_text(mask_url(value))
    if is_partly_secret(name) and len(value) >= _SHORTEST_STATE:
        return mask_partly(value)
    return mask_text(value)
