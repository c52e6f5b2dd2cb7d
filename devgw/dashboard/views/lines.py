"""View 0, Events: the raw lines, as `devgw tail` prints them."""

from devgw.control.messages import EventLine
from devgw.dashboard.filter import Field, Vocabulary
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Span, line
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views.base import Column, Tab, View
from devgw.dashboard.views.scene import Scene

_LOOKS = {"good": "ok", "warning": "warn", "error": "bad"}
_KINDS = {
    "traceId": "trace",
    "flowId": "flow",
    "clientId": "client",
    "sessionId": "session",
    "tokenId": "token",
    "accessTokenId": "token",
    "refreshTokenId": "token",
    "codeId": "token",
    "operationId": "upstream",
    "diagnosisId": "diagnosis",
}


def _sign(row: EventLine, scene: Scene) -> Span:
    glyphs = scene.glyphs
    signs = {"good": glyphs.ok, "warning": glyphs.warn, "error": glyphs.bad}
    return signs.get(row.severity, glyphs.dot), _LOOKS.get(row.severity, "dim")


def _write_line(row: EventLine, scene: Scene, sheet: Sheet) -> None:
    sheet.add(
        line(_sign(row, scene), (f" {row.name}", "strong"), (f"  {words.clock_ms(row.at)}  number {row.seq}", "dim"))
    )
    sheet.text(scene.url(row.text))
    if row.explanation:
        sheet.blank()
        sheet.text(row.explanation, "bad")
    if row.hint:
        sheet.text(f"fix: {row.hint}", "key")
    sheet.blank()
    sheet.names = 18
    for name, value in row.fields.items():
        target = Target(_KINDS[name], str(value)) if name in _KINDS and value else None
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        shown = scene.person(text) if name in {"email", "displayName", "subjectId"} else scene.url(text)
        sheet.fact(name, shown, "link" if target else "", target)


def _relations(row: EventLine) -> list[tuple[str, Target]]:
    letters = {"f": "flowId", "t": "traceId", "c": "clientId", "s": "sessionId", "u": "operationId", "k": "tokenId"}
    return [(letter, Target(_KINDS[name], str(row.fields.get(name) or ""))) for letter, name in letters.items()]


EVENTS = View(
    name="events",
    title="Events",
    short="Ev",
    noun="line",
    table="line",
    columns=(
        Column("", 1, _sign),
        Column("TIME", 12, lambda row, _scene: (words.clock_ms(row.at), "dim"), lambda row: row.at),
        Column("EVENT", 28, lambda row, _scene: (row.name, "dim"), lambda row: row.name, rank=4),
        Column("WHAT", 24, lambda row, scene: (scene.url(row.text), _LOOKS.get(row.severity, "")), grows=1),
    ),
    vocabulary=Vocabulary(
        fields={
            "event": Field("text", lambda row: row.name),
            "what": Field("text", lambda row: row.text),
            "age": Field("age", lambda row: row.at),
            "outcome": Field("text", lambda row: row.outcome),
            "why": Field("text", lambda row: row.reason_code),
            "client": Field("text", lambda row: f"{row.fields.get('clientName')} {row.fields.get('clientId')}"),
            "trace": Field("text", lambda row: str(row.fields.get("traceId", ""))),
        },
        states={
            "error": lambda row: row.severity == "error",
            "warning": lambda row: row.severity == "warning",
            "good": lambda row: row.severity == "good",
            "detail": lambda row: row.is_detail,
        },
        words=lambda row: (row.name, row.text, row.reason_code),
    ),
    order=Order("TIME", None, descending=True),
    tabs=(Tab("Event", _write_line),),
    empty=("No event yet.",),
    is_problem=lambda row: row.severity in {"error", "warning"},
    relations=_relations,
)
