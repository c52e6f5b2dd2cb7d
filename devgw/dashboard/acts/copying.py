"""Copying and exporting: to the clipboard, and to files. Never with a secret that nobody asked for by name."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from devgw.control.messages import CommandAnswer, Copied, TraceDetail
from devgw.dashboard.desk import Desk
from devgw.dashboard.har import har
from devgw.dashboard.look import words
from devgw.dashboard.overlays.menu import Choice, Menu
from devgw.dashboard.views.welcome import LETTERS, commands
from devgw.dashboard.world import row_id
from devgw.foreign.text import clean, shown_json

_KINDS = (
    ("c", "curl", "curl command"),
    ("u", "url", "URL"),
    ("h", "headers", "headers"),
    ("b", "body", "body"),
    ("m", "report", "Markdown report"),
)
_MOST_FETCHED = 500
"""Requests of which an archive asks for headers and bodies."""
_TRACE_ONLY = {"curl", "url", "headers", "body"}


def menu(desk: Desk) -> None:
    """Offer what can be copied of the row, or on the empty Flows screen how to connect."""
    if desk.row is None:
        _welcome(desk)
        return
    desk.overlay = Menu("Copy", _choices(desk, desk.row), width=76)


def _welcome(desk: Desk) -> None:
    found = commands(desk.scene)
    if not found:
        desk.say("there is nothing to copy yet", "warn")
        return
    choices = [
        Choice(letter, name, partial(_put, text=text), text)
        for letter, (name, text) in zip(LETTERS, found, strict=False)
    ]
    desk.overlay = Menu("Copy", choices, width=96)


def _choices(desk: Desk, row: Any) -> list[Choice]:
    name = row_id(row)
    found = [
        Choice("i", "id", partial(_put, text=name), name),
        Choice("j", "JSON of this row", partial(_put, text=as_json(row)), as_json(row)),
        Choice("l", "this line as text", partial(_put, text=_line(desk, row)), _line(desk, row)),
    ]
    for letter, kind, label in _KINDS:
        blocked = _why_not(desk, kind)
        found.append(Choice(letter, label, partial(fetch, kind=kind), _hint(desk, row, kind), blocked))
    return found


def _why_not(desk: Desk, kind: str) -> str:
    if kind in _TRACE_ONLY:
        return "" if desk.view.name == "traces" else desk.keymap.said("only of a trace: {related} t goes there")
    return "" if desk.view.name == "flows" else desk.keymap.said("only of a flow: {view_flows} shows them")


def _hint(desk: Desk, row: Any, kind: str) -> str:
    url = f"{_origin(desk)}{getattr(row, 'path', '')}"
    return {"curl": f"curl -sS -X {getattr(row, 'method', '')} {url}", "url": url}.get(kind, "")


def _line(desk: Desk, row: Any) -> str:
    parts = [column.cell(row, desk.scene) for column in desk.view.columns]
    texts = [str(cell[0]) if isinstance(cell[0], str) else "".join(span[0] for span in cell) for cell in parts if cell]
    return clean("  ".join(text.strip() for text in texts if text.strip()))


def as_json(row: Any) -> str:
    """Return a row as one line of JSON."""
    to_json: Callable[[], dict[str, Any]] | None = getattr(row, "to_json", None)
    values = to_json() if to_json else {"kind": row.kind, "where": row.where, "what": row.what}
    return shown_json(values, default=lambda each: each.to_json())


def _put(desk: Desk, text: str) -> None:
    desk.say(desk.port.copy(text))


def fetch(desk: Desk, kind: str) -> None:
    """Let the gateway make the text, secrets masked, and copy it."""
    row = desk.row
    if row is None:
        return
    desk.copied = kind
    detail = desk.scene.detail(desk.view.detail, row.id)
    ready = {"report": getattr(detail, "report", ""), "curl": getattr(detail, "curl", "")}.get(kind, "")
    if ready:
        _put(desk, ready)
        return
    desk.port.ask("copy", {"kind": kind, "id": row.id}, partial(_copied, desk))


def _copied(desk: Desk, answer: CommandAnswer) -> None:
    if not answer.ok:
        desk.complain(answer.explanation or "there was nothing to copy")
        return
    copied = Copied.from_json(answer.result)
    said = desk.port.copy(copied.text)
    desk.say(f"{said} {desk.glyphs.dot} {copied.note}" if copied.note else said, seconds=6.0)


def again(desk: Desk) -> None:
    """Copy the same kind as last time, of this row."""
    kind = desk.copied
    if _why_not(desk, kind):
        _put(desk, row_id(desk.row))
    else:
        fetch(desk, kind)


# --- export -----------------------------------------------------------------------------------------------------------


def export_menu(desk: Desk) -> None:
    """Offer how to export what is marked, or else everything that is shown."""
    rows = _chosen(desk)
    what = words.plural(len(rows), desk.view.noun) + (" marked" if desk.listing.marks else " shown")
    desk.overlay = Menu(
        f"Export {what}",
        [
            Choice("j", "JSON lines", export_jsonl, f"devgw-{desk.view.name}.jsonl"),
            Choice("t", "text, as shown", export_text, f"devgw-{desk.view.name}.txt"),
            Choice("h", "HAR", export_har, "for a browser's network panel, secrets masked", why_no_har(desk)),
            Choice("m", "Markdown report", export_report, "of this flow, to paste into an issue", why_no_report(desk)),
            Choice("f", "flow file", export_file, "of this flow with its requests: devgw open", why_no_report(desk)),
        ],
    )


def why_no_har(desk: Desk) -> str:
    """Say why there is no archive to write."""
    return "" if desk.view.name == "traces" else desk.keymap.said("only traces are requests: {view_traces} shows them")


def why_no_report(desk: Desk) -> str:
    """Say why there is no report to write."""
    if desk.view.name != "flows":
        return desk.keymap.said("only a flow has one: {view_flows} shows them")
    return "" if desk.row is not None else "the list is empty"


def _chosen(desk: Desk) -> list[Any]:
    marks = desk.listing.marks
    return [row for row in desk.listing.rows() if not marks or row_id(row) in marks]


def _written(desk: Desk, name: str, text: str) -> None:
    desk.say(f"written {desk.port.write(name, text)}", "ok", 8.0)


def export_jsonl(desk: Desk) -> None:
    """Write one JSON object a line."""
    _written(desk, f"devgw-{desk.view.name}.jsonl", "".join(as_json(row) + "\n" for row in _chosen(desk)))


def export_text(desk: Desk) -> None:
    """Write the rows as they are shown."""
    _written(desk, f"devgw-{desk.view.name}.txt", "".join(_line(desk, row) + "\n" for row in _chosen(desk)))


def export_har(desk: Desk) -> None:
    """Write an HTTP archive, with headers and body of each request that the gateway still has, as far as asked."""
    rows = _chosen(desk)
    details = {row.id: desk.scene.detail("trace", row.id) for row in rows}
    missing = [row.id for row in sorted(rows, key=lambda row: -row.at) if details[row.id] is None][:_MOST_FETCHED]
    awaited = set(missing)

    def opened(answer: CommandAnswer, trace_id: str) -> None:
        awaited.discard(trace_id)
        if answer.ok:
            details[trace_id] = TraceDetail.from_json(answer.result)
        if not awaited:
            _write_har(desk, rows, details)

    for each in missing:
        desk.port.ask("inspect", {"kind": "trace", "id": each}, partial(opened, trace_id=each))
    if not missing:
        _write_har(desk, rows, details)


def _write_har(desk: Desk, rows: list[Any], details: Mapping[str, TraceDetail | None]) -> None:
    path = desk.port.write("devgw.har", shown_json(har(rows, details, _origin(desk)), indent=1))
    whole = sum(detail is not None for detail in details.values())
    missing = "" if whole == len(rows) else "; of the others the gateway told the first line alone"
    said = f"written {path}: headers and bodies of {whole} of {len(rows)}{missing}"
    desk.say(said, "ok" if not missing else "warn", 12.0)


def _origin(desk: Desk) -> str:
    return desk.world.gateway.origin if desk.world.gateway else "http://localhost"


def export_file(desk: Desk) -> None:
    """Let the gateway make the file of the flow, with its requests, and write it."""
    row = desk.row
    if row is not None:
        desk.port.ask("copy", {"kind": "file", "id": row.id}, partial(_write_file, desk, f"devgw-{row.id}.devgw"))


def _write_file(desk: Desk, name: str, answer: CommandAnswer) -> None:
    if answer.ok:
        _written(desk, name, Copied.from_json(answer.result).text)
    else:
        desk.complain(answer.explanation or "there was nothing to write")


def export_report(desk: Desk) -> None:
    """Write the flow's Markdown report."""
    row = desk.row
    detail = desk.scene.detail("flow", row.id) if row is not None else None
    if row is None or detail is None:
        desk.complain("the report has not come yet: try again")
        return
    _written(desk, f"devgw-{row.id}.md", detail.report)
