"""Header, tabs, status line and key bar."""

from devgw.dashboard.desk import Desk
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Line, Span, cells, cut, line, line_cells, pad, spread
from devgw.dashboard.press import is_welcome
from devgw.dashboard.views.catalog import VIEWS, key_of
from devgw.dashboard.views.health import sparkline
from devgw.dashboard.world import Link

Part = tuple[Span, ...]


# --- header -----------------------------------------------------------------------------------------------------------


def header(desk: Desk, width: int) -> Line:
    """Return the first line: how the gateway is, in as much detail as there is room for."""
    gap: Part = (("  " if width < 160 else f"  {desk.glyphs.vertical}  ", "frame"),)
    used: list[Span] = [(" devgw ", "strong"), *_link(desk, width)]
    stale: list[tuple[int, Part]] = [(0, (("what is shown is stale", "dim"),))]
    facts = _facts(desk, width) if desk.world.link is Link.LIVE else stale
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
        (0, _config(desk, width)),
        (7, _doctor(desk, width)),
    ]


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
    rows = list(desk.world.table("flow"))
    if not rows:
        return ()
    active = sum(row.state == "active" for row in rows)
    failed = sum(row.state == "failed" for row in rows)
    bad: Part = ((f" {desk.glyphs.bad} {failed}", "bad!"),) if failed else ()
    return (("flows ", "dim"), (str(active) if active else str(len(rows)), ""), *bad)


def _tokens(desk: Desk, width: int) -> Part:
    live = [row for row in desk.world.table("token") if row.state == "live" and not 0 < row.expires <= desk.now]
    if not live:
        return ()
    soon = sum(0 < row.expires <= desk.now + 60 for row in live)
    warn: Part = ((f" ! {soon}", "warn!"),) if soon else ()
    return (("tokens " if width >= 100 else "tok ", "dim"), (words.count(len(live)), ""), *warn)


_SHORT = {"identity provider": "IdP", "jwks": "JWKS", "discovery": "disc", "clock": "clock"}


def _checks(desk: Desk, width: int) -> list[tuple[bool, Part]]:
    """Return the checks of the provider, and every other one that is not well."""
    from devgw.dashboard.views.health import sign  # noqa: PLC0415  one name for two uses

    health = desk.world.health
    found: list[tuple[bool, Part]] = []
    for check in health.checks if health else []:
        glyph, look = sign(check.state, desk.scene)
        is_key = check.name in {"identity provider", "jwks"}
        if not is_key and check.state not in {"bad", "warning"}:
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


# --- tabs -------------------------------------------------------------------------------------------------------------


def tabs(desk: Desk, width: int) -> tuple[Line, list[tuple[int, int, str]]]:
    """Return the line of views, and from where to where each is, for the mouse."""
    for style in ("long", "badge", "few", "short", "tiny"):
        spans, places = _tabs(desk, style)
        if line_cells(spans) <= width:
            break
    return pad(cut(tuple(spans), width), width), places


def _tabs(desk: Desk, style: str) -> tuple[list[Span], list[tuple[int, int, str]]]:
    spans: list[Span] = [(" ", "")]
    places: list[tuple[int, int, str]] = []
    at = 1
    for view in VIEWS:
        badge = _badge(desk, view.name)
        is_active = view is desk.view
        if view.name == "events" and style in {"few", "short"} and not is_active:
            continue
        title = _title(key_of(view), view.title, view.short, badge, style)
        text = f"[{title}]" if is_active else f" {title} "
        look = "tab" if is_active else "bad" if badge == desk.glyphs.bad else ""
        spans.append((text, look))
        places.append((at, at + cells(text), view.name))
        at += cells(text)
        if style == "long":
            spans.append((" ", ""))
            at += 1
    return spans, places


def _title(key: str, title: str, short: str, badge: str, style: str) -> str:
    if style == "tiny":
        return key
    if style == "short":
        mark = badge if badge and not badge[0].isdigit() else ""
        return f"{key}{short}{mark}"
    return f"{key} {title}{' ' + badge if badge else ''}"


def _badge(desk: Desk, name: str) -> str:
    world = desk.world
    if name == "config":
        found = {each.severity for each in world.config.findings} if world.config else set()
        return desk.glyphs.bad if "error" in found else desk.glyphs.warn if "warning" in found else ""
    if name == "health":
        checks = world.health.checks if world.health else []
        return desk.glyphs.bad if any(each.state == "bad" for each in checks) else ""
    if name == "doctor":
        count = sum(row.state == "open" for row in world.table("diagnosis"))
    elif name == "events":
        return ""
    else:
        count = len(desk.listings[name].table)
    return words.count(count) if count else ""


# --- status -----------------------------------------------------------------------------------------------------------


def status(desk: Desk, width: int, is_small: bool) -> Line:
    """Return the status line: what is typed, what went wrong, or how the list is sifted. Never two of them."""
    if desk.prompt is not None:
        return _typed(desk, width)
    if desk.trouble:
        return spread(line((f" {desk.glyphs.bad} {desk.trouble}", "bad")), line(("esc ", "dim")), width)
    return spread(_sifted(desk), _remark(desk, is_small), width)


