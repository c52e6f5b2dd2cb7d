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
from devgw.settings import Limits

SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "api-key",
        "x-auth-token",
        "x-csrf-token",
    }
)
SECRET_FIELDS = frozenset(
    {
        "access_token",
        "refresh_token",
        "id_token",
        "token",
        "client_secret",
        "code",
        "code_verifier",
        "assertion",
        "client_assertion",
        "subject_token",
        "actor_token",
        "password",
        "csrf",
        "csrf_token",
        "nonce",
        "login_state",
        "api_key",
        "apikey",
        "secret",
        "id_token_hint",
        "registration_access_token",
        "authorization_code",
        "session_id_token",
        "sealed_session",
        "cookie",
        "authorization",
        "device_code",
    }
)
PARTLY_SECRET_FIELDS = frozenset({"state"})
URL_HEADERS = frozenset({"location", "referer", "content-location", "link"})

_DIGIT_OR_CAPITAL = r"(?=[A-Za-z0-9_-]*[A-Z0-9])"
_MINTED = (
    rf"(?:(?:at|rt|cs|code|st|br|no|cv|ss|cb|sk_test|sk_live)_{_DIGIT_OR_CAPITAL}[A-Za-z0-9_-]{{12,}}"
    rf"|[a-z]{{2,8}}_{_DIGIT_OR_CAPITAL}[A-Za-z0-9_-]{{40,}})"
)
_JWT = r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*"
_BEARER = r"(?<=[Bb]earer )[A-Za-z0-9._~+/-]{16,}=*(?![\w=\"'])"
_SHAPED = re.compile(rf"{_BEARER}|(?<![A-Za-z0-9]){_JWT}|(?<![A-Za-z0-9]){_MINTED}")
_NAMES = "|".join(sorted((SECRET_FIELDS | PARTLY_SECRET_FIELDS), key=len, reverse=True))
_IN_TEXT = re.compile(
    rf'(?P<head>["\']?\b(?P<name>{_NAMES})\b["\']?\s*[:=]\s*["\']?)(?P<value>[^"\'&\s,;<>}}]{{6,}})',
    re.IGNORECASE,
)

_SHORTEST_SHAPE = 15
_SHORTEST_STATE = 20
"""In JSON a shorter `state` is a word, such as `reconsent_required`."""

_DEEPER = "… (nested too deep to be shown)"

Collect = Callable[[str, str], None]
"""Told each masked place and its value."""


def _nothing(_place: str, _value: str) -> None:
    """Collect nothing."""


def mask(secret: str) -> str:
    """Return what may be shown of `secret`: its prefix where it has one of ours, and its fingerprint."""
    prefix = re.match(r"[a-z]{1,5}_(?=.{12})|sk_(?:test|live)_(?=.{12})", secret)
    return f"{prefix.group(0) if prefix else ''}…#{fingerprint(secret)[:4]}" if secret else ""


def mask_partly(value: str) -> str:
    """Return the first four characters of a value that is worth telling apart, and its fingerprint."""
    return f"{value[:4] if len(value) >= 12 else ''}…#{fingerprint(value)[:4]}" if value else ""


def is_masked(value: str) -> bool:
    """Tell whether `value` is what `mask` made."""
    return "…#" in value


def mask_shapes(text: str) -> str:
    """Return `text` with everything masked that has the shape of a token, a JWT or a key."""
    if len(text) < _SHORTEST_SHAPE or not ("_" in text or "eyJ" in text or "earer " in text):
        return text
    return _SHAPED.sub(lambda found: mask(found.group(0)), text)


def mask_field(name: str, value: str) -> str:
    """Return `value` as the field `name` of a form, a query or a JSON object may be shown."""
    lower = name.lower()
    if lower in SECRET_FIELDS:
        return mask(value)
    if lower in PARTLY_SECRET_FIELDS:
        return mask_partly(value)
    return mask_shapes(value)


def mask_text(text: str) -> str:
    """Return any text (a page, half a JSON body) with its secrets masked by name and by shape."""
    return _IN_TEXT.sub(_mask_named, mask_shapes(text))


def _mask_named(found: re.Match[str]) -> str:
    value = found["value"]
    return found[0] if is_masked(value) else found["head"] + mask_field(found["name"], value)


def mask_form(text: str, place: str = "", collect: Collect = _nothing) -> str:
    """Return a query string or form body with its secrets masked, readable, in its order."""
    return "&".join(_mask_pair(pair, place, collect) for pair in text.split("&")) if text else ""


def _mask_pair(pair: str, place: str, collect: Collect) -> str:
    raw_name, equals, raw_value = pair.partition("=")
    if not equals:
        return mask_text(unquote_plus(raw_name)).replace(" ", "+")
    name, value = unquote_plus(raw_name), unquote_plus(raw_value)
    masked = mask_url(value) if "://" in value else mask_field(name, value)
    if masked == value:
        return f"{quote_plus(name)}={raw_value}"
    collect(f"{place}.{name}", value)
    return f"{quote_plus(name)}={masked}"


def mask_url(url: str) -> str:
    """Return `url` with the secrets of its query and fragment masked."""
    rest, hash_sign, fragment = url.partition("#")
    base, question, query = rest.partition("?")
    masked = mask_shapes(base) + question + mask_form(query)
    return masked + hash_sign + mask_form(fragment) if hash_sign else masked


def mask_header(name: str, value: str) -> str:
    """Return what may be shown of the header `name`."""
    lower = name.lower()
    if lower == "set-cookie":
        return _mask_set_cookie(value)
    if lower == "cookie":
        return "; ".join(_mask_cookie(each) for each in value.split(";"))
    if lower in SECRET_HEADERS:
        scheme, space, secret = value.partition(" ")
        return f"{scheme} {mask(secret)}" if space else mask(value)
    return mask_url(value) if lower in URL_HEADERS else mask_text(value)


def _mask_cookie(pair: str) -> str:
    name, equals, value = pair.strip().partition("=")
    return f"{name}={mask(value)}" if equals else mask(name)


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
        return {
            mask_shapes(str(key)): _mask_member(str(key), each, f"{place}.{key}", collect, depth + 1)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [mask_json(each, f"{place}.{index}", collect, depth + 1) for index, each in enumerate(value)]
    return _mask_string("", value, place, collect) if isinstance(value, str) else value


def _mask_member(name: str, value: Any, place: str, collect: Collect, depth: int) -> Any:
    if isinstance(value, str):
        return _mask_string(name, value, place, collect)
    if name.lower() in SECRET_FIELDS and not isinstance(value, dict | list | bool | type(None)):
        return _mask_string(name, json.dumps(value), place, collect) if name.lower() != "code" else value
    return mask_json(value, place, collect, depth)


def _mask_string(name: str, value: str, place: str, collect: Collect) -> str:
    masked = _masked_member(name.lower(), value)
    if masked != value:
        collect(place, value)
    return masked


def _masked_member(name: str, value: str) -> str:
    if "://" in value and name not in SECRET_FIELDS:
        return mask_url(value)
    is_a_word = name in PARTLY_SECRET_FIELDS and len(value) < _SHORTEST_STATE
    if is_a_word or name not in SECRET_FIELDS | PARTLY_SECRET_FIELDS:
        return mask_text(value)
    return mask_field(name, value)
