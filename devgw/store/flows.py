"""Kept flows: a database of their own beside the state, written by one thread, bounded in number, size and age.

It is apart from the state so that nothing which answers a request ever waits for it. What is read from it is read as
anybody's: a row that says nothing is passed over, and counted.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from devgw.limits import Limits
from devgw.monitor.details import FlowDetail, TraceDetail
from devgw.monitor.flow_file import FlowFileRefused, check_flow_row, read_detail, row_text, whole
from devgw.monitor.recorded_flow import FORMAT, RecordedFlow, RunView, of_earlier_run
from devgw.monitor.recorder import KeptFlow
from devgw.monitor.rows import FlowRow
from devgw.store.database import Database
from devgw.store.failure import Contents, StateUnusable

FLOWS = (
    """
    CREATE TABLE run (id TEXT PRIMARY KEY, started REAL NOT NULL, told TEXT NOT NULL);
    CREATE TABLE flow (
      id TEXT PRIMARY KEY, run TEXT NOT NULL, started REAL NOT NULL, changed REAL NOT NULL,
      has_arrived INTEGER NOT NULL, bytes INTEGER NOT NULL, left_out INTEGER NOT NULL DEFAULT 0,
      row TEXT NOT NULL, detail TEXT NOT NULL);
    CREATE INDEX flow_by_change ON flow(changed);
    CREATE TABLE exchange (
      flow TEXT NOT NULL REFERENCES flow(id) ON DELETE CASCADE, number INTEGER NOT NULL, id TEXT NOT NULL,
      bytes INTEGER NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (flow, number));
    CREATE INDEX exchange_by_id ON exchange(id);
    """,
)
"""Applied in order, each once."""
_IN_FLOWS = Contents("database of kept flows", "the flows that it keeps", ".")
_FIRST = 20
"""Exchanges of a flow that stay whatever comes after them: a login's own."""
_DAY = 86_400.0
_MOST_BYTES = 4 * Limits.KEPT_FLOWS_BYTES
"""Of the file: pages that hold nothing now, and indexes, are in it too."""
_BY_CHANGE = (
    "SELECT id, has_arrived, CAST(bytes AS INTEGER), CAST(changed AS REAL) FROM flow"
    " ORDER BY changed DESC, started DESC"
)
_ADD = (
    "INSERT INTO exchange SELECT ?1, coalesce((SELECT max(number) FROM exchange WHERE flow=?1), 0) + 1, ?2, ?3, ?4"
    " WHERE NOT EXISTS (SELECT 1 FROM exchange WHERE flow=?1 AND id=?2)"
)
"""What was written already, by an attempt that nobody waited for, is not written twice."""


