"""Durations, sizes, counts and moments in few characters."""

from datetime import datetime

from devgw.clock import wall_time

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def milliseconds(value: float) -> str:
    """Return a duration of at most six characters: `0.4ms`, `38ms`, `1.2s`, `41s`, `3m02s`."""
    if value < 10 and value != int(value):
        return f"{value:.1f}ms"
    if value < 1_000:
        return f"{value:.0f}ms"
    if value < 10_000:
        return f"{value / 1_000:.1f}s"
    return seconds(value / 1_000)


def seconds(value: float) -> str:
    """Return whole seconds of at most six characters: `9s`, `6m18s`, `4h02m`, `29d04h`."""
    whole = int(value)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02d}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR:02d}h"


def size(count: int) -> str:
    """Return bytes in at most five characters: `0`, `312`, `1.2k`, `64k`, `3.1M`."""
    if count < 1_000:
        return str(count)
    for unit, scale in (("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)):
        value = count / scale
        if value < 10:
            return f"{value:.1f}{unit}"
        if value < 1_000:
            return f"{value:.0f}{unit}"
    return f"{count / 1_000_000_000:.0f}G"


def count(number: int) -> str:
    """Return a count for a badge: `128`, `1.2k`, `10k`."""
    return size(number) if number >= 1_000 else str(number)


def local(moment: float) -> datetime:
    """Return the local wall time of epoch seconds."""
    return wall_time(moment)


def clock(moment: float) -> str:
    """Return the local wall time to the second, a dash where there is none."""
    return f"{local(moment):%H:%M:%S}" if moment else "–"


def day(moment: float) -> str:
    """Return the local day: `Nov 27`."""
    return f"{local(moment):%b %d}"


def clock_ms(moment: float) -> str:
    """Return the local wall time to the millisecond."""
    time = local(moment)
    return f"{time:%H:%M:%S}.{time.microsecond // 1_000:03d}"


def ago(moment: float, now: float) -> str:
    """Return how long ago `moment` was, in words."""
    if not moment:
        return "never"
    passed = now - moment
    return "just now" if passed < 1 else f"{seconds(passed)} ago"


def plural(number: int, noun: str) -> str:
    """Return `1 token`, `2 tokens`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
