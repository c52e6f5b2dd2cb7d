"""The client book: who a client is, what it is known for, and how it is made to forget a registration.

`book.py` holds one entry per client family; `recognise.py` finds the entry by what was seen. What stands here was
measured with the real programs or read in their issue trackers; it is a hint, never a condition: the gateway treats
all clients alike.
"""

from devgw.diagnosis.clients.book import BOOK, ClientEntry
from devgw.diagnosis.clients.recognise import Traits, entry_named, forget_advice, recognise

__all__ = ["BOOK", "ClientEntry", "Traits", "entry_named", "forget_advice", "forget_lines", "recognise"]


def forget_lines() -> list[str]:
    """Return one line per client: its name and how it forgets."""
    width = max(len(entry.name) for entry in BOOK)
    return [f"{entry.name:<{width}}  {entry.forget}" for entry in BOOK if entry.forget]
