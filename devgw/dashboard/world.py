"""What the gateway told us: its rows by kind, its configuration and health, and how the line to it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from devgw.control.messages import (
    CheckRow,
    ConfigView,
    DiagnosisRow,
    EventLine,
    Events,
    Gap,
    GatewayFacts,
    HealthView,
    Rows,
    Snapshot,
    Welcome,
)
from devgw.dashboard.items import items
from devgw.dashboard.lists.sharing import share_words
from devgw.dashboard.lists.table import RowTable
from devgw.limits import Limits

LISTS = ("flow", "trace", "token", "client", "session", "upstream", "diagnosis", "line", "item", "check")
"""Kinds that are listed; `item` and `check` are the rows of the configuration and of health."""
TOLD = (*(kind for kind in LISTS if kind not in {"item", "check"}), "config", "health")
"""Kinds that the gateway is asked to tell; grants stand in the rows of their tokens."""

_LINES = 2_000
"""Raw lines kept: each carries all its fields, and `devgw tail` has the others."""


class Link(StrEnum):
    """How the line to the gateway is."""

    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"
    REFUSED = "refused"


@dataclass(slots=True)
class WorldChanges:
    """What a batch of messages changed, by kind."""

    rows: dict[str, list[Any]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    """Kinds of which rows were dropped."""
    is_whole: bool = False
    """True where everything is different: a snapshot came."""

    @property
    def any(self) -> bool:
        """Tell whether something changed at all."""
        return self.is_whole or bool(self.rows) or bool(self.lost)


class World:
    """The mirror of the monitor's books. It is told, and never edits a row of its own."""

    def __init__(self, capacity: int = Limits.LISTED_ROWS) -> None:
        self.tables = {kind: RowTable(min(capacity, _LINES) if kind == "line" else capacity) for kind in LISTS}
        self.config: ConfigView | None = None
        self.health: HealthView | None = None
        self.gateway: GatewayFacts | None = None
        self.instance = ""
        self.seq = 0
        self.skew = 0.0
        """Seconds by which the gateway's clock is ahead of ours."""
        self.link = Link.CONNECTING
        self.link_since = 0.0
        self.link_words = ""
        self.missed = 0
        self.restarted_at = 0.0
        self.seen_before_restart = 0
        self.changes = WorldChanges()
        self._is_filling = False

    def table(self, kind: str) -> RowTable:
        """Return the rows of `kind`."""
        return self.tables[kind]

    def drain(self) -> WorldChanges:
        """Return what changed since the last call."""
        changes, self.changes = self.changes, WorldChanges()
        return changes

    # --- messages -----------------------------------------------------------------------------------------------------

    def welcome(self, message: Welcome, now: float) -> None:
        """Meet a gateway: the one from before, or another."""
        self._is_filling = False
        if self.instance and message.instance != self.instance:
            self.restarted_at, self.missed = message.now, 0
        self.instance, self.gateway = message.instance, message.gateway
        self.link, self.link_since, self.link_words = Link.LIVE, now, ""
        self._set_clock(message.now, now)

    def snapshot(self, message: Snapshot, now: float) -> None:
        """Take a part of everything; part 0 forgets what was there."""
        if not self._is_filling:
            self._is_filling = True
            for table in self.tables.values():
                table.clear()
            self.changes.is_whole = True
        self._set_clock(message.now, now)
        self._put(message.rows)
        if message.is_last:
            self.seq, self._is_filling = message.seq, False

    def events(self, message: Events, now: float) -> None:
        """Take what changed."""
        self._set_clock(message.now, now)
        self._put(message.rows)
        for kind, ids in message.gone.items():
            if kind in self.tables:
                self.tables[kind].forget(ids)
                self.changes.lost.add(kind)
        self.seq = message.seq

    def gap(self, message: Gap) -> None:
        """Take note of what was lost on the way."""
        self.missed += max(0, message.missed)  # -1: another gateway, nobody knows how many

    def lose(self, words: str, now: float, link: Link = Link.LOST) -> None:
        """Take note that the line is down: what is known stays, and is shown as stale."""
        if self.link is not link:
            self.link_since = now
        self.link, self.link_words = link, words

    def _set_clock(self, theirs: float, ours: float) -> None:
        if theirs:
            self.skew = theirs - ours

    def _put(self, rows: Rows) -> None:
        for kind, changed in rows.items():
            if kind in self.tables:
                self._put_rows(kind, changed)
            elif kind == "config":
                self._configure([each for each in changed if isinstance(each, ConfigView)])
            elif kind == "health":
                self._examine([each for each in changed if isinstance(each, HealthView)])

    def _configure(self, views: list[ConfigView]) -> None:
        for view in views:
            self.config = view
            if self.gateway and view.generation:  # a reload may sign in elsewhere, and serve other routes
                urls = [each.url for each in view.routes if each.url]
                self.gateway = replace(
                    self.gateway, provider=view.provider, is_sample=view.is_sample, notes=view.notes, mcp_urls=urls
                )
            self._replace("item", items(view))

    def _examine(self, views: list[HealthView]) -> None:
        for view in views:
            self.health = view
            self._replace("check", view.checks)

    def _replace(self, kind: str, rows: Sequence[Any]) -> None:
        """Let `rows` be all there is of a kind; those that stay keep their place."""
        table = self.tables[kind]
        kept = {row_id(row) for row in rows}
        table.forget([each for each in table.rows if each not in kept])
        self.changes.lost.add(kind)
        self._put_rows(kind, rows)

    def examined(self, rows: Sequence[DiagnosisRow], gone: Sequence[str] = ()) -> None:
        """Take what the doctor's probes say, in the place of the rows that are gone; the gateway keeps it nowhere."""
        self.tables["diagnosis"].forget(gone)
        self.changes.lost |= {"diagnosis"} if gone else set()
        self._put_rows("diagnosis", rows)

    def _put_rows(self, kind: str, rows: Sequence[Any]) -> None:
        table = self.tables[kind]
        share_words(kind, rows)
        for row in rows:
            table.put(row_id(row), row)
        self.changes.rows.setdefault(kind, []).extend(rows)
        if table.trim():
            self.changes.lost.add(kind)


def row_id(row: Any) -> str:
    """Return the identity of a row: its id, a check's name, a line's number."""
    if isinstance(row, EventLine):
        return str(row.seq)
    return str(row.name if isinstance(row, CheckRow) else row.id)
