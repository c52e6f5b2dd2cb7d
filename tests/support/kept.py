"""Flows that were kept: what stands on the disk, and what a file of one has."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from devgw.control.client import ask_once, snapshot_once
from devgw.control.messages import FlowRow
from devgw.monitor.flow_file import read_row, whole
from devgw.monitor.recorded_flow import RecordedFlow

SECONDS = 60.0


def on_disk(state: Path) -> dict[str, tuple[str, int]]:
    """Return the flows that stand on the disk by id: as rows, with the number of their exchanges."""
    path = state / "flows.db"
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as database:
        try:
            found = database.execute("SELECT id, row FROM flow").fetchall()
            count = dict(database.execute("SELECT flow, count(*) FROM exchange GROUP BY flow").fetchall())
        except sqlite3.OperationalError:  # it is being made
            return {}
    return {id_: (row, count.get(id_, 0)) for id_, row in found}


def bytes_on_disk(state: Path) -> bytes:
    """Return everything that the flows' files have."""
    return b"".join(each.read_bytes() for each in sorted(state.glob("flows.db*")))


async def until(is_so: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


async def until_kept(state: Path, words: str, exchanges: int = 0) -> str:
    """Wait until a flow stands on the disk in whose row are these words, with so many exchanges; return its id."""
    found: list[str] = []

    def is_kept() -> bool:
        found[:] = [id_ for id_, (row, count) in on_disk(state).items() if words in row and count >= exchanges]
        return bool(found)

    await until(is_kept, f"no flow with {words!r} on the disk: {on_disk(state)}")
    return found[-1]


async def flows_of(state: Path) -> list[FlowRow]:
    """Return the flows that the gateway lists, those of earlier runs too."""
    return (await snapshot_once(state, ["flow"])).of("flow", FlowRow)


async def recording(state: Path, id_: str) -> RecordedFlow:
    """Return a flow as the control socket tells it for a file."""
    answer = await ask_once(state, "inspect", kind="recording", id=id_)
    assert answer.ok, answer
    found = read_row(RecordedFlow, answer.result, "it")
    whole(found.flow)
    return found
