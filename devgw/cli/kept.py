"""Flows that are kept: asked of the gateway that runs, read from its state where none does, or from a file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from devgw.cli.joining import answered, check_no_folder, fail, near, run_where_one_runs, state_dir_of
from devgw.cli.printing import write_line
from devgw.control.client import ask_once, snapshot_once
from devgw.control.folder import FLOWS
from devgw.control.messages import FlowRow
from devgw.control.state_place import own_state_folder
from devgw.files import write_new
from devgw.limits import Limits
from devgw.monitor.flow_file import FlowFileRefused, read_recording, read_row, whole, write_recording
from devgw.monitor.recorded_flow import RecordedFlow
from devgw.problems.control import NoGatewayRuns
from devgw.store.failure import StateUnusable
from devgw.store.flows import FlowStore

T = TypeVar("T")


def kept_rows(directory: Path) -> list[FlowRow]:
    """Return the rows of the flows of this run and of those before it."""
    found = run_where_one_runs(snapshot_once(state_dir_of(directory), ["flow"]))
    return found.of("flow", FlowRow) if found is not None else _stored(directory, _listed) or []


def _listed(store: FlowStore) -> list[FlowRow]:
    rows = store.earlier()
    if store.unreadable:
        write_line(f"{store.unreadable} of the flows that are kept cannot be read.", colour="yellow", err=True)
    return rows


def kept_flow(directory: Path, id_: str) -> RecordedFlow:
    """Return a flow with its exchanges; end with what may have been meant where there is none."""
    check_no_folder(id_)
    state_dir = state_dir_of(directory)
    answer = run_where_one_runs(ask_once(state_dir, "inspect", kind="recording", id=id_))
    if answer is None:
        found = _stored(directory, lambda store: store.find(id_))
        none_runs = NoGatewayRuns(str(state_dir)).explain()
        return found or fail(none_runs, f"No flow {id_} is kept of an earlier run either.")
    if answer.code == "not_found":
        fail(f"There is no flow {id_}, or it is not kept any more.", near(state_dir, "flow", id_))
    recording = read_row(RecordedFlow, answered(answer), "it")
    whole(recording.flow)
    return recording


def _stored(directory: Path, ask: Callable[[FlowStore], T]) -> T | None:
    """Return what the flows on disk say where no gateway runs; None where there are none."""
    path = _place(directory)
    if path is None:
        return None
    try:
        store = FlowStore(path)
        try:
            return ask(store)
        finally:
            store.close()
    except StateUnusable as unusable:
        fail(str(unusable))
    except FlowFileRefused as refused:
        fail(f"What is kept of it in {path} cannot be read: {refused}.")


def _place(directory: Path) -> Path | None:
    """Return where flows of this project are kept."""
    from devgw.config.settings_file import read_settings  # noqa: PLC0415  `--help` must be quick

    settings, _ = read_settings(directory.resolve(), os.environ)
    folders = (settings.state_path, own_state_folder(settings.root, os.environ))
    return next((path for each in folders if (path := each / FLOWS).is_file()), None)


def read_file(path: Path) -> RecordedFlow:
    """Return the flow in a file, which may be anybody's; end with why there is none."""
    try:
        with path.open("rb") as file:
            content = file.read(Limits.FLOW_FILE_BYTES + 1)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror or error}.")
    try:
        return read_recording(content)
    except FlowFileRefused as refused:
        fail(f"{path} is no flow that can be read: {refused}.", _ADVICE)


_ADVICE = "Give a file that `devgw flows FLOW --save FILE` has written, whole."


def named_flow(directory: Path, named: str) -> RecordedFlow:
    """Return the flow in a file of this name, or of this id."""
    path = Path(named)
    return read_file(path) if path.is_file() else kept_flow(directory, named)


def write_source(path: Path, source: str) -> None:
    """Write source into a new file of the person's own; end with why not where that cannot be."""
    _write(path, source.encode(), 0o644)


def save_file(path: Path, recording: RecordedFlow) -> None:
    """Write a flow into a new file of the person's own; end with why not where that cannot be."""
    _write(path, write_recording(recording), 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        write_new(path, content, mode)
    except FileExistsError:
        fail(f"{path} exists already, and is left as it is.", "Name another file.")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror or error}.")
