"""View 8, Health: the gateway and those on whom it depends."""

from devgw.control.messages import CheckRow, HealthView
from devgw.dashboard.filter import Field, Vocabulary
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Span, line
from devgw.dashboard.look.sheet import Sheet
from devgw.dashboard.views.base import Column, Tab, View
from devgw.dashboard.views.scene import Scene

_SKEW_TOLERATED = 5.0
_RANKS = {"bad": 0, "warning": 1, "unknown": 2, "ok": 3}


def sign(state: str, scene: Scene) -> Span:
    """Return glyph and look of a check's state."""
    glyphs = scene.glyphs
    signs = {"ok": (glyphs.ok, "ok"), "warning": (glyphs.warn, "warn!"), "bad": (glyphs.bad, "bad!")}
    return signs.get(state, (glyphs.open, "dim"))


def _state(row: CheckRow, scene: Scene) -> Span:
    glyph, look = sign(row.state, scene)
    return f"{glyph} {row.state}", look


def sparkline(rates: list[int], levels: str, width: int) -> str:
    """Return the newest `width` rates as a line of levels."""
    newest = rates[-width:]
    highest = max(newest, default=0)
    if not highest:
        return levels[0] * len(newest)
    return "".join(levels[min(len(levels) - 1, rate * (len(levels) - 1) // highest)] for rate in newest)


def _write_check(row: CheckRow, scene: Scene, sheet: Sheet) -> None:
    glyph, look = sign(row.state, scene)
    sheet.add(line((f"{glyph} {row.name}", look or "strong")))
    sheet.blank()
    sheet.text(scene.url(row.text))
    if row.fix:
        sheet.text(row.fix, "key")
    sheet.fact("took", words.milliseconds(row.ms) if row.ms else "")
    sheet.fact("looked at", words.ago(row.at, scene.now))
    sheet.fact("changed", words.ago(row.changed, scene.now))
    _history(row, scene, sheet)
    if scene.world.health is not None:
        _overall(scene.world.health, scene, sheet)


def _history(row: CheckRow, scene: Scene, sheet: Sheet) -> None:
    """Write how it was before, the newest first."""
    if row.history:
        sheet.head("Before")
    for each in row.history:
        glyph, look = sign(each.state, scene)
        lasted = words.seconds(max(0.0, each.until - each.at))
        sheet.text(f"{words.clock(each.at)} {glyph} {scene.url(each.text)}, for {lasted}", look)


def _overall(health: HealthView, scene: Scene, sheet: Sheet) -> None:
    sheet.head("Traffic")
    chart = sparkline(health.rates, scene.glyphs.levels, min(60, sheet.width - 24))
    sheet.add(line((f"{'last minute':<12}", "dim"), (chart, "bar"), f" {health.rate:.0f}/s"))
    sheet.fact("requests", f"{health.requests:,}", remark=(f"p95 {words.milliseconds(health.p95_ms)}", "dim"))
    sheet.fact("traces", f"{health.traces_kept:,} kept, {health.traces_dropped:,} dropped")
    if health.faults:
        sheet.fact("faults", f"{health.faults} defects of devgw were met: see Events (0)", "bad!")
    sheet.head("Signing keys of the identity provider", words.plural(len(health.jwks_key_ids), "key"))
    sheet.fact("url", scene.url(health.jwks_url))
    sheet.fact("kid", "  ".join(health.jwks_key_ids))
    sheet.fact("fetched", words.ago(health.jwks_fetched, scene.now))
    for change in health.jwks_changes:
        gone, came = (", ".join(each) or "none" for each in (change.gone, change.came))
        why = f", asked for because a token named {change.wanted}" if change.wanted else ""
        sheet.fact("changed", f"{words.ago(change.at, scene.now)}: {gone} went, {came} came{why}")
    if health.skew_measured:
        _skew(health.skew_seconds, scene, sheet)


def _skew(skew: float, scene: Scene, sheet: Sheet) -> None:
    direction = "ahead of" if skew > 0 else "behind"
    if abs(skew) <= _SKEW_TOLERATED:
        sheet.fact("clock", f"{scene.glyphs.ok} {abs(skew):.1f} s {direction} ours", "ok")
        return
    sheet.fact("clock", f"{scene.glyphs.bad} the provider's clock is {abs(skew):.0f} s {direction} ours", "bad!")
    sheet.text("Tokens may be refused as not yet valid or as expired: set this machine's clock.", "key")


HEALTH = View(
    name="health",
    title="Health",
    short="Hlth",
    noun="check",
    table="check",
    columns=(
        Column("STATE", 9, _state, lambda row: _RANKS.get(row.state, 2)),
        Column("CHECK", 18, lambda row, _scene: (row.name, ""), lambda row: row.name),
        Column(
            "TOOK",
            6,
            lambda row, _scene: (words.milliseconds(row.ms) if row.ms else "", "dim"),
            lambda row: row.ms,
            True,
            rank=3,
        ),
        Column(
            "LAST CHANGE",
            12,
            lambda row, scene: (words.ago(row.changed, scene.now), "dim"),
            lambda row: row.changed,
            True,
            rank=4,
        ),
        Column("WHAT", 26, lambda row, scene: (scene.url(row.text), "bad" if row.state == "bad" else ""), grows=1),
    ),
    vocabulary=Vocabulary(
        fields={
            "check": Field("text", lambda row: row.name),
            "state": Field("text", lambda row: row.state),
            "what": Field("text", lambda row: row.text),
            "took": Field("duration", lambda row: row.ms / 1_000),
        },
        states={"error": lambda row: row.state == "bad", "ok": lambda row: row.state == "ok"},
        words=lambda row: (row.name, row.text, row.state),
        values={"state": ("ok", "warning", "bad", "unknown")},
    ),
    order=Order("STATE", lambda row: (_RANKS.get(row.state, 2), row.is_inside)),
    tabs=(Tab("Health", _write_check),),
    empty=("The gateway has not told how it is yet.",),
    is_problem=lambda row: row.state in {"bad", "warning"},
    ticks=True,
)
