"""What can be typed after a colon: a view, a record, a row's number, or a command."""

from collections.abc import Callable
from functools import partial

from devgw.control.messages import CommandAnswer
from devgw.dashboard.acts import comparing, copying, looking, running, timing
from devgw.dashboard.desk import Desk
from devgw.dashboard.filter.fields import nearest
from devgw.dashboard.keys.keymap import always
from devgw.dashboard.look.palette import PALETTES
from devgw.dashboard.views.catalog import BY_NAME
from devgw.foreign.spans import read_span

_DIGITS = 9
"""Of a number that is typed: no list and no journey is longer."""
_RECORDS = {
    "flow": "flows",
    "trace": "traces",
    "token": "tokens",
    "client": "clients",
    "session": "sessions",
    "upstream": "upstreams",
}
_EXPORTS: dict[str, tuple[Callable[[Desk], None], Callable[[Desk], str]]] = {
    "har": (copying.export_har, copying.why_no_har),
    "jsonl": (copying.export_jsonl, always),
    "text": (copying.export_text, always),
    "report": (copying.export_report, copying.why_no_report),
    "file": (copying.export_file, copying.why_no_report),
}
"""What is written, and why not here."""


def run(desk: Desk, text: str) -> None:
    """Carry out what was typed; say what is known where it is not understood."""
    name, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if not name:
        return
    if name.isdecimal():
        desk.listing.move(int(name[:_DIGITS]) - 1)
        desk.moved()
        return
    if rest and name in _RECORDS:
        _record(desk, _RECORDS[name], rest)
        return
    command = _COMMANDS.get(name)
    if command is not None:
        reason = _REASONS.get(name, always)(desk)
        if reason:
            desk.complain(f"{name}: {reason}")
        else:
            command(desk, rest)
        return
    views = [each for each in BY_NAME if each.startswith(name)]
    if views:
        desk.open(views[0], rest or None)
        return
    desk.complain(f"no command '{name}': {nearest(name, [*_COMMANDS, *BY_NAME])}")


def complete(text: str) -> str:
    """Return `text` completed where only one word can be meant."""
    if " " in text:
        return text
    found = [name for name in (*BY_NAME, *_COMMANDS, *_RECORDS) if name.startswith(text)]
    return f"{found[0]} " if found else text


def _record(desk: Desk, view: str, wanted: str) -> None:
    """Go to the record whose id begins with, or contains, what was typed."""
    listing = desk.listings[view]
    ids = list(listing.table.rows)
    found = next((each for each in ids if each == wanted), None)
    found = found or next((each for each in ids if each.startswith(wanted)), None)
    found = found or next((each for each in ids if wanted in each), None)
    if found is None:
        desk.complain(f"no {view.removesuffix('s')} '{wanted}' is kept")
    else:
        desk.open(view, row=found)


def _export(desk: Desk, kind: str) -> None:
    export = _EXPORTS.get(kind or "jsonl")
    if export is None:
        desk.complain(f"no export '{kind}': {nearest(kind, _EXPORTS)}")
        return
    write, why_not = export
    reason = why_not(desk)
    if reason:
        desk.complain(f"export {kind}: {reason}")
    else:
        write(desk)


def _theme(desk: Desk, name: str) -> None:
    found = [each for each in PALETTES if name and name in each]
    if found:
        looking.use_theme(desk, found[0])
    else:
        desk.complain(f"themes: {' '.join(PALETTES)}")


def _clear(desk: Desk, kind: str) -> None:
    def cleared(answer: CommandAnswer) -> None:
        if answer.ok:
            desk.say(f"cleared {answer.result.get('cleared', '')}".strip(), "ok")
        else:
            desk.complain(answer.explanation)

    desk.port.ask("clear", {"kind": kind or "all"}, cleared)


def _travel(desk: Desk, text: str) -> None:
    seconds = read_span(text)
    if seconds is None:
        desk.complain("travel needs a time, such as 15m")
    else:
        desk.port.ask("travel", {"seconds": seconds}, partial(timing.moved, desk))


def _clock(desk: Desk, text: str) -> None:
    """Move the clock as `devgw clock` does."""
    if text in timing.ACTS:
        timing.act(desk, timing.ACTS[text])
    elif text.startswith("to-expiry "):
        timing.act(desk, "to_expiry", text.removeprefix("to-expiry ").strip())
    elif text.startswith("+"):
        _travel(desk, text)
    else:
        desk.complain("clock needs +16m, to-expiry and a token's id, freeze or reset")


_COMMANDS: dict[str, Callable[[Desk, str], None]] = {
    "q": lambda desk, _rest: running.leave(desk),
    "quit": lambda desk, _rest: running.leave(desk),
    "export": _export,
    "theme": _theme,
    "clear": _clear,
    "travel": _travel,
    "clock": _clock,
    "reload": lambda desk, _rest: running.reload(desk),
    "probe": lambda desk, _rest: running.probe(desk),
    "signin": lambda desk, _rest: running.sign_in(desk),
    "log": lambda desk, _rest: running.last_words(desk),
    "start": lambda desk, _rest: running.start_gateway(desk),
    "diff": comparing.compare_flow,
    "privacy": lambda desk, _rest: looking.privacy(desk),
    "help": lambda desk, _rest: looking.help_(desk),
}


def _why_no_change(desk: Desk) -> str:
    """Say why nothing can be asked of the gateway that changes it."""
    return "read-only" if desk.is_read_only else running.why_no_gateway(desk)


def _why_not_steered(desk: Desk) -> str:
    """Say why nothing can be asked that changes what runs."""
    return "read-only" if desk.is_read_only else running.why_not_steered(desk)


_REASONS: dict[str, Callable[[Desk], str]] = {
    "clear": _why_no_change,
    "travel": _why_not_steered,
    "clock": _why_not_steered,
    "reload": _why_not_steered,
    "signin": _why_not_steered,
    "probe": running.why_not_steered,
    "log": running.why_no_log,
    "diff": comparing.why_no_flow,
    "start": running.why_no_start,
}
"""Why a command cannot be carried out now."""
