"""View 9, Doctor: the named failures that were met, and what the probes found, with their evidence and their fix."""

from devgw.control.messages import DiagnosisRow
from devgw.dashboard.filter import Field, Vocabulary
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Span, line
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.probes import is_probe
from devgw.dashboard.views.base import Column, Tab, View
from devgw.dashboard.views.scene import Scene

_KEPT = 8


def severity(row: DiagnosisRow, scene: Scene) -> Span:
    """Return glyph and word of how bad it is."""
    glyphs = scene.glyphs
    if row.state == "open":
        return (f"{glyphs.bad} error", "bad!") if row.severity == "error" else (f"{glyphs.warn} maybe", "warn!")
    signs = {
        "asked": (f"{glyphs.waiting} asked", "now"),
        "passed": (f"{glyphs.ok} fine", "ok"),
        "skipped": (f"{glyphs.skipped} skip", "dim"),
    }
    return signs.get(row.state, (f"{glyphs.skipped} over", "dim"))


def _id(row: DiagnosisRow, _scene: Scene) -> Span:
    """Return the id of the failure: a probe has one where it found a named one."""
    return (row.source, "") if is_probe(row) else (row.id, "")


_STATES = ("open", "asked", "passed", "skipped", "withdrawn")


def _order(row: DiagnosisRow) -> tuple[int, bool, float]:
    place = _STATES.index(row.state) if row.state in _STATES else len(_STATES)
    return place, row.severity != "error", -row.last


def _write_probe(row: DiagnosisRow, scene: Scene, sheet: Sheet) -> None:
    """Write what was looked at, what was seen, and what to do."""
    sign, look = severity(row, scene)
    name, _, saw = row.title.partition(": ")
    sheet.text(f"{sign}  {name}", look)
    sheet.blank()
    if row.fix:
        sheet.text(row.fix, "key")
        sheet.blank()
    sheet.text(scene.url(saw))
    did, *marks = row.evidence or [""]
    for each in marks:
        sheet.add(line((scene.url(each), "dim")))  # unwrapped: the marks stand below what they mark
    sheet.blank()
    sheet.text(scene.url(did), "dim")
    if row.source:
        sheet.text(f"more: devgw explain {row.source}", "dim")
    if row.last:
        sheet.fact("looked", words.clock(row.last), remark=(words.ago(row.last, scene.now), "dim"))


def _write_fix(row: DiagnosisRow, scene: Scene, sheet: Sheet) -> None:
    if is_probe(row):
        _write_probe(row, scene, sheet)
        return
    look = "dim" if row.state == "withdrawn" else "bad!" if row.severity == "error" else "warn!"
    sure = "" if row.severity == "error" else " (suspected)"
    sheet.text(f"{row.id} {row.title}{sure}", look)
    sheet.head("Cause")
    sheet.text(row.cause)
    if row.got or row.expected:
        sheet.blank()
        sheet.fact("got", scene.url(row.got), "bad")
        sheet.fact("expected", scene.url(row.expected), "ok")
    sheet.head("Fix")
    sheet.text(row.fix, "key")
    sheet.blank()
    sheet.text(row.source, "dim")
    _write_evidence(row, scene, sheet)


def _write_evidence(row: DiagnosisRow, scene: Scene, sheet: Sheet) -> None:
    if is_probe(row):
        _write_probe(row, scene, sheet)
        return
    sheet.head("Evidence", words.plural(row.count, "time"))
    for each in row.evidence:
        sheet.text(f"{scene.glyphs.dot} {each}")
    sheet.blank()
    sheet.fact("first", words.clock(row.first), remark=(words.ago(row.first, scene.now), "dim"))
    sheet.fact("last", words.clock(row.last), remark=(words.ago(row.last, scene.now), "dim"))
    for flow in row.flow_ids[-_KEPT:]:
        sheet.add(line(("flow       ", "dim"), (flow, "link")), Target("flow", flow))
    for trace in row.trace_ids[-_KEPT:]:
        sheet.add(line(("trace      ", "dim"), (trace, "link")), Target("trace", trace))


def _relations(row: DiagnosisRow) -> list[tuple[str, Target]]:
    return [
        ("f", Target("flow", row.flow_ids[-1] if row.flow_ids else "")),
        ("t", Target("trace", row.trace_ids[-1] if row.trace_ids else "")),
    ]


DOCTOR = View(
    name="doctor",
    title="Doctor",
    short="Doc",
    noun="diagnosis",
    table="diagnosis",
    columns=(
        Column("SEVERITY", 8, severity, lambda row: (row.state, row.severity)),
        Column("ID", 8, _id, lambda row: row.id),
        Column("TITLE", 34, lambda row, _scene: (row.title, ""), lambda row: row.title.lower(), grows=1),
        Column("COUNT", 5, lambda row, _scene: (str(row.count or ""), ""), lambda row: row.count, True, rank=6),
        Column("FIRST", 8, lambda row, _scene: (words.clock(row.first), "dim"), lambda row: row.first, rank=5),
        Column("LAST", 8, lambda row, _scene: (words.clock(row.last), "dim"), lambda row: row.last, rank=3),
        Column("WHERE", 12, lambda row, _scene: (" ".join(row.flow_ids[-2:]), "dim"), rank=4),
    ),
    vocabulary=Vocabulary(
        fields={
            "id": Field("text", lambda row: row.id),
            "title": Field("text", lambda row: row.title),
            "flow": Field("text", lambda row: " ".join(row.flow_ids)),
            "trace": Field("text", lambda row: " ".join(row.trace_ids)),
            "count": Field("number", lambda row: row.count),
            "state": Field("text", lambda row: row.state),
        },
        states={
            "error": lambda row: row.severity == "error" and row.state == "open",
            "open": lambda row: row.state == "open",
            "withdrawn": lambda row: row.state == "withdrawn",
            "probe": is_probe,
        },
        words=lambda row: (row.id, row.title, row.cause, row.fix),
    ),
    order=Order("SEVERITY", _order),
    tabs=(Tab("Fix", _write_fix), Tab("Evidence", _write_evidence)),
    empty=(
        "Nothing is wrong, as far as can be seen.",
        "A failure that has a name appears here with its fix. r, where it is offered below, runs every probe.",
    ),
    is_problem=lambda row: row.state == "open",
    ticks=True,
    relations=_relations,
)
