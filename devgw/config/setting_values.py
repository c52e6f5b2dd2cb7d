"""What each kind of setting takes, and how its value is written in the file and in one line of text."""

import json
import re
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from devgw.config.callers import host_of, origin_of, page_of
from devgw.foreign.text import hidden_in
from devgw.foreign.urls import is_askable
from devgw.oauth.urls import base_path_of

WANTED = {
    "text": "a string that can be seen",
    "host": "an address, or a name that resolvers can be asked for, such as localhost",
    "url": "an origin such as http://localhost:9000: scheme, host and port alone",
    "path": "a path such as /dev: letters, digits and . _ ~ - between slashes",
    "port": "a port from 0 to 65535",
    "count": "a whole number from 0",
    "seconds": "a number of seconds above 0",
    "flag": "true or false",
    "hosts": "an array of host names such as box.lan or box.lan:8080",
    "origins": "an array of origins such as https://play.example: scheme, host and port alone",
    "addresses": "an array of IP addresses or networks",
    "rotation": '"rotate" or "as-deployed"',
}
_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


class Unfit(ValueError):  # noqa: N818  it reads as what it is
    """A value is not what its setting takes."""


def meant(kind: str, value: Any) -> str:
    """Say how a value is written that fits but for its quotes or its scheme; empty where it does not."""
    if not isinstance(value, str):
        return ""
    for other, said in (
        (from_text(kind, value), "{}, without quotes"),
        (f"http://{value}", '"{}", with its scheme'),
    ):
        try:
            fit(kind, other)
        except Unfit:
            continue
        return f"Write {said.format(json.dumps(other) if isinstance(other, (bool, int, float)) else other)}."
    return ""


def from_text(kind: str, text: str) -> Any:
    """Return the value of a variable as the file would give it; what does not fit stays text and is refused."""
    if kind == "flag":
        return _WORDS.get(text.strip().lower(), text)
    if kind in ("port", "count", "seconds"):
        number = text.strip()
        return int(number) if re.fullmatch(r"\d{1,12}", number) else _float(number)
    if kind in _ONE_OF:
        return [each.strip() for each in text.split(",") if each.strip()]
    return text


def _float(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def fit(kind: str, value: Any) -> Any:
    """Return `value` as `Settings` keeps it.

    Raises:
        Unfit: it is not what the setting takes.
    """
    match kind, value:
        case ("flag", bool()) | ("rotation", "rotate" | "as-deployed"):
            return value
        case (("port" | "count" | "seconds"), bool()):
            raise Unfit
        case "port", int() if 0 <= value <= 65_535:
            return value
        case "count", int() if value >= 0:
            return value
        case "seconds", int() | float() if 0 < value < 1e9:
            return float(value)
        case (("hosts" | "origins" | "addresses"), list() | tuple()):
            return _fit_all(_ONE_OF[kind], value)
        case (("text" | "host" | "url" | "path"), str() | Path()):
            return _fit_text(kind, str(value))
    raise Unfit


def _network(value: Any) -> str:
    """Return an IP address or a network as it is written."""
    ip_network(value if isinstance(value, str) else "", strict=False)
    return str(value)


_ONE_OF: dict[str, Callable[[Any], str]] = {"hosts": host_of, "origins": page_of, "addresses": _network}
"""How each of an array is read; what does not fit is a `ValueError`."""


def _fit_all(read: Callable[[Any], str], values: Iterable[Any]) -> tuple[str, ...]:
    try:
        return tuple(read(each) for each in values)
    except ValueError as error:
        raise Unfit from error


def _fit_text(kind: str, value: str) -> str:
    if kind == "url":
        return _fit_all(origin_of, (value,))[0]
    if kind == "host" and not is_askable(value):
        raise Unfit
    base_path = base_path_of(value) if kind == "path" else None
    if (kind == "path" and base_path is None) or not value.strip() or hidden_in(value):
        raise Unfit
    return base_path or value
