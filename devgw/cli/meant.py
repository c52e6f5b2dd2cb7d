"""What may have been meant by a command or an id that there is not."""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path

from devgw.cli import COMMANDS

_MOST = 5
_LONGEST = 64
_AS_MUCH = 0.15


def unknown_command(typed: str) -> str:
    """Say that there is no such command, and which one does what was meant."""
    from devgw.cli.target import is_like_url  # noqa: PLC0415  rarely wanted

    said = f"There is no command {typed!r}."
    if is_like_url(typed):
        return f"{said} `devgw up {typed}` puts a gateway in front of it, `devgw doctor {typed}` examines it."
    if Path(typed).is_dir():
        return f"{said} `devgw up {typed}` runs the project in that folder."
    near = _nearest(typed.lower()[:_LONGEST])
    return f"{said} Did you mean {' or '.join(near)}?" if near else f"{said} There are: {', '.join(COMMANDS)}."


def _nearest(typed: str) -> list[str]:
    """Return the command that is most like it, and another that is about as much."""
    found = get_close_matches(typed, COMMANDS, 2, 0.5)
    best = max((SequenceMatcher(None, typed, each).ratio() for each in found), default=0.0)
    return [each for each in found if SequenceMatcher(None, typed, each).ratio() > best - _AS_MUCH]


def near_ids(typed: str, known: Iterable[str]) -> Sequence[str]:
    """Return the ids that begin as `typed` does, or have it in them, or are close to it; a few, the newest first."""
    ids = [*known][::-1]
    wanted = typed.lower()
    for found in ([each for each in ids if each.startswith(wanted)], [each for each in ids if wanted in each]):
        if found:
            return found[:_MOST]
    return get_close_matches(wanted[:_LONGEST], ids, _MOST, 0.5)
