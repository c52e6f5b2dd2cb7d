"""The Why box: what failed, what was got and expected, the likely cause, and the one change that mends it."""

from functools import partial

from devgw.control.messages import DiagnosisView, FailureView, FlowDetail, FlowRow
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Line, line, wrap
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views.ladder import STEPS, TITLES
from devgw.dashboard.views.scene import Scene

_SHORT = 8
"""Fewer lines than this get the short form."""
_LOW = 12
"""Where there are fewer lines than this, the fix stands before the cause."""
_FIX = "fix "
_KEPT = 4
"""Diagnoses shown; the others are in Doctor."""


def write(row: FlowRow, scene: Scene, sheet: Sheet) -> None:
    """Write why a flow stands as it does."""
    detail: FlowDetail | None = scene.detail("flow", row.id)
    sheet.names = 8
    if 0 < sheet.height < _SHORT:
        _short(row, detail, scene, sheet)
    elif row.state in {"failed", "abandoned"} or row.diagnoses or (detail and detail.diagnoses):
        _failed(row, detail, scene, sheet)
    else:
        _well(row, detail, scene, sheet)


def _well(row: FlowRow, detail: FlowDetail | None, scene: Scene, sheet: Sheet) -> None:
    if row.state == "done":
        _done(row, detail, scene, sheet)
    else:
        _active(row, scene, sheet)


def headline(row: FlowRow) -> str:
    """Return where it stopped and why, in one line."""
    number = f"step {STEPS.index(row.step) + 1} " if row.step in STEPS else ""
    return f"{number}{row.step}: {row.why or row.reason_code.replace('_', ' ') or row.state}"


def _short(row: FlowRow, detail: FlowDetail | None, scene: Scene, sheet: Sheet) -> None:
    """Write the answer for a small terminal: what happened and the fix; Tab and + show all of it."""
    is_failed = row.state in {"failed", "abandoned"}
    if detail is None or not (detail.diagnoses or detail.failure):
        if is_failed:
            sheet.text(f"{scene.glyphs.bad} {headline(row)}", "bad!")
        else:
            _well(row, detail, scene, sheet)
        return
    first, failure = next(iter(detail.diagnoses), None), detail.failure
    cause = first.cause if first else failure.explanation if failure else ""
    fix = first.fix if first else failure.hint if failure else ""
    said = headline(row)
    said = said if not cause or _says(said, cause) else f"{said} {scene.glyphs.dash} {cause}"
    _whole_fix(said, fix, is_failed, scene, sheet)
    name = f"   {first.id}{'' if first.certain else ' (suspected)'}" if first else ""
    pane, related, copy = (scene.keymap.sign(each) for each in ("pane", "related", "copy"))
    keys = ((pane, " all of it   "), (f"{related} t", " trace   "), (f"{copy} m", " report"))
    sheet.add((*(span for key, text in keys for span in ((key, "key"), (text, "dim"))), (name, "dim")))


def _says(said: str, cause: str) -> bool:
    """Tell whether a headline says a cause already."""
    return cause.rstrip(".").casefold() in said.casefold()


def _whole_fix(said: str, fix: str, is_failed: bool, scene: Scene, sheet: Sheet) -> None:
    """Write what happened and the fix into all lines but the last; the fix is whole before what happened is."""
    sign, look = (scene.glyphs.bad, "bad!") if is_failed else (scene.glyphs.warn, "warn!")
    told = wrap(f"{sign} {said}", sheet.width, look)
    mended = wrap(fix, sheet.width - len(_FIX), "key", "") if fix else []
    room = max(1, sheet.height - 1 - len(mended))
    for each in _cut(told, room, scene):
        sheet.add(each)
    for number, each in enumerate(_cut(mended, sheet.height - 1 - min(room, len(told)), scene)):
        sheet.add(((_FIX if not number else " " * len(_FIX), "strong"), *each))


def _cut(lines: list[Line], room: int, scene: Scene) -> list[Line]:
    """Return the lines for which there is room; the last says that there is more."""
    if len(lines) <= room:
        return lines
    *kept, last = lines[: max(1, room)]
    return [*kept, (*last, (f" {scene.glyphs.ellipsis}", "dim"))]


def _failed(row: FlowRow, detail: FlowDetail | None, scene: Scene, sheet: Sheet) -> None:
    is_failed = row.state in {"failed", "abandoned"}
    sign = scene.glyphs.bad if is_failed else scene.glyphs.warn
    sheet.text(f"{sign} {headline(row)}", "bad!" if is_failed else "warn!")
    if detail is None:
        sheet.text(scene.why_missing("flow", row.id), "dim")
        return
    if detail.attempt:
        sheet.text(detail.attempt, "dim")
    first = detail.diagnoses[0] if detail.diagnoses else None
    if first is not None:
        _diagnosis(first, detail.failure, scene, sheet, headline(row))
    elif detail.failure is not None:
        _failure(detail.failure, sheet)
    _others(detail.diagnoses[1:_KEPT], sheet)
    _keys(detail, scene, sheet)


