"""View 7, Config: what is loaded, from where, and what is wrong with what was saved last."""

import json

from devgw.control.messages import ConfigView, EnvRow, FileRow, FindingRow, RouteRow
from devgw.dashboard.filter import Field, Vocabulary
from devgw.dashboard.items import ConfigItem
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Span, line
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views.base import Column, Tab, View
from devgw.dashboard.views.body import pretty
from devgw.dashboard.views.scene import Scene
from devgw.foreign.text import clean

_RANKS = {"error": 0, "missing": 1, "warning": 2, "rejected": 3, "note": 4, "route": 5, "env": 6, "file": 7}


def _kind(row: ConfigItem, scene: Scene) -> Span:
    glyphs = scene.glyphs
    signs = {
        "error": (glyphs.bad, "bad!"),
        "missing": (glyphs.bad, "bad!"),
        "warning": (glyphs.warn, "warn!"),
        "rejected": (glyphs.bad, "bad"),
        "waiting": (glyphs.dot, "warn"),
        "note": (glyphs.dot, "dim"),
    }
    sign, look = signs.get(row.kind, (glyphs.ok, "ok"))
    return f"{sign} {row.kind}", look


def standing(view: ConfigView | None, scene: Scene) -> Span:
    """Say in one sentence which configuration is in force."""
    if view is None:
        return "the gateway has not told its configuration yet", "dim"
    if view.is_rejected:
        since = words.clock(view.loaded)
        return (
            f"{scene.glyphs.bad} what was saved did not load: still using generation {view.generation} of {since}",
            "bad!",
        )
    errors = sum(each.severity == "error" for each in view.findings)
    sign, look = (scene.glyphs.bad, "bad!") if errors else (scene.glyphs.ok, "ok")
    return f"{sign} generation {view.generation} loaded at {words.clock(view.loaded)}", look


def _write_item(row: ConfigItem, scene: Scene, sheet: Sheet) -> None:
    text, look = standing(row.view, scene)
    sheet.text(text, look)
    sheet.blank()
    part = row.part
    if isinstance(part, FindingRow):
        _finding(row, part, scene, sheet)
    elif isinstance(part, RouteRow):
        _route(part, scene, sheet)
    elif isinstance(part, EnvRow):
        _env(part, scene, sheet)
    elif isinstance(part, FileRow):
        _file(part, scene, sheet)


def _finding(row: ConfigItem, part: FindingRow, scene: Scene, sheet: Sheet) -> None:
    look = {"error": "bad!", "warning": "warn!"}.get(part.severity, "")
    where = f"{part.file}:{part.line}:{part.column}"
    sheet.add(line((where, "strong"), "  ", (part.severity, look)), Target("edit", where))
    sheet.text(part.message, look)
    if part.hint:
        sheet.text(part.hint, "key")
    if part.pointer:
        sheet.text(part.pointer, "dim")
    sheet.blank()
    for number, text in enumerate(part.excerpt, part.excerpt_from):
        is_here = number == part.line
        sheet.add(
            line((f"{number:>4} {scene.glyphs.vertical} ", "key" if is_here else "dim"), clean(text.expandtabs(2)))
        )
        if is_here and part.column:
            sheet.add(
                line(
                    (f"     {scene.glyphs.vertical} ", "dim"),
                    (" " * (part.column - 1) + _carets(text, part.column), look),
                )
            )
    sheet.blank()
    saved = words.ago(row.view.saved, scene.now) if row.view.saved else ""
    watching = ", watching" if row.view.is_watching else ""
    sheet.add(
        line(
            (scene.keymap.sign("edit"), "key"),
            (" edit here   ", "dim"),
            (scene.keymap.sign("next_problem"), "key"),
            (" next   ", "dim"),
            (f"saved {saved}{watching}", "dim"),
        )
    )


def _carets(text: str, column: int) -> str:
    """Return carets under the word that begins at `column`, a quoted one with its quotation marks."""
    rest = text[column - 1 :]
    end = (
        rest.find('"', 1) + 1
        if rest[:1] == '"'
        else next((i for i, c in enumerate(rest) if not c.isalnum()), len(rest))
    )
    return "^" * max(1, end)


