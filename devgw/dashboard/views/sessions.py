"""View 5, Sessions: which browsers are signed in, as whom, and for how long."""

from devgw.control.messages import SessionDetail, SessionRow
from devgw.dashboard.filter import Field, Vocabulary
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.look import words
from devgw.dashboard.look.countdown import WIDTH, Countdown, countdown
from devgw.dashboard.look.line import Span, line
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views.base import Column, Tab, View
from devgw.dashboard.views.belongings import write_flows, write_grants, write_tokens
from devgw.dashboard.views.scene import Scene

_BROWSERS = ("Firefox", "Edg", "Chrome", "Safari", "curl", "python")


def state(row: SessionRow, scene: Scene) -> Span:
    """Return glyph and word of a session's state."""
    if row.state == "live" and (not row.expires or row.expires > scene.now):
        return f"{scene.glyphs.ok} live", "ok"
    return f"{scene.glyphs.skipped} {'expired' if row.state == 'live' else row.state}", "dim"


def browser(agent: str) -> str:
    """Return the short name of a browser."""
    return next((name for name in _BROWSERS if name in agent), agent)


def _left(row: SessionRow, expires: float, scene: Scene) -> Countdown:
    return countdown(scene.now, expires, row.started, "" if row.state == "live" else row.state)


def _write_session(row: SessionRow, scene: Scene, sheet: Sheet) -> None:
    sheet.names = 11
    sheet.add(line((scene.person(row.email or row.name or row.subject_id), "strong"), "  ", state(row, scene)))
    sheet.blank()
    sheet.fact("session", row.id)
    sheet.fact("subject", scene.person(row.subject_id))
    sheet.fact("name", scene.person(row.name))
    sheet.fact("browser", row.browser)
    sheet.fact("signed in", words.clock(row.started), remark=(words.ago(row.started, scene.now), "dim"))
    sheet.fact("last seen", words.ago(row.last, scene.now))
    for name, expires in (("idle", row.idle_expires), ("absolute", row.expires)):
        if expires:
            text, look = _left(row, expires, scene).cell(scene.glyphs)
            sheet.add(line((f"{name:<12}", "dim"), (text.strip(), look)))
    if row.ended:
        sheet.fact("ended", words.clock(row.ended), remark=(row.ended_by.replace("_", " "), "dim"))
    detail: SessionDetail | None = scene.detail("session", row.id)
    if detail is None:
        sheet.blank()
        sheet.text(scene.why_missing("session", row.id), "dim")
        return
    write_grants(detail.grants, scene, sheet)
    tokens = scene.world.table("token")
    write_tokens(
        [each for each in tokens if each.kind == "idp" and each.subject_id == row.subject_id],
        scene,
        sheet,
        "Tokens of the identity provider",
    )


def _write_flows(row: SessionRow, scene: Scene, sheet: Sheet) -> None:
    detail: SessionDetail | None = scene.detail("session", row.id)
    if detail is None:
        sheet.text(scene.why_missing("session", row.id), "dim")
        return
    write_flows(detail.flows, scene, sheet)


def _relations(row: SessionRow) -> list[tuple[str, Target]]:
    return [
        ("f", Target("flows", f"session:{row.id}")),
        ("t", Target("traces", f"session:{row.id}")),
        ("k", Target("tokens", f"session:{row.id}")),
    ]


SESSIONS = View(
    name="sessions",
    title="Sessions",
    short="Sess",
    noun="session",
    table="session",
    detail="session",
    columns=(
        Column("STATE", 9, state, lambda row: row.state),
        Column(
            "PERSON",
            16,
            lambda row, scene: (scene.person(row.email or row.name or row.subject_id), ""),
            lambda row: row.email or row.subject_id,
            grows=3,
        ),
        Column("BROWSER", 10, lambda row, _scene: (browser(row.browser), ""), lambda row: row.browser, grows=1, rank=4),
        Column("STARTED", 8, lambda row, _scene: (words.clock(row.started), "dim"), lambda row: row.started, rank=3),
        Column(
            "EXPIRES IN",
            WIDTH,
            lambda row, scene: _left(row, row.expires, scene).cell(scene.glyphs),
            lambda row: row.expires,
        ),
        Column("GRANTS", 6, lambda row, _scene: (str(row.grants or ""), ""), lambda row: row.grants, True, rank=5),
        Column("FLOWS", 5, lambda row, _scene: (str(row.flows or ""), ""), lambda row: row.flows, True, rank=6),
    ),
    vocabulary=Vocabulary(
        fields={
            "session": Field("text", lambda row: row.id),
            "person": Field("text", lambda row: f"{row.email} {row.name} {row.subject_id}"),
            "browser": Field("text", lambda row: row.browser),
            "state": Field("text", lambda row: row.state),
            "grants": Field("number", lambda row: row.grants),
        },
        timed={"expired": lambda row, now: row.state == "live" and 0 < row.expires <= now},
        states={"live": lambda row: row.state == "live", "ended": lambda row: row.state != "live"},
        words=lambda row: (row.id, row.email, row.name, row.subject_id, row.browser),
    ),
    can_end=lambda row, now: row.state == "live" and not 0 < row.expires <= now,
    order=Order("STARTED", lambda row: row.started, descending=True),
    tabs=(Tab("Session", _write_session), Tab("Flows", _write_flows)),
    empty=("Nobody has signed in yet.", "A session begins when a person comes back from the identity provider."),
    ticks=True,
    relations=_relations,
)
