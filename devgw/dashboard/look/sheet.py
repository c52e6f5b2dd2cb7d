"""A sheet: the lines of a detail, some of which lead somewhere when Enter is pressed on them."""

from dataclasses import dataclass, field

from devgw.dashboard.look.glyphs import Glyphs
from devgw.dashboard.look.line import BLANK, Line, Span, cut, line, line_cells, wrap
from devgw.foreign.text import cells, clean


@dataclass(frozen=True, slots=True)
class Target:
    """Where a line leads: a record by kind and id, a `place` that `v` reveals, or an `edit` position in a file."""

    kind: str
    id: str


@dataclass(slots=True)
class Sheet:
    """Lines that are written one after the other into `width` cells."""

    width: int
    glyphs: Glyphs
    lines: list[Line] = field(default_factory=list)
    targets: dict[int, Target] = field(default_factory=dict)
    names: int = 10
    """How many cells the names of facts take."""
    height: int = 0
    """How many lines are seen at once; 0 where that is not known."""
    first: int = 0
    """The line on which a reader begins."""
    pinned: int = 0
    """How many lines at the top stay where they are while the others are scrolled."""

    @property
    def begin(self) -> int:
        """Return how many lines have gone by at first: its end is seen, if that leaves the line on which one begins."""
        return self.top_for(self.first, len(self.lines) - self.height) if self.first else 0

    def seen(self, top: int) -> list[tuple[int, Line]]:
        """Return the lines that are seen when `top` of them went by, each with its number."""
        numbers = [*range(self.pinned), *range(top + self.pinned, top + self.height)]
        return [(number, self.lines[number]) for number in numbers if number < len(self.lines)]

    def top_for(self, at: int, top: int) -> int:
        """Return how many lines must have gone by, near to `top`, for line `at` to be seen."""
        return max(0, min(max(top, at - self.height + 1), at - self.pinned))

    def add(self, one: Line, target: Target | None = None) -> None:
        """Write a finished line."""
        if target is not None:
            self.targets[len(self.lines)] = target
        self.lines.append(cut(one, self.width, self.glyphs.ellipsis))

    def blank(self) -> None:
        """Leave a line free, but never two."""
        if self.lines and self.lines[-1]:
            self.lines.append(BLANK)

    def head(self, text: str, remark: str = "") -> None:
        """Write a heading."""
        self.blank()
        self.add(line((text, "strong"), (f"  {remark}", "dim") if remark else ""))

    def text(self, text: str, look: str = "", indent: str = "") -> None:
        """Write a paragraph, wrapped."""
        self.lines += wrap(text, self.width, look, indent)

    def fact(
        self, name: str, value: str, look: str = "", target: Target | None = None, remark: Span | None = None
    ) -> None:
        """Write a name and its value, wrapped under itself; nothing where there is no value.

        A name that is too long for its column has a line of its own.
        """
        if not value:
            return
        room = max(8, self.width - self.names - 1)
        first, *rest = wrap(value, room, look)
        name = clean(name)
        if cells(name) > self.names:
            self.text(name, "dim")
            name = ""
        head = (f"{name:<{self.names}} ", "dim")
        tail: Line = ()
        if not rest and remark is not None:
            tail = (("  ", ""), remark)
            if line_cells(first) + line_cells(tail) > room:
                tail = ()
        self.add((head, *first, *tail), target)
        for more in rest:
            self.add(((" " * (self.names + 1), ""), *more))
        if remark is not None and not tail:
            self.add(((" " * (self.names + 1), ""), remark))

    def link(self, name: str, value: str, target: Target, remark: Span | None = None) -> None:
        """Write a fact that leads to a record."""
        if target.id:
            self.fact(name, value or target.id, "link", target, remark)
