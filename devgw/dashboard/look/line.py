"""Lines of styled text, measured in terminal cells."""

from collections.abc import Iterable

from rich.cells import set_cell_size

from devgw.foreign.folding import fold
from devgw.foreign.text import cells, clean

Span = tuple[str, str]
"""Text and its look: a word of `look.palette`, empty for plain text."""
Line = tuple[Span, ...]

BLANK: Line = ()


def fit(text: str, width: int, right: bool = False, ellipsis: str = "…") -> str:
    """Return cleaned `text` in exactly `width` cells: padded, or cut with an ellipsis."""
    text = clean(text)
    taken = cells(text)
    if taken <= width:
        padding = " " * (width - taken)
        return padding + text if right else text + padding
    if width <= len(ellipsis):
        return set_cell_size(text, max(0, width))
    return set_cell_size(text, width - len(ellipsis)) + ellipsis


def line(*parts: str | Span) -> Line:
    """Return a line of `parts`; a bare string has no look."""
    return tuple((part, "") if isinstance(part, str) else part for part in parts if part)


def line_cells(one: Iterable[Span]) -> int:
    """Return how many cells a line takes."""
    return sum(cells(text) for text, _look in one)


def cut(one: Line, width: int, ellipsis: str = "") -> Line:
    """Return `one` in at most `width` cells, with `ellipsis` where something was lost."""
    if line_cells(one) <= width:
        return one
    room, kept = max(0, width - len(ellipsis)), []
    for text, look in one:
        taken = cells(text)
        if taken > room:
            kept.append((set_cell_size(text, room), look))
            break
        kept.append((text, look))
        room -= taken
    look = kept[-1][1] if kept else ""
    return (*kept, (ellipsis, look)) if ellipsis and width > 0 else tuple(kept)


def pad(one: Line, width: int, look: str = "") -> Line:
    """Return `one` in exactly `width` cells, blanks in `look` behind it."""
    missing = width - line_cells(one)
    if missing < 0:
        return cut(one, width)
    return (*one, (" " * missing, look)) if missing else one


def slide(one: Line, offset: int) -> Line:
    """Return `one` without its first `offset` cells."""
    kept: list[Span] = []
    for text, look in one:
        taken = cells(text)
        if offset >= taken:
            offset -= taken
            continue
        kept.append((text if not offset else _tail(text, offset), look))
        offset = 0
    return tuple(kept)


def _tail(text: str, offset: int) -> str:
    """Return what is right of `offset` cells; half of a wide character becomes a blank."""
    if text.isascii():
        return text[offset:]
    head = set_cell_size(text, offset).rstrip(" ")
    rest = text[len(head) :]
    while cells(rest) > cells(text) - offset:
        rest = rest[1:]
    return rest


def spread(left: Line, right: Line, width: int) -> Line:
    """Return `left` and `right` at the two ends of `width` cells; the left one gives way."""
    room = width - line_cells(right)
    return (*pad(cut(left, max(0, room - 1), "…"), room), *right)


def plain(one: Iterable[Span]) -> str:
    """Return the text of a line, cleaned as it is shown: it goes to pagers and clipboards."""
    return clean("".join(text for text, _look in one))


def wrap(text: str, width: int, look: str = "", indent: str = "") -> list[Line]:
    """Return `text` in lines of at most `width` cells, broken at blanks where it can be."""
    lines: list[Line] = []
    for paragraph in text.split("\n"):
        lines += [((indent + piece, look),) for piece in fold(clean(paragraph), max(8, width - len(indent)))]
    return lines
