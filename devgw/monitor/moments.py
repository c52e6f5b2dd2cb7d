"""Moments as rows write them."""

from datetime import datetime


def stamp(moment: datetime | None) -> float:
    """Return epoch seconds, or 0 where there is no moment."""
    return moment.timestamp() if moment is not None else 0.0
