"""Single parameters of a query or a form exchanged, every other one left letter for letter as it was sent."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote_plus


def read_once(text: str, name: str) -> str | None:
    """Return a parameter; None where it is missing or stands there twice, so that two readers may take either."""
    found = [value for each, value in parse_qsl(text, keep_blank_values=True) if each == name]
    return found[0] if len(found) == 1 else None


def read_all(text: str, name: str) -> list[str]:
    """Return every value of a parameter."""
    return [value for each, value in parse_qsl(text, keep_blank_values=True) if each == name]


def exchanged(text: str, values: Mapping[str, Mapping[str, str] | str | None]) -> str:
    """Return a query or form with parameters exchanged.

    Args:
        text: as it was sent.
        values: by name: the new value, what each old value becomes, or None where the parameter goes.
    """
    pairs = [_exchanged(pair, values) for pair in text.split("&")] if text else []
    return "&".join(each for each in pairs if each is not None)


def _exchanged(pair: str, values: Mapping[str, Mapping[str, str] | str | None]) -> str | None:
    written, _, value = pair.partition("=")
    name = unquote_plus(written)
    if name not in values:
        return pair
    new = values[name]
    if isinstance(new, Mapping):
        old = unquote_plus(value)
        return f"{written}={quote(new[old], safe='')}" if old in new and new[old] != old else pair
    return None if new is None else f"{written}={quote(new, safe='')}"
