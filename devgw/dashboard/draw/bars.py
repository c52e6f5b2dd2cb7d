"""Tabs, status line and key bar."""

from devgw.dashboard.acts.running import why_no_log, why_no_start, why_not_steered
from devgw.dashboard.desk import Desk
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Line, Span, cut, line, line_cells, pad, spread
from devgw.dashboard.press import is_welcome
from devgw.dashboard.views.catalog import VIEWS
from devgw.dashboard.views.welcome import sign_in_key, urls
from devgw.foreign.text import cells

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
        title = _title(desk.keymap.sign(f"view_{view.name}"), view.title, view.short, badge, style)
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
        table = desk.listings[name].table
        return words.count(len(table)) + ("+" if table.is_full else "") if len(table) else ""
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
        told = f"  {dot}  {_counted(desk)} {dot} {desk.keymap.clears()} clears"
        return line((" / ", "key"), asked.applied, (told, "dim"), *sort, *marks)
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
    tail = line((desk.keymap.sign("help"), "key"), (" help ", "dim")) if row == 0 else ()
    spans: list[Span] = [(" ", "")]
    places: list[tuple[int, int, str]] = []
    at, room = 1, width - line_cells(tail)
    for key, label, name in _keys(desk, row):
        taken = cells(key) + cells(label) + 3
        if at + taken >= room:
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
        return _keys_of_first_screen(desk)
    if row == 0:
        known = [each for each in desk.keymap.of_view(desk.view.name) if each.bar == 1 and each.label]
    else:
        known = [each for each in desk.keymap.all if each.bar == 2 and each.works_in(desk.view.name)]
    found = [
        (each.shown.replace("⏎", desk.glyphs.enter), _label(desk, each.id, each.label), each.id)
        for each in known
        if not each.reason(desk)
    ]
    views = [("1-9", "views", "")] if row and desk.keymap.views_are_digits() else []
    return [*views, *found]


def _keys_of_first_screen(desk: Desk) -> list[tuple[str, str, str]]:
    """Return what can be done before anything has happened; what a gateway said last is of worth once it has ended."""
    offered = [
        ("copy", "copy", "" if urls(desk.scene) else "nothing to copy"),
        ("sign_in", "sign in here", why_not_steered(desk)),
        ("start_gateway", "start the gateway again", why_no_start(desk)),
        ("log", "its last words", why_no_log(desk) or why_no_start(desk)),
        ("quit", "quit", ""),
    ]
    return [(_sign_of_first_screen(desk, name), label, name) for name, label, reason in offered if not reason]


def _sign_of_first_screen(desk: Desk, name: str) -> str:
    return sign_in_key(desk.keymap) if name == "sign_in" else desk.keymap.sign(name)


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
