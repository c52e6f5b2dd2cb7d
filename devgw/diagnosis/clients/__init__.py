"""The client book: who a client is, what it is known for, and how it is made to forget a registration.

`book.toml` holds one table per client family, `book.py` reads it, `recognise.py` finds the entry by what was seen, and
`seen.json` says which versions came through what in the last run of `python -m tests.agents`. What was not tried with
the program itself is marked. All of it is a hint, never a condition: the gateway treats all clients alike.
"""

from devgw.diagnosis.clients.book import ClientEntry, entries
from devgw.diagnosis.clients.recognise import Traits, forget_advice, recognise

__all__ = ["ClientEntry", "Traits", "entries", "forget_advice", "forget_lines", "recognise"]


def forget_lines() -> list[str]:
    """Return one line per client: its name and how it forgets."""
    width = max(len(entry.name) for entry in entries())
    return [f"{entry.name:<{width}}  {entry.how_to_forget}" for entry in entries() if entry.forget]
