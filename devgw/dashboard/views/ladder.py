"""The ladder: one lane for each party, one arrow for each message, as sngrep draws calls."""

from collections.abc import Sequence

from devgw.control.messages import FlowRow, MessageView
from devgw.dashboard.look import words
from devgw.dashboard.look.glyphs import Glyphs
from devgw.dashboard.look.line import Line, Span, fit
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views.scene import Scene
from devgw.foreign.text import cells, clean

LANES = ("client", "browser", "gateway", "idp", "upstream")
TITLES = {"client": "Client", "browser": "Browser", "gateway": "Gateway", "idp": "IdP", "upstream": "Upstream"}
STEPS = ("discover", "register", "authorize", "idp login", "callback", "consent", "code", "token", "mcp")
HEAD = 9
"""Cells before the first lane: number and time."""
_NARROWEST, _WIDEST = 11, 15


class Cells:
    """One line of a drawing, cell by cell, painted over from left to right."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._signs = [" "] * width
        self._looks = [""] * width

    def put(self, place: int, text: str, look: str) -> None:
        """Paint `text` from cell `place` on; what does not fit is lost."""
        for sign in text:
            if 0 <= place < self.width:
                self._signs[place], self._looks[place] = sign, look
            place += cells(sign)

    def line(self) -> Line:
        """Return the painted line."""
        spans: list[Span] = []
        start = 0
        for place in range(1, self.width + 1):
            if place == self.width or self._looks[place] != self._looks[start]:
                spans.append(("".join(self._signs[start:place]), self._looks[start]))
                start = place
        return tuple(spans)


class Ladder:
    """Where the lanes stand for one width, and how a message is drawn between them."""

    def __init__(self, width: int, lanes: Sequence[str], glyphs: Glyphs) -> None:
        self.width, self.glyphs, self.lanes = width, glyphs, tuple(lanes)
        self.step = max(4, min(_WIDEST, (width - HEAD) // max(1, len(self.lanes))))
        first = HEAD + self.step // 2
        self.places = {lane: first + number * self.step for number, lane in enumerate(self.lanes)}

    @property
    def is_readable(self) -> bool:
        """Tell whether there is room for lanes at all."""
        return self.step >= _NARROWEST - 2

    def titles(self) -> Line:
        """Return the line with the names of the lanes."""
        drawing = Cells(self.width)
        for lane in self.lanes:
            title = TITLES[lane]
            drawing.put(self.places[lane] - len(title) // 2, title, "strong")
        return drawing.line()

    def rails(self) -> Line:
        """Return a line on which nothing is said."""
        return self._rails("frame").line()

    def _rails(self, look: str) -> Cells:
        drawing = Cells(self.width)
        for lane in self.lanes:
            drawing.put(self.places[lane], self.glyphs.vertical, look)
        return drawing

    def arrow(self, message: MessageView, head: str, label: str) -> Line:
        """Return the line of one message."""
        look = "bad" if message.failed else "dim" if message.guessed else ""
        drawing = self._rails("bad" if message.failed else "frame")
        drawing.put(0, head, look or "dim")
        start, end = self.places[message.sender], self.places[message.receiver]
        left, right = min(start, end), max(start, end)
        if left == right:
            drawing.put(left, f"{self.glyphs.turn} ", look)
            drawing.put(left + 2, f"{label} ", look)
            return drawing.line()
        is_inside = cells(label) + 6 <= right - left - 1
        drawing.put(left + 1, self._shaft(message, right - left - 1, start < end, label if is_inside else ""), look)
        if not is_inside:
            self._beside(drawing, label, left, right, look)
        return drawing.line()

    def _shaft(self, message: MessageView, length: int, to_right: bool, label: str) -> str:
        tip = self.glyphs.right if to_right else self.glyphs.left
        cross = self.glyphs.bad if message.failed else ""
        length -= len(tip) + len(cross)
        rule = f" {label} ".center(length, "\0").replace("\0", self.glyphs.horizontal) if label else ""
        rule = rule or self.glyphs.horizontal * length
        return rule + cross + tip if to_right else tip + cross + rule

    def _beside(self, drawing: Cells, label: str, left: int, right: int, look: str) -> None:
        """Write the label on the roomier side of the arrow."""
        room_left, room_right = left - HEAD - 2, self.width - right - 2
        if room_right >= room_left or room_right >= cells(label):
            drawing.put(right + 1, f" {_short(label, room_right, self.glyphs)} ", look)
            return
        text = _short(label, room_left, self.glyphs)
        drawing.put(left - 1 - cells(text), f"{text} ", look)


def _short(label: str, room: int, glyphs: Glyphs) -> str:
    return fit(label, min(cells(label), max(0, room)), ellipsis=glyphs.ellipsis)


def lanes_of(messages: Sequence[MessageView], is_compact: bool) -> list[str]:
    """Return the lanes that are drawn: those that speak, or all."""
    used = {message.sender for message in messages} | {message.receiver for message in messages}
    return [lane for lane in LANES if lane in used or not is_compact]


def moment(message: MessageView, before: MessageView, start: float, scene: Scene) -> str:
    """Return when a message travelled, as the person wants to see it."""
    if scene.times == 2:
        return words.clock(message.at)
    since = message.at - (before.at if scene.times == 1 else start)
    return f"+{_span(since * 1_000)}"


def _span(milliseconds: float) -> str:
    return f"{max(0.0, milliseconds):.0f}" if milliseconds < 1_000 else words.milliseconds(milliseconds)


def write(row: FlowRow, messages: Sequence[MessageView], scene: Scene, sheet: Sheet) -> None:
    """Write the ladder of a flow; each message leads to its trace."""
    ladder = Ladder(sheet.width, lanes_of(messages, scene.is_compact), scene.glyphs)
    if not messages or not ladder.is_readable:
        _as_list(row, messages, scene, sheet)
        return
    is_airy = sheet.height >= 2 * len(messages) + 5
    sheet.add(ladder.titles())
    sheet.pinned = 1
    before = messages[0]
    for message in messages:
        if message.failed:
            sheet.first = len(sheet.lines)
        head = f"{message.number:>2} {moment(message, before, row.started, scene)}"
        label = ("~" if message.guessed else "") + clean(message.label)
        sheet.add(ladder.arrow(message, fit(head, HEAD - 1), label), _target(message))
        if is_airy:
            sheet.add(ladder.rails())
        before = message
    if not is_airy and sheet.height > len(messages) + 2:
        sheet.add(ladder.rails())
    sheet.add(_ending(row, scene, ladder.places[ladder.lanes[0]]))


def _target(message: MessageView) -> Target:
    return Target("trace", message.trace_id) if message.trace_id else Target("message", str(message.number))


def _as_list(row: FlowRow, messages: Sequence[MessageView], scene: Scene, sheet: Sheet) -> None:
    """Write messages without lanes, where there is no room for them."""
    before = messages[0] if messages else None
    for message in messages:
        when = moment(message, before or message, row.started, scene)
        parties = f"{TITLES[message.sender]}{scene.glyphs.becomes}{TITLES[message.receiver]}"
        look = "bad" if message.failed else ""
        sheet.add(
            ((f"{message.number:>2} {when:<6} ", "dim"), (f"{parties} ", "dim"), (message.label, look)),
            _target(message),
        )
        before = message
    sheet.add(_ending(row, scene, 2))


def _ending(row: FlowRow, scene: Scene, place: int) -> Line:
    """Return the last line: where it stopped, for whom it waits, or that it arrived."""
    glyphs, indent = scene.glyphs, (" " * max(0, place - 4), "")
    if row.state in {"failed", "abandoned"}:
        missing = [step for step, sign in zip(STEPS, row.track, strict=False) if sign == "."]
        rest = f": {', '.join(missing)} not reached" if missing else ""
        return (indent, (f"{glyphs.stop} stopped here{rest}", "bad!"))
    if row.state == "done":
        return (indent, (f"{glyphs.ok} arrived: the first tool call was answered", "ok"))
    waited = words.seconds(max(0.0, scene.now - (row.last or row.started)))
    whom = f"waiting for the {TITLES.get(row.waiting_for, row.waiting_for)}" if row.waiting_for else "under way"
    return (indent, (f"{glyphs.waiting} {whom}, {waited}", "now"))
