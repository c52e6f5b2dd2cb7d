"""One reader of the dates that other machines write into headers (RFC 9110 §5.6.7)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def read_date(text: str) -> datetime | None:
    """Return the moment that an HTTP date means, in UTC; None where it means none.

    `-0000` says that nothing is known of the place (RFC 5322 §3.3): the moment is in UTC all the same, and not in this
    machine's zone.
    """
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError, AttributeError):
        return None


def standing_of(skew: float) -> str:
    """Return in words how a clock stands that is `skew` seconds ahead of ours.

    A `Date` and an `iat` are cut to whole seconds, and an answer takes time: one second tells no clock from another.
    """
    if abs(skew) < 2:
        return "agrees with ours"
    return f"is {abs(skew):,.0f} s {'ahead of' if skew > 0 else 'behind'} ours"
