"""The state of the desk: which view, which row, which pane, what is typed, what lies on top. No Textual here."""

from dataclasses import dataclass, field, replace
from typing import Any

from devgw.dashboard.fault import KeptFaults
from devgw.dashboard.filter import FilterMistake, Vocabulary, compile_filter
from devgw.dashboard.keys.editor import Editor
from devgw.dashboard.keys.keymap import Keymap
from devgw.dashboard.lists.listing import Listing, Order
from devgw.dashboard.look.glyphs import UNICODE, Glyphs
from devgw.dashboard.look.palette import DARK
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.overlays.base import Overlay
from devgw.dashboard.port import Port
from devgw.dashboard.proof import Proof
from devgw.dashboard.views.base import Column, View
from devgw.dashboard.views.catalog import BY_NAME, VIEWS
from devgw.dashboard.views.scene import Scene
from devgw.dashboard.world import World, WorldChanges, row_id

PANES = ("list", "detail", "side")
NOTE_SECONDS = 4.0
BEGINNING = -2
"""The link on which reading a sheet begins; which one that is, is known once it is drawn."""


@dataclass(slots=True)
class Note:
    """A short message that goes away by itself."""

    text: str
    until: float
    look: str = ""
    counts_down: bool = False


@dataclass(slots=True)
class TypedFilter:
    """A filter as it was typed."""

    editor: Editor = field(default_factory=Editor)
    applied: str = ""
    mistake: FilterMistake | None = None


@dataclass(slots=True)
class ReadingPosition:
    """Where a pane is read: how many lines went by, and the link under the cursor."""

    moved_to: int | None = None
    """The lines that went by since somebody scrolled; None while it stands where it begins."""
    anchor: int = -1
    """Index among the sheet's targets; -1 where none is chosen."""

    def top(self, sheet: Sheet) -> int:
        """Return how many lines of `sheet` went by."""
        wanted = sheet.begin if self.moved_to is None else self.moved_to
        return max(0, min(wanted, len(sheet.lines) - max(1, sheet.height)))


