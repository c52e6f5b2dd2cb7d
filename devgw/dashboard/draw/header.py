"""The first line: how the gateway is, in as much detail as there is room for."""

from devgw.control.messages import OWN_CLOCK
from devgw.dashboard.desk import Desk
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Line, Span, cut, line_cells, pad
from devgw.dashboard.views.health import sign, sparkline
from devgw.dashboard.world import Link
from devgw.foreign.spans import span_text

Part = tuple[Span, ...]


def header(desk: Desk, width: int) -> Line:
    """Return the first line: how the gateway is, in as much detail as there is room for."""
    gap: Part = (("  " if width < 160 else f"  {desk.glyphs.vertical}  ", "frame"),)
    used: list[Span] = [(" devgw ", "strong"), *_link(desk, width)]
    stale: list[tuple[int, Part]] = [(0, (("what is shown is stale", "dim"),))]
    facts = _facts(desk, width) if desk.world.link is Link.LIVE else stale if desk.world.instance else []
    room = width - line_cells(used)
    for place in _chosen([line_cells(part) + line_cells(gap) if part else 0 for _rank, part in facts], facts, room):
        used += [*gap, *facts[place][1]]
    return pad(cut(tuple(used), width, desk.glyphs.ellipsis), width)


def _chosen(sizes: list[int], facts: list[tuple[int, Part]], room: int) -> list[int]:
    """Return the places of the facts for which there is room, the most important first to be given some."""
    chosen: list[int] = []
    for place in sorted(range(len(facts)), key=lambda each: facts[each][0]):
        if sizes[place] and sizes[place] <= room:
            chosen.append(place)
            room -= sizes[place]
    return sorted(chosen)


def _link(desk: Desk, width: int) -> Part:
    world, glyphs = desk.world, desk.glyphs
    if world.link is Link.LIVE:
        if desk.is_paused:
            return ((f"{glyphs.warn} paused", "warn!"), (f" {desk.held_back:,} behind", "warn"))
        origin = world.gateway.origin if world.gateway else ""
        where = origin if width >= 160 else ":" + origin.rpartition(":")[2] if origin.count(":") > 1 else origin
        return ((f"{glyphs.live} live", "ok"), (f" {where}", ""))
    if world.link is Link.CONNECTING:
        return ((f"{glyphs.waiting} connecting", "now"), (f" {world.link_words}", "dim"))
    since = f" since {words.clock(world.link_since + world.skew)}" if world.link_since else ""
    return ((f"{glyphs.bad} gateway unreachable{since}", "bad!"), (f"  {world.link_words}", "warn"))


def _facts(desk: Desk, width: int) -> list[tuple[int, Part]]:
    """Return what else the header says, in order, each with its rank: the lowest is left out last."""
    return [
        (6, _uptime(desk)),
        (5, _rate(desk, width)),
        (1, _flows(desk)),
        (2, _tokens(desk, width)),
        *((3 if is_key else 4, part) for is_key, part in _checks(desk, width)),
        (0, _own_clock(desk)),
        (0, _config(desk, width)),
        (7, _doctor(desk, width)),
    ]


def _own_clock(desk: Desk) -> Part:
    """Return that it is another time there than the machine's, as long as it is."""
    health = desk.world.health
    if health is None or not (health.clock_frozen or health.clock_ahead):
        return ()
    text = "frozen" if health.clock_frozen else f"+{span_text(health.clock_ahead)}"
    return ((f"{desk.glyphs.warn} clock {text}", "warn!"),)


def _uptime(desk: Desk) -> Part:
    gateway = desk.world.gateway
    return (("up ", "dim"), (words.seconds(max(0.0, desk.now - gateway.started)), "")) if gateway else ()


def _rate(desk: Desk, width: int) -> Part:
    health = desk.world.health
    if health is None:
        return ()
    if width < 100:
        return ((f"{health.rate:.0f}/s", ""),)
    if width < 160:
        return ((f"{health.rate:.0f} req/s", ""),)
    chart = sparkline(health.rates, desk.glyphs.levels, 8)
    return ((f"{health.rate:.0f} req/s ", ""), (chart, "bar"), (f"  p95 {words.milliseconds(health.p95_ms)}", "dim"))


def _flows(desk: Desk) -> Part:
    rows = [row for row in desk.world.table("flow") if not row.run]
    if not rows:
        return ()
    active = sum(row.state == "active" for row in rows)
    failed = sum(row.state == "failed" for row in rows)
    now: Part = ((f" {desk.glyphs.now} {active}", "now"),) if active else ()
    bad: Part = ((f" {desk.glyphs.bad} {failed}", "bad!"),) if failed else ()
    return (("flows ", "dim"), (words.count(len(rows)), ""), *now, *bad)


def _tokens(desk: Desk, width: int) -> Part:
    ours = (row for row in desk.world.table("token") if row.kind != "idp")
    live = [row for row in ours if row.state == "live" and not 0 < row.expires <= desk.now]
    if not live:
        return ()
    soon = sum(0 < row.expires <= desk.now + 60 for row in live)
    warn: Part = ((f" ! {soon}", "warn!"),) if soon else ()
    more = "+" if desk.world.table("token").is_full else ""  # the rest is known to the gateway alone
    return (("tokens " if width >= 100 else "tok ", "dim"), (words.count(len(live)) + more, ""), *warn)


_SHORT = {"identity provider": "IdP", "jwks": "JWKS", "discovery": "disc", "clock": "clock"}


def _checks(desk: Desk, width: int) -> list[tuple[bool, Part]]:
    """Return the checks of the provider, and every other one that is not well."""
    health = desk.world.health
    found: list[tuple[bool, Part]] = []
    for check in health.checks if health else []:
        glyph, look = sign(check.state, desk.scene)
        is_key = check.name in {"identity provider", "jwks"}
        if (not is_key and check.state not in {"bad", "warning"}) or check.name == OWN_CLOCK:
            continue
        took = f" {words.milliseconds(check.ms)}" if check.ms and width >= 110 and check.state == "ok" else ""
        found.append((is_key, ((f"{_SHORT.get(check.name, check.name)} ", "dim"), (f"{glyph}{took}", look))))
    return found


def _config(desk: Desk, width: int) -> Part:
    config = desk.world.config
    errors = [each for each in config.findings if each.severity == "error"] if config else []
    if not config or not errors:
        return ((f"{desk.glyphs.bad} config", "bad!"),) if config and config.is_rejected else ()
    first = errors[0]
    where = (
        f"{first.file.rpartition('/')[2]} {first.line}:{first.column}"
        if width >= 110
        else f"cfg L{first.line}:{first.column}"
    )
    return ((f"{desk.glyphs.bad} {where}", "bad!"),)


def _doctor(desk: Desk, width: int) -> Part:
    count = sum(row.state == "open" for row in desk.world.table("diagnosis"))
    return ((words.plural(count, "hint"), "warn"),) if count and width >= 160 else ()
