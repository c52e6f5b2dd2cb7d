"""The one screen: surfaces laid out where the picture has its boxes."""

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.screen import Screen
from textual.widget import Widget

from devgw.dashboard.draw.arrange import Box
from devgw.dashboard.draw.screen import SURFACES
from devgw.dashboard.look.palette import Styles
from devgw.dashboard.surface import Surface

_ABOVE = {"toast": 1, "overlay": 2}


class Boxes(Layout):
    """Puts each surface where its box is; what has none is not shown."""

    name = "boxes"

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """Return where each surface is."""
        del parent, size, greedy
        placements: ArrangeResult = []
        for child in children:
            box = self.boxes.get(child.id or "")
            if box is not None:
                region = Region(box.x, box.y, box.width, box.height)
                order = _ABOVE.get(child.id or "", 0)
                placements.append(
                    WidgetPlacement(region, NULL_OFFSET, NULL_SPACING, child, order, fixed=True, overlay=bool(order))
                )
        return placements


class DashboardScreen(Screen[None], inherit_bindings=False):
    """Holds the surfaces. It has no key bindings: every key goes to the app."""

    DEFAULT_CSS = "DashboardScreen { layers: below above; overflow: hidden; }"
    AUTO_FOCUS = None

    def __init__(self, styles: Styles) -> None:
        super().__init__()
        self.surfaces = {name: Surface(name, styles) for name in SURFACES}
        self._boxes = Boxes()

    def compose(self) -> list[Surface]:
        """Return the surfaces."""
        return [*self.surfaces.values()]

    @property
    def layout(self) -> Layout:
        """Return the layout by boxes; styles know only Textual's own."""
        return self._boxes

    def place(self, boxes: dict[str, Box]) -> None:
        """Move the surfaces where they belong, if that changed."""
        if boxes == self._boxes.boxes:
            return
        self._boxes.boxes = dict(boxes)
        for name, surface in self.surfaces.items():
            is_shown = name in boxes
            if surface.display != is_shown:
                surface.display = is_shown
        self.surfaces["header"].refresh(layout=True)  # asked of a child, which makes the screen forget where all were
