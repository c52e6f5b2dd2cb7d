"""The waterfall: phases of an exchange to scale."""

from collections.abc import Sequence

from devgw.control.messages import PhaseView
from devgw.dashboard.look import words
from devgw.dashboard.look.glyphs import Glyphs
from devgw.dashboard.look.line import Line, fit, line
from devgw.dashboard.look.sheet import Sheet

_NAME, _MS = 18, 7


def write(phases: Sequence[PhaseView], total: float, glyphs: Glyphs, sheet: Sheet) -> None:
    """Write one bar for each phase; one that is shorter than a cell is a sliver."""
    if not phases:
        sheet.text("The timing of this exchange was not taken apart.", "dim")
        return
    total = max(total, *(each.start_ms + each.ms for each in phases), 0.001)
    room = max(8, sheet.width - _NAME - _MS - 4)
    end = words.milliseconds(total)
    scale = "0" + " " * max(1, room - 1 - len(end)) + end
    sheet.add(line((f"{'PHASE':<{_NAME}}{'ms':>{_MS}}  ", "col"), (scale, "col")))
    for each in phases:
        sheet.add(_bar(each, total, room, glyphs))


def _bar(phase: PhaseView, total: float, room: int, glyphs: Glyphs) -> Line:
    start = min(room - 1, round(phase.start_ms / total * room))
    length = min(room, round((phase.start_ms + phase.ms) / total * room)) - start
    bar = glyphs.full * length if length > 0 else glyphs.sliver
    rest = room - start - len(bar)
    return line(
        (fit(phase.name, _NAME, ellipsis=glyphs.ellipsis), ""),
        (f"{phase.ms:>{_MS}.1f}  ", ""),
        (glyphs.gone * start, "frame"),
        (bar, "bar"),
        (glyphs.gone * rest, "frame"),
    )
