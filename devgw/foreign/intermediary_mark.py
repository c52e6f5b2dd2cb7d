"""By what one is known that answers in a server's place, what it does there, and short names of both for the lists."""

from dataclasses import dataclass
from enum import StrEnum


class Intervention(StrEnum):
    """What it does in the server's place, as the end of a sentence about it."""

    REACHES_NOBODY = "says that it reaches no server behind it"
    KNOWS_NO_ROUTE = "says that it has no route for this URL"
    SHOWS_NO_ROUTE = "says so of a path or method that it has not, and of a request that is not signed"
    FAILS = "gives an error of its own, and not the server's"
    TURNS_AWAY = "turns the call away, before it comes to the server"
    CHALLENGES = "wants to see a browser, before it lets a call through"
    WANTS_LOGIN = "wants a person to sign in with a browser, before it lets a call through"
    WANTS_KEY = "wants a key or token of its own, before it lets a call through"


@dataclass(frozen=True, slots=True)
class Mark:
    """What one of them writes where it answers itself, and does not add to an answer that only passed through it."""

    name: str
    does: Intervention
    statuses: frozenset[int] = frozenset()
    """Under which it counts; under all, where there are none."""
    header: str = ""
    value: str = ""
    """What the header has to say, as a pattern; its whole match is shown."""
    body: bytes = b""
    """What the body has to say, as a pattern; its whole match is shown, but for markup."""
    beside: str = ""
    """Another header, that has to be there, too."""
    unless: str = ""
    """A header that shows that the server itself answered."""
    change: str = ""


NOBODY, ROUTE, FAILS = Intervention.REACHES_NOBODY, Intervention.KNOWS_NO_ROUTE, Intervention.FAILS
AWAY, CHALLENGE = Intervention.TURNS_AWAY, Intervention.CHALLENGES
LOGIN, KEY = Intervention.WANTS_LOGIN, Intervention.WANTS_KEY
UNAUTHORIZED, FORBIDDEN, ABSENT = frozenset({401}), frozenset({403}), frozenset({404})
DOWN, BROKEN, REDIRECT = frozenset({503}), frozenset(range(500, 600)), frozenset({301, 302, 303, 307, 308})
REFUSED = frozenset(range(400, 500)) - {404, 429}
"""404 may be the server's own; whose limit 429 tells of is told with it."""
