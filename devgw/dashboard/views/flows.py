"""View 1, Flows: each client's way, the step that failed, and why."""

from devgw.control.messages import FlowDetail, FlowRow
from devgw.dashboard.filter import Field, Vocabulary
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.look import words
from devgw.dashboard.look.glyphs import Glyphs
from devgw.dashboard.look.line import Line, Span, line
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views import ladder, why
from devgw.dashboard.views.base import Column, Tab, View
from devgw.dashboard.views.scene import Scene

_LOOKS = {"failed": "bad!", "abandoned": "dim", "active": "now", "done": "ok"}
_SIGNS = {"#": ("done", "ok"), ">": ("now", "now"), "X": ("bad", "bad!"), ".": ("open", "dim"), "-": ("skipped", "dim")}


def state(row: FlowRow, scene: Scene) -> Span:
    """Return glyph, word and look of a flow's state."""
    glyphs = scene.glyphs
    if row.state == "done" and row.needs_attention:
        return f"{glyphs.warn} done", "warn!"
    signs = {"failed": glyphs.bad, "active": glyphs.now, "done": glyphs.ok}
    word = "left" if row.state == "abandoned" else row.state
    return f"{signs.get(row.state, glyphs.skipped)} {word}", _LOOKS.get(row.state, "")


def track(row: FlowRow, scene: Scene) -> Line:
    """Return the nine signs of a flow's steps."""
    signs = (_SIGNS.get(sign, ("open", "dim")) for sign in row.track)
    return tuple((getattr(scene.glyphs, name), look) for name, look in signs)


def _legend(glyphs: Glyphs) -> tuple[str, ...]:
    signs = {"done": glyphs.done, "under way": glyphs.now, "failed": glyphs.bad, "not reached": glyphs.open}
    return (
        "DRAICSKTM: Discover Register Auth IdP Callback conSent code(K) Token MCP",
        "  ".join(f"{sign} {word}" for word, sign in (signs | {"skipped": glyphs.skipped}).items()),
    )


def start(row: FlowRow, scene: Scene) -> Span:
    """Return when a flow began; the day, of one that began on another."""
    is_today = words.day(row.started) == words.day(scene.now)
    return words.clock(row.started) if is_today else words.day(row.started), "dim" if row.run else ""


def took(row: FlowRow, scene: Scene) -> str:
    """Return how long a flow took, or has been under way."""
    return words.milliseconds(max(0.0, (row.ended or scene.now) - row.started) * 1_000)


def _why_look(row: FlowRow) -> str:
    return {"failed": "bad", "abandoned": "dim"}.get(row.state, "warn" if row.needs_attention else "")


def _write_ladder(row: FlowRow, scene: Scene, sheet: Sheet) -> None:
    detail: FlowDetail | None = scene.detail("flow", row.id)
    if detail is None:
        sheet.text(scene.why_missing("flow", row.id), "dim")
        return
    ladder.write(row, detail.messages, scene, sheet)


def _write_steps(row: FlowRow, scene: Scene, sheet: Sheet) -> None:
    detail: FlowDetail | None = scene.detail("flow", row.id)
    for number, (step, sign) in enumerate(zip(ladder.STEPS, row.track, strict=False)):
        name, look = _SIGNS.get(sign, ("open", "dim"))
        at = detail.steps[number].at if detail and number < len(detail.steps) else 0.0
        when = words.clock(at) if at else ""
        meaning = {"#": "done", ">": "under way", "X": "failed here", ".": "not reached", "-": "skipped"}[sign]
        sheet.add(
            line(
                (f"{getattr(scene.glyphs, name)} ", look), (f"{step:<10}", ""), (f"{meaning:<12}", look), (when, "dim")
            )
        )
    if detail is None:
        return
    sheet.names = 12
    if row.run:
        began = f"{words.day(row.started)} {words.clock(row.started)}"
        sheet.head("Kept of an earlier run")
        sheet.fact("began", began)
        sheet.fact("its run", f"{words.day(row.run)} {words.clock(row.run)}")
    sheet.head("Asked for")
    sheet.fact("resource", scene.url(detail.resource))
    sheet.fact("redirect_uri", scene.url(detail.redirect_uri))
    sheet.fact("scope", detail.scope)
    sheet.fact("issuer", scene.url(detail.issuer))
    sheet.fact("asked as", ", ".join(detail.hosts))
    sheet.fact("user agent", row.user_agent)
    sheet.fact("document", row.kept_copy, "warning")


