"""One reader of a stretch of time as people write it: `90s`, `16m`, `1h30m`, `30d`."""

import re

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN = re.compile(r"\+?((?:[0-9]{1,9}[smhd])+|[0-9]{1,9})", re.ASCII)
_PART = re.compile(r"([0-9]+)([smhd])", re.ASCII)
MOST_SECONDS = 366 * 86_400
"""A year: what lives longer is not waited for."""


def read_span(text: str) -> int | None:
    """Return the seconds that `text` tells, a bare number being seconds; None for no span, or more than a year."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        return None
    parts = _PART.findall(found[1])
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts) if parts else int(found[1])
    return seconds if 0 < seconds <= MOST_SECONDS else None


def span_text(seconds: float) -> str:
    """Return so many seconds as they are written: `16m`, `1h30m`, `2d`."""
    left, parts = int(abs(seconds)), list[str]()
    for unit, size in reversed(_UNITS.items()):
        if left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
    return "".join(parts[:2]) or "0s"