class FlowStore:
    """The flows of this run and of those before it; None for a path keeps them in memory.

    Raises:
        StateUnusable: where the file cannot be opened, or is not what devgw writes.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None and path.exists() and path.stat().st_size > _MOST_BYTES:
            raise StateUnusable(f"{path} is larger than any that devgw writes. Move it away.")
        self._database = Database(path, FLOWS, contents=_IN_FLOWS)
        self._run = ""
        self.unreadable = 0
        """Rows that say nothing, found when the earlier flows were listed."""
        if self._execute("SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')"):
            self._database.close()
            raise StateUnusable(f"{path} has triggers or views, and devgw made none. Move it away.")

    def _execute(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self._database.execute(sql, parameters).fetchall()

    def begin(self, run: RunView) -> None:
        """Let everything that is saved from now on be of this run.

        Raises:
            StateRefused: where it cannot be written.
        """
        self._run = run.id
        with self._database.transaction():
            self._execute("INSERT OR REPLACE INTO run VALUES (?, ?, ?)", run.id, run.started, row_text(run))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    # --- writing ---

    def save(self, flows: Sequence[KeptFlow], now: float) -> list[str]:
        """Keep these as they stand now, and forget what there is no room for; return the ids of what was forgotten.

        Raises:
            StateRefused: where it cannot be written; then nothing of it was.
        """
        with self._database.transaction():
            for each in flows:
                self._save(each, now)
            return self._prune(now)

    def _save(self, flow: KeptFlow, now: float) -> None:
        size = len(flow.row) + len(flow.detail)
        self._execute(
            "INSERT INTO flow (id, run, started, changed, has_arrived, bytes, row, detail) VALUES (?,?,?,?,?,?,?,?)"
            " ON CONFLICT (id) DO UPDATE SET run=excluded.run, changed=excluded.changed,"
            " has_arrived=excluded.has_arrived, bytes=excluded.bytes, row=excluded.row, detail=excluded.detail",
            *(flow.id, self._run, flow.started, now, flow.has_arrived, size, flow.row, flow.detail),
        )
        for id_, detail in flow.exchanges:
            self._execute(_ADD, flow.id, id_, len(detail), detail)
        self._thin_out(flow.id)

    def _thin_out(self, flow_id: str) -> None:
        """Leave out what stands between the first exchanges of a flow and the newest, where there are too many."""
        sizes = self._execute(
            "SELECT number, CAST(bytes AS INTEGER) FROM exchange WHERE flow=? ORDER BY number", flow_id
        )
        count, total = len(sizes), sum(size for _, size in sizes)
        gone: list[int] = []
        for number, size in sizes[_FIRST:-1]:
            if count <= Limits.KEPT_EXCHANGES and total <= Limits.KEPT_EXCHANGES_BYTES:
                break
            gone.append(number)
            count, total = count - 1, total - size
        for number in gone:
            self._execute("DELETE FROM exchange WHERE flow=? AND number=?", flow_id, number)
        self._execute(
            "UPDATE flow SET left_out=left_out+?, bytes=length(row)+length(detail)+? WHERE id=?",
            *(len(gone), total, flow_id),
        )

    def _prune(self, now: float) -> list[str]:
        """Forget what is too old, too much of its kind, or too large with all that is newer."""
        found = self._execute(_BY_CHANGE)
        counts, total, gone = {False: 0, True: 0}, 0, list[str]()
        for id_, arrived, size, changed in found:
            counts[bool(arrived)] += 1
            total += size
            is_old = now - changed > Limits.KEPT_FLOW_DAYS * _DAY
            if is_old or counts[bool(arrived)] > Limits.KEPT_FLOWS or total > Limits.KEPT_FLOWS_BYTES:
                gone.append(id_)
        for id_ in gone:
            self._execute("DELETE FROM flow WHERE id=?", id_)
        if gone:
            self._execute("DELETE FROM run WHERE id<>? AND id NOT IN (SELECT run FROM flow)", self._run)
        return gone

    def forget(self) -> int:
        """Forget all flows; return how many they were.

        Raises:
            StateRefused: where it cannot be written.
        """
        with self._database.transaction():
            ((count,),) = self._execute("SELECT count(*) FROM flow")
            self._execute("DELETE FROM flow")
            return int(count)

    # --- reading ---

    def earlier(self) -> list[FlowRow]:
        """Return the rows of the flows of earlier runs, the one that changed longest ago first."""
        self.unreadable, runs, rows = 0, self._runs(), list[FlowRow]()
        found = self._execute("SELECT id, run, row FROM flow WHERE run<>? ORDER BY changed, started", self._run)
        for id_, run, text in found:
            row = self._row(text)
            if row is None or row.id != id_ or run not in runs:
                self.unreadable += 1
            else:
                rows.append(of_earlier_run(row, runs[run]))
        return rows[-2 * Limits.KEPT_FLOWS :]

    def _runs(self) -> dict[str, RunView]:
        found = {}
        for id_, text in self._execute("SELECT id, told FROM run"):
            try:
                found[id_] = read_detail(RunView, str(text))
            except FlowFileRefused:
                self.unreadable += 1
        return found

    def _row(self, text: Any) -> FlowRow | None:
        try:
            return check_flow_row(read_detail(FlowRow, str(text)))
        except FlowFileRefused:
            return None

    def find(self, id_: str) -> RecordedFlow | None:
        """Return a flow with its exchanges; None where it is not kept.

        Raises:
            FlowFileRefused: where what is kept of it says nothing.
        """
        found = self._execute("SELECT run, CAST(left_out AS INTEGER), detail FROM flow WHERE id=?", id_)
        if not found:
            return None
        ((run_id, left_out, text),) = found
        run = self._runs().get(run_id)
        if run is None:
            raise FlowFileRefused("its run is not known")
        detail = read_detail(FlowDetail, str(text))
        if run.id != self._run:
            of_earlier_run(detail.row, run)
        told = self._execute("SELECT detail FROM exchange WHERE flow=? ORDER BY number", id_)
        exchanges = [read_detail(TraceDetail, str(each)) for (each,) in told]
        return RecordedFlow(FORMAT, run, whole(detail), exchanges, left_out)

    def find_exchange(self, id_: str) -> TraceDetail | None:
        """Return one exchange of any kept flow.

        Raises:
            FlowFileRefused: where what is kept of it says nothing.
        """
        found = self._execute("SELECT detail FROM exchange WHERE id=? ORDER BY rowid DESC LIMIT 1", id_)
        return read_detail(TraceDetail, str(found[0][0])) if found else None