def _route(part: RouteRow, scene: Scene, sheet: Sheet) -> None:
    sheet.names = 11
    sheet.add(line((part.operation_id, "strong"), f"  {clean(part.summary)}"), Target("upstream", part.operation_id))
    sheet.blank()
    sheet.fact("clients use", scene.url(part.url or part.path))
    sheet.fact("upstream", scene.url(part.upstream_url))
    sheet.fact(
        "protected",
        "yes: a token is required" if part.is_protected else "no: anybody may call it",
        "ok" if part.is_protected else "warn",
    )
    for name in part.policies:
        skipped = name in part.not_run_here
        sign, look = (scene.glyphs.warn, "warn") if skipped else (scene.glyphs.ok, "ok")
        sheet.add(
            line((f"{'policy':<12}", "dim"), (f"{sign} {name}", look), ("  not run here" if skipped else "", "dim"))
        )
    if part.file:
        sheet.fact("written in", f"{part.file}:{part.line}", "link", Target("edit", f"{part.file}:{part.line}:1"))


def _env(part: EnvRow, scene: Scene, sheet: Sheet) -> None:
    missing = part.came_from == "missing"
    sheet.add(line((f"$env({part.name})", "strong")))
    sheet.blank()
    sheet.fact("value", part.masked or "not set", "bad!" if missing else "")
    sheet.fact("came from", part.came_from, "bad" if missing else "ok")
    for number, place in enumerate(part.used_at):
        sheet.fact("used at" if not number else "", place, "link", Target("edit", place))
    if missing:
        sheet.blank()
        sheet.text(f"Set it in .env or in the environment: {part.name}=…", "key")
    _ = scene


def _file(part: FileRow, scene: Scene, sheet: Sheet) -> None:
    sheet.add(line((part.path, "strong")), Target("edit", f"{part.path}:1:1"))
    sheet.blank()
    sheet.fact("state", part.state, {"loaded": "ok", "waiting": "warn"}.get(part.state, "bad"))
    sheet.fact("sha256", part.digest)
    sheet.fact("loaded", words.clock(part.loaded), remark=(words.ago(part.loaded, scene.now), "dim"))


def _write_effective(row: ConfigItem, scene: Scene, sheet: Sheet) -> None:
    sheet.fact("provider", row.view.provider)
    sheet.fact("policy", row.view.policy)
    for note in row.view.notes:
        sheet.text(note, "dim")
    sheet.head("In force, secrets masked")
    for one in pretty(json.dumps(row.view.effective), "application/json", sheet.width):
        sheet.add(one)
    _ = scene


def _write_changes(row: ConfigItem, scene: Scene, sheet: Sheet) -> None:
    text, look = standing(row.view, scene)
    sheet.text(text, look)
    sheet.head("What changed with it", "" if row.view.changes else "nothing, or the first one")
    for each in row.view.changes:
        sheet.text(f"{scene.glyphs.dot} {each}")


CONFIG = View(
    name="config",
    title="Config",
    short="Conf",
    noun="line",
    table="item",
    columns=(
        Column("KIND", 9, _kind, lambda row: _RANKS.get(row.kind, 9)),
        Column("WHERE", 18, lambda row, _scene: (row.where, ""), lambda row: row.where, grows=2),
        Column("WHAT", 22, lambda row, scene: (scene.url(row.what), "bad" if row.kind == "error" else ""), grows=4),
    ),
    vocabulary=Vocabulary(
        fields={
            "kind": Field("text", lambda row: row.kind),
            "where": Field("text", lambda row: row.where),
            "what": Field("text", lambda row: row.what),
        },
        states={
            "error": lambda row: row.kind in {"error", "missing"},
            "warning": lambda row: row.kind == "warning",
        },
        words=lambda row: (row.where, row.what, row.kind),
        values={"kind": tuple(_RANKS)},
    ),
    order=Order("KIND", lambda row: _RANKS.get(row.kind, 9)),
    tabs=(Tab("Detail", _write_item), Tab("Effective", _write_effective), Tab("Changes", _write_changes)),
    empty=("The gateway has not told its configuration yet.",),
    is_problem=lambda row: row.kind in {"error", "missing", "warning"},
    ticks=True,
)
