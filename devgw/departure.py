"""The marks of the points at which devgw does, on purpose, something else than the deployed gateway.

A mark stands in the file that makes the difference, and the line that decides asks it where a setting changes it.
`wiring.departures` has them all, and `devgw explain deployed` is made from them. Tests walk the marks: each is listed,
each that a setting changes is asked, and shows its difference over real sockets.
"""

from collections.abc import Callable
from dataclasses import dataclass

from devgw.settings import Settings

STRICT = "[deployed]\nstrict = true"
"""What to write in devgw.toml so that everything is the same that can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One point at which devgw departs from what the deployed gateway is documented to do."""

    name: str
    """In kebab case, such as `list-streams`."""
    here: str
    """What devgw does, as a sentence."""
    deployed: str
    """What the deployed gateway is documented to do, as a sentence."""
    why: str
    """Why devgw does otherwise, as a sentence."""
    source: str
    """The page, or the changelog, that documents it."""
    setting: str = ""
    """What in devgw.toml makes this point the same, as TOML; `strict` does it too. Empty where nothing does."""
    cannot: str = ""
    """Why no setting makes it the same, and what is left to do, as a sentence; empty where one does."""
    is_made: Callable[[Settings], bool] = lambda _: True
    """Tell whether devgw departs here under these settings."""
