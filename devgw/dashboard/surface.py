"""A surface: one line-API widget that is handed finished lines and repaints those that differ."""

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from devgw.dashboard.look.line import BLANK, Line, line_cells, plain
from devgw.dashboard.look.palette import Styles
from devgw.foreign.text import clean


class Surface(Widget):
    """Shows lines. It knows nothing of what they say."""

    DEFAULT_CSS: ClassVar[str] = "Surface { width: 1fr; height: 1; }"
    ALLOW_SELECT: ClassVar[bool] = True

    class Clicked(Message):
        """The person clicked a cell, once or twice, or turned the wheel over it."""

        def __init__(self, surface: str, x: int, y: int, kind: str) -> None:
            super().__init__()
            self.surface, self.x, self.y, self.kind = surface, x, y, kind

    def __init__(self, name: str, styles: Styles) -> None:
        super().__init__(id=name)
        self.surface = name
        self._looks = styles
        self._lines: list[Line] = []
        self._is_dimmed = False

    def show(self, lines: list[Line], is_dimmed: bool = False) -> None:
        """Show `lines`; only those that differ are painted again."""
        before, self._lines = self._lines, lines
        if is_dimmed != self._is_dimmed or len(before) != len(lines):
            self._is_dimmed = is_dimmed
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(before, lines, strict=True)) if old is not new and old != new]
        if changed:
            width = self.size.width
            self.refresh(*[Region(0, y, width, 1) for y in changed])

    def dress(self, styles: Styles) -> None:
        """Use other colours."""
        self._looks = styles
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one line as Textual wants it."""
        one = self._lines[y] if y < len(self._lines) else BLANK
        width, style = self.size.width, self._looks.style
        if self._is_dimmed:
            segments = [Segment(clean(text), style("dim")) for text, _look in one]
        else:
            segments = [Segment(clean(text), style(look)) for text, look in one]
        missing = width - line_cells(one)
        if missing > 0:
            segments.append(Segment(" " * missing, style("")))
        strip = Strip(segments).adjust_cell_length(width, style(""))
        return self._selected(strip, y).apply_offsets(0, y)

    def _selected(self, strip: Strip, y: int) -> Strip:
        """Show what is selected with the mouse."""
        selection = self.text_selection
        span = selection.get_span(y) if selection is not None else None
        if span is None:
            return strip
        start, end = span
        parts = list(strip.divide([start, strip.cell_length if end == -1 else end, strip.cell_length]))
        if len(parts) > 1:
            parts[1] = parts[1].apply_style(self._looks.style("@"))
        return Strip.join(parts)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the text that is selected with the mouse."""
        return selection.extract("\n".join(plain(one).rstrip() for one in self._lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Paint again when the selection changes."""
        super().selection_updated(selection)
        self.refresh()

    # --- mouse --------------------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Tell where was clicked."""
        self.post_message(self.Clicked(self.surface, event.x, event.y, "double" if event.chain > 1 else "click"))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Tell where the wheel turned."""
        self.post_message(self.Clicked(self.surface, event.x, event.y, "down"))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Tell where the wheel turned."""
        self.post_message(self.Clicked(self.surface, event.x, event.y, "up"))