def _write_tokens(row: FlowRow, scene: Scene, sheet: Sheet) -> None:
    detail: FlowDetail | None = scene.detail("flow", row.id)
    tokens = detail.tokens if detail else []
    if row.run:
        sheet.text("How tokens stand is not kept with a flow: 3 shows those that there are.", "dim")
    elif not tokens:
        sheet.text("No code or token was issued in this flow.", "dim")
    for token in tokens:
        look = {"live": "ok", "replayed": "bad!"}.get(token.state, "dim")
        used = f"used {token.uses}{scene.glyphs.times}" if token.uses else "never used"
        sheet.add(
            line((f"{token.kind:<8}", "dim"), (f"{token.id:<18}", "link"), (f"{token.state:<9}", look), (used, "dim")),
            Target("token", token.id),
        )


def _relations(row: FlowRow) -> list[tuple[str, Target]]:
    if row.run:
        return [
            ("c", Target("client", row.client_id)),
            ("g", Target("tokens", f"grant:{row.grant_id}" if row.grant_id else "")),
        ]
    return [
        ("t", Target("traces", f"flow:{row.id}")),
        ("c", Target("client", row.client_id)),
        ("k", Target("tokens", f"flow:{row.id}")),
        ("s", Target("session", row.session_id)),
        ("u", Target("upstream", row.operation_id)),
        ("g", Target("tokens", f"grant:{row.grant_id}" if row.grant_id else "")),
        ("d", Target("diagnosis", row.diagnoses[0] if row.diagnoses else "")),
    ]


FLOWS = View(
    name="flows",
    title="Flows",
    short="Flows",
    noun="flow",
    table="flow",
    detail="flow",
    columns=(
        Column("STATE", 8, state, lambda row: row.state),
        Column("START", 8, start, lambda row: row.started, rank=3),
        Column("FLOW", 8, lambda row, _scene: (row.id, ""), lambda row: row.id),
        Column("CLIENT", 12, lambda row, _scene: (row.client, ""), lambda row: row.client.lower(), grows=1),
        Column("DRAICSKTM", 9, track, lambda row: row.track),
        Column("TIME", 6, lambda row, scene: (took(row, scene), ""), lambda row: row.ended - row.started, True, rank=6),
        Column("STEP", 10, lambda row, _scene: (row.step, _why_look(row)), lambda row: row.step, rank=4),
        Column("WHY / LAST EVENT", 28, lambda row, _scene: (row.why, _why_look(row)), grows=12, rank=4),
        Column(
            "WHERE / WHY",
            14,
            lambda row, _scene: (f"{row.step}: {row.why}", _why_look(row)),
            grows=9,
            unless="WHY / LAST EVENT",
        ),
    ),
    vocabulary=Vocabulary(
        fields={
            "flow": Field("text", lambda row: row.id),
            "client": Field("text", lambda row: f"{row.client} {row.client_id}"),
            "step": Field("text", lambda row: row.step),
            "why": Field("text", lambda row: f"{row.why} {row.reason_code} {' '.join(row.diagnoses)}"),
            "state": Field("text", lambda row: row.state),
            "route": Field("text", lambda row: row.operation_id),
            "person": Field("text", lambda row: f"{row.email} {row.subject_id}"),
            "session": Field("text", lambda row: row.session_id),
            "grant": Field("text", lambda row: row.grant_id),
            "age": Field("age", lambda row: row.started),
            "dur": Field("duration", lambda row: (row.ended or row.last or row.started) - row.started),
        },
        states={
            "failed": lambda row: row.state == "failed",
            "error": lambda row: row.state == "failed",
            "active": lambda row: row.state == "active",
            "done": lambda row: row.state == "done",
            "attention": lambda row: row.needs_attention,
            "guessed": lambda row: row.guessed,
            "earlier": lambda row: bool(row.run),
        },
        words=lambda row: (row.id, row.client, row.why, row.step, row.operation_id, row.email, *row.diagnoses),
        values={"step": ladder.STEPS, "state": ("active", "done", "failed", "abandoned")},
    ),
    order=Order("START", None, descending=True),
    tabs=(Tab("Ladder", _write_ladder), Tab("Steps", _write_steps), Tab("Tokens", _write_tokens)),
    legend=_legend,
    side=Tab("Why", why.write),
    empty=("No flow has begun since this gateway started.",),
    is_problem=lambda row: row.state == "failed" or row.needs_attention,
    ticks=True,
    relations=_relations,
)
