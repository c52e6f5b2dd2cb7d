"""Comparing: two requests that are marked, or a flow with the last good one of its client; secrets are masked."""

from difflib import unified_diff
from functools import partial

from devgw.control.messages import CommandAnswer, FlowComparison, ReplayView, TraceDetail
from devgw.dashboard.acts import running, sifting
from devgw.dashboard.desk import Desk
from devgw.dashboard.overlays.notice import Notice
from devgw.dashboard.world import row_id
from devgw.foreign.text import clean

_CONTEXT = 2
_WIDTH = 140
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods by which nothing is meant to be done (RFC 9110 §9.2.1)."""


def compare(desk: Desk) -> None:
    """Show what differs between what belongs together in this view."""
    if desk.view.name == "flows":
        compare_flow(desk)
    else:
        _compare_traces(desk)


def compare_flow(desk: Desk, other: str = "") -> None:
    """Show what this flow did otherwise than another one; than the last good one of its client if not said."""
    row = desk.row
    if row is None:
        return

    def came(answer: CommandAnswer) -> None:
        if not answer.ok:
            desk.complain(f"{answer.explanation} {answer.hint}".strip())
            return
        found = FlowComparison.from_json(answer.result)
        copy = ("y", "copy", lambda at: at.say(at.port.copy(found.report)))
        title = f"{found.flow.id} beside {found.other.id}"
        desk.overlay = Notice(title, found.report.rstrip(), [copy], width=_WIDTH, is_laid_out=True)

    desk.port.ask("compare", {"id": row.id, "other": other}, came)


def is_of_earlier_run(desk: Desk) -> bool:
    """Tell whether the row is a flow whose requests are kept with it, and in no list."""
    return desk.view.name == "flows" and desk.row is not None and bool(desk.row.run)


def show_kept(desk: Desk, trace_id: str) -> None:
    """Show a request of a flow of an earlier run."""

    def came(answer: CommandAnswer) -> None:
        if answer.ok:
            text = "\n".join(_lines(TraceDetail.from_json(answer.result)))
            desk.overlay = Notice(f"Request {trace_id}", text, width=_WIDTH, is_laid_out=True)
        else:
            desk.complain(answer.explanation)

    desk.port.ask("inspect", {"kind": "trace", "id": trace_id}, came)


def _compare_traces(desk: Desk) -> None:
    """Ask for both, and show what differs; the older one stands first."""
    marked = [row for row in desk.listing.rows() if row_id(row) in desk.listing.marks]
    ids = [row.id for row in sorted(marked, key=lambda row: row.at)]
    told: dict[str, list[str]] = {}

    def came(answer: CommandAnswer, trace_id: str) -> None:
        if not answer.ok:
            desk.complain(answer.explanation or f"the gateway does not know {trace_id} any more")
            return
        told[trace_id] = _lines(TraceDetail.from_json(answer.result))
        if len(told) == len(ids):
            _show(desk, ids, [told[each] for each in ids])

    for each in ids:
        desk.port.ask("inspect", {"kind": "trace", "id": each}, partial(came, trace_id=each))


def _lines(detail: TraceDetail) -> list[str]:
    """Return a request and its answer, a header and a line of a body on each line."""
    row = detail.row
    url, _, query = detail.url.partition("?")
    head = [f"{row.method} {url}", *(f"  {each}" for each in query.split("&") if each), f"answered {row.status}"]
    said = [f"{name} {text}" for name, text in (("why", detail.explanation), ("note", row.note)) if text]
    sides = (
        ("request", detail.request_headers, detail.request_body),
        ("response", detail.response_headers, detail.response_body),
    )
    for side, headers, body in sides:
        said += [f"{side} {each.name}: {each.value}" for each in headers]
        said += [f"{side} | {each}" for each in body.text.splitlines()]
    return [clean(each) for each in (*head, *said)]


def _show(desk: Desk, names: list[str], texts: list[list[str]]) -> None:
    (before, after), (one, other) = names, texts
    lines = [*unified_diff(one, other, before, after, lineterm="", n=_CONTEXT)]
    text = "\n".join(lines) if lines else "They are told in the same words."
    desk.overlay = Notice(f"From {before} to {after}", text, width=_WIDTH)


def ask_again(desk: Desk) -> None:
    """Ask the request again, after a question where it may do something twice."""
    row = desk.row
    if row is None:
        return
    if row.method in _HARMLESS:
        _replay(desk, row.id)
        return
    text = f"{row.method} {row.path.partition('?')[0]}\n\nWhat it does, it does twice."
    again = ("y", "ask again", partial(_replay, trace_id=row.id))
    desk.overlay = Notice("Ask this again?", text, [again], width=76)


def _replay(desk: Desk, trace_id: str) -> None:
    def came(answer: CommandAnswer) -> None:
        if not answer.ok:
            desk.complain(f"{answer.explanation} {answer.hint}".strip())
            return
        report = ReplayView.from_json(answer.result).report
        copy = ("y", "copy", lambda at: at.say(at.port.copy(report)))
        desk.overlay = Notice(f"{trace_id}, then and now", report.rstrip(), [copy], width=_WIDTH, is_laid_out=True)

    desk.port.ask("replay", {"id": trace_id}, came)


def why_not_again(desk: Desk) -> str:
    """Say why it cannot be asked again."""
    return "read-only" if desk.is_read_only else sifting.why_no_row(desk) or running.why_not_steered(desk)


def why_no_flow(desk: Desk) -> str:
    """Say why there is no flow to compare."""
    if desk.view.name != "flows":
        return desk.keymap.said("only of a flow: {view_flows} shows them")
    return "" if desk.row is not None else "the list is empty"


def why_no_compare(desk: Desk) -> str:
    """Say why there are no two to compare."""
    if desk.view.name == "flows":
        return why_no_flow(desk)
    count = sum(row_id(row) in desk.listing.marks for row in desk.listing.rows())
    marked = f"{count} {'is' if count == 1 else 'are'} marked"
    return "" if count == 2 else f"mark two with {desk.keymap.sign('mark')}; {marked}"
