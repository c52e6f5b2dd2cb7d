"""How long a server asks to be left alone: the one reader of Retry-After.

Source: RFC 9110 §10.2.3 (seconds, or a date), §6.6.1 (Date).
"""

from collections.abc import Mapping

from devgw.foreign.dates import read_date

_LONGEST_SECONDS = 31 * 86_400
"""The quotas of a month are the longest: what is further off, or over, is a fault of that server's and no advice."""
_UNITS = ((172_800, 86_400, "days"), (7_200, 3_600, "h"), (600, 60, "min"), (0, 1, "s"))
"""From how many seconds on, how many to each, and its name."""


def read_wait(headers: Mapping[str, str]) -> str:
    """Return how long to wait, such as `30 s`; empty where no moment to come is named.

    A date is compared with the answer's own `Date`, for the server's clock may stand otherwise than ours: where there
    is none, a date says nothing.
    """
    value = headers.get("retry-after", "").strip()
    seconds = _until(value, headers.get("date", ""))
    if value.isascii() and value.isdigit():
        seconds = int(value[:12])
    if not 0 < seconds <= _LONGEST_SECONDS:
        return ""
    each, name = next((each, name) for least, each, name in _UNITS if seconds >= least)
    return f"{-(-seconds // each)} {name}"


def _until(moment: str, date: str) -> int:
    """Return the seconds between a server's now and a moment it names; 0 where either is none, or there are several."""
    is_one = moment.count(",") <= 1
    then, now = read_date(moment) if is_one else None, read_date(date)
    return int((then - now).total_seconds()) if then and now else 0