class Desk:
    """Everything that a key can change. It asks the gateway through its port and never edits a row."""

    def __init__(
        self, world: World, port: Port, keymap: Keymap, glyphs: Glyphs = UNICODE, *, is_read_only: bool = False
    ) -> None:
        self.world, self.port, self.keymap, self.is_read_only = world, port, keymap, is_read_only
        self.theme = DARK.name
        self.scene = Scene(world, keymap, glyphs=glyphs)
        self.view: View = VIEWS[0]
        self.before: View = VIEWS[0]
        self.listings = {view.name: self._listing(view) for view in VIEWS}
        self.stale = set(self.listings)
        """Views whose rows changed while another one was shown."""
        self.asked = {view.name: TypedFilter() for view in VIEWS}
        self.goto = Editor()
        self.prompt: str | None = None
        """`filter` or `goto` while something is typed on the status line."""
        self.focus = "list"
        self.is_open = False
        """Where there is room for one pane: whether it shows the detail."""
        self.grow = 0
        self.tabs = dict.fromkeys(self.listings, 0)
        self.reading: dict[str, ReadingPosition] = {pane: ReadingPosition() for pane in PANES}
        self.sheets: dict[str, Sheet] = {}
        """What the panes showed last: links and length."""
        self.shown: frozenset[str] = frozenset({"list"})
        """The panes for which there was room."""
        self.page = 10
        """How many rows the list showed last."""
        self.is_paused = False
        self.held_back = 0
        self.overlay: Overlay | None = None
        self.notes: list[Note] = []
        self.trouble = ""
        self.proof = Proof()
        self.faults = KeptFaults()
        self.undoable: list[tuple[str, float]] = []
        """What `z` takes back, and until when."""
        self.wall = 0.0
        """The person's time, by which messages go: the gateway's may stand still."""
        self.copied = "c"
        """The last kind that was copied."""
        self.interrupted_at = -10.0
        self.wanted: tuple[str, str, int] | None = None
        """The detail that should be fetched: kind, id, version."""

    # --- time and rows ------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Return the gateway's time as it was set last."""
        return self.scene.now

    @property
    def glyphs(self) -> Glyphs:
        """Return the signs in use."""
        return self.scene.glyphs

    def _listing(self, view: View) -> Listing:
        listing = Listing(self.world.table(view.table), view.order, row_id)
        over = view.is_over
        if over is not None:
            listing.is_shown = lambda row: not over(row, self.now)
        past = view.is_past
        if past is not None:
            listing.is_past = lambda row: past(row, self.now)
        return listing

    @property
    def listing(self) -> Listing:
        """Return the list that is shown."""
        return self.listings[self.view.name]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the columns of the view but those that the person left out."""
        return tuple(each for each in self.view.columns if each.title not in self.listing.hidden)

    @property
    def row(self) -> Any | None:
        """Return the row under the cursor."""
        return self.listing.current

    def tick(self, now: float, wall: float | None = None) -> bool:
        """Let time pass; return whether a new second began.

        Args:
            now: the gateway's time, which may stand still.
            wall: the person's, by which messages go; the same if not said.
        """
        is_new = int(now) != int(self.scene.now)
        self.scene.now, self.wall = now, now if wall is None else wall
        self.notes = [note for note in self.notes if note.until > self.wall]
        self.undoable = [each for each in self.undoable if each[1] > now]
        if is_new and self.view.ticks and (self.view.is_over or self._is_timed):
            self.listing.rebuild()
        return is_new

    @property
    def _is_timed(self) -> bool:
        applied = self.asked[self.view.name].applied
        return any(word in applied for word in ("age", "ttl", "expir"))

    def take(self, changes: WorldChanges) -> bool:
        """Follow what the gateway told; return whether the picture may differ."""
        if not changes.any:
            return False
        for said in self.proof.watch(changes.rows.get("token", [])):
            self.say(said, "ok", 8.0)
        self.stale |= {view.name for view in VIEWS if self._concerns(view, changes)} - {self.view.name}
        if not self._concerns(self.view, changes):
            return True
        rows = changes.rows.get(self.view.table, [])
        if self.is_paused:
            self.held_back += len(rows)
            self.stale.add(self.view.name)
            return True
        if changes.is_whole:
            self.listing.rebuild()
        else:
            self.listing.take(rows, self.view.table in changes.lost)
        return True

    @staticmethod
    def _concerns(view: View, changes: WorldChanges) -> bool:
        return changes.is_whole or view.table in changes.rows or view.table in changes.lost

    def refresh(self) -> None:
        """Bring the shown list up to date, where rows changed behind its back."""
        if self.view.name in self.stale and not self.is_paused:
            self.stale.discard(self.view.name)
            self.listing.rebuild()

    # --- filter and order ---------------------------------------------------------------------------------------------

    @property
    def vocabulary(self) -> Vocabulary:
        """Return what a filter of this view may say, marks included."""
        known, listing = self.view.vocabulary, self.listing
        states = {**known.states, "marked": lambda row: row_id(row) in listing.marks}
        return replace(known, states=states, now=lambda: self.now)

    def filter(self, text: str, *, is_typing: bool = False) -> None:
        """Filter the list; while `text` has a mistake, or ends in a field that is being typed, the old result stays."""
        asked = self.asked[self.view.name]
        if is_typing and self.vocabulary.is_begun(text):
            asked.mistake = None
            return
        try:
            predicate = compile_filter(text, self.vocabulary)
        except FilterMistake as mistake:
            asked.mistake = mistake
            return
        asked.mistake, asked.applied = None, text.strip()
        self.listing.predicate = predicate
        self.listing.rebuild()

    def sort(self, order: Order) -> None:
        """Show the list in another order."""
        self.listing.order = order
        self.listing.rebuild()

    # --- going places -------------------------------------------------------------------------------------------------

    def show(self, view: View) -> None:
        """Show another view."""
        if view is not self.view:
            self.before, self.view = self.view, view
            self.focus, self.is_open, self.grow = "list", False, 0
            self._reread()
        self.refresh()

    def open(self, view_name: str, text: str | None = None, row: str = "") -> None:
        """Show a view, filtered where `text` is given, with the cursor on `row` where that is shown."""
        self.show(BY_NAME[view_name])
        if text is not None:
            self.asked[view_name].editor.set(text)
            self.filter(text)
        if row and not self.listing.select(row):
            self.asked[view_name].editor.set("")
            self.listing.is_shown = None
            self.filter("")
            if not self.listing.select(row):
                self.say(f"{row} is no longer kept", "warn")
        self._reread()

    def moved(self) -> None:
        """Begin the detail at its top after the cursor went to another row."""
        self._reread()

    def _reread(self) -> None:
        self.reading = {pane: ReadingPosition() for pane in PANES}

    def target(self) -> Target | None:
        """Return the link under the cursor of the pane in focus."""
        sheet, reading = self.sheets.get(self.focus), self.reading[self.focus]
        if self.focus == "list" or sheet is None or reading.anchor < 0:
            return None
        lines = sorted(sheet.targets)
        return sheet.targets[lines[min(reading.anchor, len(lines) - 1)]] if lines else None

    # --- words to the person ------------------------------------------------------------------------------------------

    def say(self, text: str, look: str = "", seconds: float = NOTE_SECONDS, *, counts_down: bool = False) -> None:
        """Show a short message at the bottom right; two at most."""
        self.notes = [note for note in self.notes if note.text != text][-1:]
        self.notes.append(Note(text, self.wall + seconds, look, counts_down))

    def fail(self, part: str, error: Exception) -> None:
        """Say that a part failed, and put away what may fail again with the next key."""
        self.overlay, self.prompt = None, None
        self.complain(self.faults.note(part, error))

    def complain(self, text: str) -> None:
        """Show what went wrong on the status line until Escape."""
        self.trouble = text