def _typed(desk: Desk, width: int) -> Line:
    asked = desk.asked[desk.view.name]
    is_goto = desk.prompt == "goto"
    editor = desk.goto if is_goto else asked.editor
    sign = ":" if is_goto else "/"
    room = max(10, width - 30)
    start = max(0, editor.place - room)
    before, at, after = (
        editor.text[start : editor.place],
        editor.text[editor.place : editor.place + 1],
        editor.text[editor.place + 1 :],
    )
    typed = line((f" {sign} ", "key"), before, (at or " ", "tab"), after)
    if is_goto:
        return spread(typed, line(("view, flow ID, trace ID, number, command  ", "dim")), width)
    if asked.mistake is None:
        return spread(typed, line((f"{_counted(desk)}  tab completes ", "dim")), width)
    return spread(typed, line((f"{_counted(desk)}  the last good filter ", "warn")), width)


def mistake_line(desk: Desk, width: int) -> Line | None:
    """Return the line with the caret under the mistake of a filter, or None where there is none."""
    asked = desk.asked[desk.view.name]
    if desk.prompt != "filter" or asked.mistake is None:
        return None
    room = max(10, width - 30)
    column = 3 + asked.mistake.column - max(0, asked.editor.place - room)
    hint = f", {asked.mistake.hint}" if asked.mistake.hint else ""
    return pad(
        cut(line((" " * max(0, column), ""), (f"^ {asked.mistake}{hint}", "bad!")), width, desk.glyphs.ellipsis), width
    )


def _counted(desk: Desk) -> str:
    shown, whole = len(desk.listing), len(desk.listing.table)
    return f"{shown:,} of {whole:,}" if shown != whole else f"{whole:,}"


def _sifted(desk: Desk) -> Line:
    asked, order, dot = desk.asked[desk.view.name], desk.listing.order, desk.glyphs.dot
    if is_welcome(desk):
        return line((" no sign-in yet", "dim"))
    arrow = desk.glyphs.down if order.descending else desk.glyphs.up
    sort = line(("   sort ", "dim"), f"{order.name.lower()} {arrow}") if order.name else ()
    marks = line((f"   {len(desk.listing.marks):,} marked", "warn")) if desk.listing.marks else ()
    if asked.applied:
        return line(
            (" / ", "key"), asked.applied, (f"  {dot}  {_counted(desk)} {dot} esc clears", "dim"), *sort, *marks
        )
    return line((" filter ", "dim"), "none", *sort, *marks)


def _remark(desk: Desk, is_small: bool) -> Line:
    world = desk.world
    if is_small:
        return line(("small terminal: ", "dim"), (desk.glyphs.enter, "key"), (" opens ", "dim"))
    if world.restarted_at:
        return line((f"gateway restarted {words.clock(world.restarted_at)} ", "warn"))
    if world.missed:
        return line((f"{world.missed:,} events not seen: this terminal was slow ", "warn"))
    health = world.health
    if desk.view.name == "traces" and health is not None:
        return line((f"{health.traces_kept:,} kept, {health.traces_dropped:,} dropped ", "dim"))
    if desk.view.name == "tokens":
        return _expiring(desk)
    return ()


def _expiring(desk: Desk) -> Line:
    soon = sum(row.state == "live" and desk.now < row.expires <= desk.now + 60 for row in desk.world.table("token"))
    return line((f"{soon} expire within a minute ", "warn")) if soon else ()


# --- keys -------------------------------------------------------------------------------------------------------------


def key_bar(desk: Desk, width: int, rows: int) -> tuple[list[Line], list[tuple[int, int, int, str]]]:
    """Return the lines of keys, and row, beginning, end and id of each, for the mouse."""
    lines: list[Line] = []
    places: list[tuple[int, int, int, str]] = []
    for row in range(rows):
        spans, found = _key_row(desk, row, width)
        lines.append(spans)
        places += [(row, start, end, name) for start, end, name in found]
    return lines, places


def _key_row(desk: Desk, row: int, width: int) -> tuple[Line, list[tuple[int, int, str]]]:
    tail = line(("?", "key"), (" help ", "dim")) if row == 0 else ()
    spans: list[Span] = [(" ", "")]
    places: list[tuple[int, int, str]] = []
    at, room = 1, width - line_cells(tail)
    for key, label, name in _keys(desk, row):
        taken = cells(key) + cells(label) + 3
        if at + taken > room:
            continue
        spans += [(key, "key"), (f" {label}  ", "dim")]
        places.append((at, at + taken - 2, name))
        at += taken
    if tail:
        places.append((width - line_cells(tail), width, "help"))
    return spread(tuple(spans), tail, width), places


def _keys(desk: Desk, row: int) -> list[tuple[str, str, str]]:
    """Return shown key, label and id of what can be done now."""
    if desk.overlay is not None:
        return []
    if is_welcome(desk) and row == 0:
        return [("y", "copy", "copy"), ("t", "sign in here", "sign_in"), ("Q", "quit", "quit")]
    if row == 0:
        known = [each for each in desk.keymap.of_view(desk.view.name) if each.bar == 1 and each.label]
    else:
        known = [each for each in desk.keymap.all if each.bar == 2 and each.works_in(desk.view.name)]
    found = [
        (each.shown.replace("⏎", desk.glyphs.enter), _label(desk, each.id, each.label), each.id)
        for each in known
        if not each.reason(desk)
    ]
    return [("1-9", "views", ""), *found] if row else found


def _label(desk: Desk, name: str, label: str) -> str:
    """Return what a key is called in this view and state."""
    if name == "next_problem":
        return f"next {desk.glyphs.bad}"
    if name == "revoke":
        return {"clients": "delete", "sessions": "sign out", "upstreams": "disconnect"}.get(desk.view.name, label)
    if name == "pause" and desk.is_paused:
        return "go on"
    if name == "open" and desk.focus != "list":
        return "follow link"
    return label