def _values(got: str, expected: str, scene: Scene, sheet: Sheet, got_from: str = "", expected_from: str = "") -> None:
    """Write both values one above the other, and where each was seen."""
    if got or expected:
        sheet.blank()
        sheet.fact("got", scene.url(got), "bad", remark=(got_from, "dim") if got_from else None)
        sheet.fact("expected", scene.url(expected), "ok", remark=(expected_from, "dim") if expected_from else None)


def _diagnosis(first: DiagnosisView, failure: FailureView | None, scene: Scene, sheet: Sheet, said: str) -> None:
    parts = (partial(_cause, first, scene, sheet, said), partial(_fix, first.fix, sheet))
    for part in reversed(parts) if 0 < sheet.height < _LOW else parts:  # so that the fix is in sight
        part()
    if first.gone_when:
        sheet.text(f"{scene.glyphs.ok} {first.gone_when}", "dim")
    if first.evidence:
        sheet.head("Evidence")
        for each in first.evidence:
            sheet.text(f"{scene.glyphs.dot} {each}")
    _source(first.source or (failure.source if failure else ""), sheet)


def _cause(first: DiagnosisView, scene: Scene, sheet: Sheet, said: str) -> None:
    _values(first.got, first.expected, scene, sheet, first.got_from, first.expected_from)
    sheet.head("Cause" if first.certain else "Suspected cause", first.id)
    if first.cause not in said:  # told once
        sheet.text(first.cause)


def _fix(fix: str, sheet: Sheet) -> None:
    sheet.head("Fix")
    sheet.text(fix, "key")


def _failure(failure: FailureView, sheet: Sheet) -> None:
    if failure.explanation:
        fault = f"fault of the {failure.origin.replace('_', ' ')}" if failure.origin else ""
        sheet.head("What happened", ", ".join(each for each in (failure.id, fault) if each))
        sheet.text(failure.explanation)
    if failure.hint:
        _fix(failure.hint, sheet)
    _source(failure.source, sheet)


def _source(source: str, sheet: Sheet) -> None:
    if source:
        sheet.blank()
        sheet.text(source, "dim")


def _others(others: list[DiagnosisView], sheet: Sheet) -> None:
    if others:
        sheet.head("Also possible" if not others[0].certain else "Also")
    for each in others:
        sheet.add(line((f"{each.id} ", "dim"), each.title), Target("diagnosis", each.id))


def _keys(detail: FlowDetail, scene: Scene, sheet: Sheet) -> None:
    trace = detail.failure.trace_id if detail.failure else ""
    sheet.blank()
    related = scene.keymap.sign("related")
    opens, what = (f"{related} t", "open the trace") if trace else (related, "related")
    copies = f"{scene.keymap.sign('copy')} m"
    keys = ((opens, "key"), (f" {what}   ", "dim"), (copies, "key"), (" copy report", "dim"))
    sheet.add(keys, Target("trace", trace) if trace else None)


def _done(row: FlowRow, detail: FlowDetail | None, scene: Scene, sheet: Sheet) -> None:
    smooth = not row.needs_attention
    sign, look = (scene.glyphs.ok, "ok") if smooth else (scene.glyphs.warn, "warn!")
    took = words.milliseconds(((row.ended or row.last) - row.started) * 1_000)
    sheet.text(f"{sign} {'signed in and connected' if smooth else 'connected, but not smoothly'} in {took}", look)
    sheet.blank()
    sheet.fact("client", row.client, target=Target("client", row.client_id) if row.client_id else None)
    sheet.fact("person", scene.person(row.email or row.subject_id), target=_session(row))
    sheet.fact("route", row.operation_id, target=Target("upstream", row.operation_id) if row.operation_id else None)
    if detail is not None:
        sheet.fact("scope", detail.scope)
        sheet.fact("resource", scene.url(detail.resource))
        sheet.fact("protocol", detail.protocol_version)
    sheet.fact("last", row.why)
    _holds(detail, sheet)


def _session(row: FlowRow) -> Target | None:
    return Target("session", row.session_id) if row.session_id else None


def _holds(detail: FlowDetail | None, sheet: Sheet) -> None:
    if detail is None or not detail.tokens:
        return
    sheet.head("Tokens", "k all of them" if len(detail.tokens) > _KEPT else "")
    for token in detail.tokens[-_KEPT:]:
        look = "ok" if token.state == "live" else "dim"
        sheet.add(
            line((f"{token.kind:<8}", "dim"), (token.id, "link"), (f"  {token.state}", look)), Target("token", token.id)
        )


def _active(row: FlowRow, scene: Scene, sheet: Sheet) -> None:
    waited = words.seconds(max(0.0, scene.now - (row.last or row.started)))
    sheet.text(f"{scene.glyphs.now} {row.step}: {row.why or 'under way'}", "now!")
    sheet.blank()
    if row.waiting_for:
        sheet.text(f"The {TITLES.get(row.waiting_for, row.waiting_for)} must act next. Nothing for {waited} so far.")
    sheet.fact("client", row.client, target=Target("client", row.client_id) if row.client_id else None)
    sheet.fact("route", row.operation_id)
    sheet.fact("started", words.ago(row.started, scene.now))
