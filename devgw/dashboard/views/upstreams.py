"""View 6, Upstreams: the MCP servers behind the routes, how they answer, and for whom a credential is held."""

from devgw.control.messages import UpstreamDetail, UpstreamRow
from devgw.dashboard.filter import Field, Vocabulary
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Span, line
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views.base import Column, Tab, View
from devgw.dashboard.views.belongings import write_requests, write_tokens
from devgw.dashboard.views.scene import Scene


def state(row: UpstreamRow, scene: Scene) -> Span:
    """Return glyph and word of an upstream's state."""
    signs = {"ok": (scene.glyphs.ok, "ok"), "failing": (scene.glyphs.bad, "bad!")}
    sign, look = signs.get(row.state, (scene.glyphs.open, "dim"))
    return f"{sign} {row.state}", look


def _write_health(row: UpstreamRow, scene: Scene, sheet: Sheet) -> None:
    sheet.names = 11
    sheet.add(line((row.name or row.id, "strong"), "  ", state(row, scene)))
    sheet.blank()
    sheet.fact("route", row.id)
    sheet.fact("url", scene.url(row.url))
    sheet.fact("credential", row.auth_mode or "none: requests go up as they are")
    sheet.fact("policy", row.upstream_id)
    sheet.fact("requests", f"{row.requests:,}", remark=(f"last {words.ago(row.last, scene.now)}", "dim"))
    if row.requests:
        sheet.fact(
            "answers in", f"{words.milliseconds(row.p50_ms)} at the median, {words.milliseconds(row.p95_ms)} at p95"
        )
    if row.errors:
        sheet.fact("errors", f"{row.errors:,}", "bad")
    if row.last_error:
        sheet.head("Last error", words.ago(row.last_error_at, scene.now))
        sheet.text(row.last_error, "bad")
    if row.connected:
        sheet.head("Connected for")
        for subject in row.connected:
            sheet.text(f"{scene.glyphs.ok} {scene.person(subject)}")


def _write_tokens(row: UpstreamRow, scene: Scene, sheet: Sheet) -> None:
    detail: UpstreamDetail | None = scene.detail("upstream", row.id)
    if detail is None:
        sheet.text(scene.why_missing("upstream", row.id), "dim")
        return
    write_tokens(detail.tokens, scene, sheet)


def _write_traces(row: UpstreamRow, scene: Scene, sheet: Sheet) -> None:
    detail: UpstreamDetail | None = scene.detail("upstream", row.id)
    if detail is None:
        sheet.text(scene.why_missing("upstream", row.id), "dim")
        return
    write_requests(detail.traces, sheet)


def _relations(row: UpstreamRow) -> list[tuple[str, Target]]:
    return [
        ("t", Target("traces", f"route:{row.id}")),
        ("f", Target("flows", f"route:{row.id}")),
        ("k", Target("tokens", f"route:{row.id}")),
    ]


UPSTREAMS = View(
    name="upstreams",
    title="Upstreams",
    short="Upstr",
    noun="upstream",
    table="upstream",
    detail="upstream",
    columns=(
        Column("STATE", 9, state, lambda row: row.state),
        Column("NAME", 14, lambda row, _scene: (row.name, ""), lambda row: row.name.lower(), grows=2),
        Column("URL", 18, lambda row, scene: (scene.url(row.url), "dim"), lambda row: row.url, grows=3, rank=3),
        Column("CREDENTIAL", 12, lambda row, _scene: (row.auth_mode or "none", ""), lambda row: row.auth_mode, rank=6),
        Column("REQS", 6, lambda row, _scene: (words.count(row.requests), ""), lambda row: row.requests, True),
        Column("ERRS", 5, lambda row, _scene: (str(row.errors or ""), "bad"), lambda row: row.errors, True),
        Column(
            "P50",
            6,
            lambda row, _scene: (words.milliseconds(row.p50_ms) if row.p50_ms else "", "dim"),
            lambda row: row.p50_ms,
            True,
            rank=5,
        ),
        Column(
            "P95",
            6,
            lambda row, _scene: (words.milliseconds(row.p95_ms) if row.p95_ms else "", ""),
            lambda row: row.p95_ms,
            True,
            rank=4,
        ),
        Column("LAST ERROR", 14, lambda row, _scene: (row.last_error, "bad"), rank=7, grows=3),
    ),
    vocabulary=Vocabulary(
        fields={
            "name": Field("text", lambda row: row.name),
            "route": Field("text", lambda row: row.id),
            "url": Field("text", lambda row: row.url),
            "state": Field("text", lambda row: row.state),
            "mode": Field("text", lambda row: row.auth_mode),
            "errors": Field("number", lambda row: row.errors),
            "p95": Field("duration", lambda row: row.p95_ms / 1_000),
        },
        states={
            "error": lambda row: row.state == "failing",
            "failing": lambda row: row.state == "failing",
            "ok": lambda row: row.state == "ok",
            "slow": lambda row: row.p95_ms > 500,
        },
        words=lambda row: (row.id, row.name, row.url, row.last_error),
    ),
    order=Order("NAME", lambda row: row.name.lower()),
    tabs=(Tab("Health", _write_health), Tab("Tokens", _write_tokens), Tab("Traces", _write_traces)),
    empty=("No MCP route is configured.", "Add one to config/routes.oas.json: it is picked up when you save."),
    is_problem=lambda row: row.state == "failing",
    ticks=True,
    relations=_relations,
)
