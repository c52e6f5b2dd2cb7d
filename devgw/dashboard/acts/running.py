"""Running: what happens outside the picture. The editor, the pager, the gateway itself, leaving."""

from collections.abc import Callable

from devgw.control.messages import CommandAnswer, FlowRow
from devgw.dashboard.desk import Desk
from devgw.dashboard.items import ConfigItem
from devgw.dashboard.look import words
from devgw.dashboard.look.line import plain
from devgw.dashboard.overlays.notice import Notice
from devgw.dashboard.world import Link

_TWICE_WITHIN = 2.0
_LISTED = 5


def pager(desk: Desk) -> None:
    """Show the detail as text in the person's pager."""
    sheet = desk.sheets.get("detail")
    if sheet is not None:
        desk.port.page("\n".join(plain(one).rstrip() for one in sheet.lines) + "\n")


def edit(desk: Desk) -> None:
    """Open the editor where the row points."""
    row = desk.row
    if isinstance(row, ConfigItem) and row.file:
        desk.port.edit(row.file, row.line or 1, row.column or 1)


def why_not_edit(desk: Desk) -> str:
    """Say why there is nothing to edit."""
    row = desk.row
    return "" if isinstance(row, ConfigItem) and row.file else "this line has no file"


def reload(desk: Desk) -> None:
    """Let the gateway read its configuration again."""
    desk.port.ask("reload", {}, lambda answer: _said(desk, answer, "configuration read again"))


def probe(desk: Desk) -> None:
    """Let the gateway look after its own health."""
    done = desk.keymap.said("looked again: Health ({view_health}) shows what was found")
    desk.port.ask("probe", {}, lambda answer: _said(desk, answer, done))


def sign_in(desk: Desk) -> None:
    """Let the gateway's built-in client walk a flow, and go there."""
    row = desk.row if desk.view.name == "upstreams" else None
    arguments = {"operation_id": row.id} if row is not None else {}
    desk.say("the built-in client signs in…", "now", 8.0)
    desk.port.ask("sign_in", arguments, lambda answer: _signed_in(desk, answer))


def _signed_in(desk: Desk, answer: CommandAnswer) -> None:
    if not answer.ok:
        _said(desk, answer, "")
        return
    flow = str(answer.result.get("flow_id", ""))
    url = str(answer.result.get("url", ""))
    if flow and desk.world.table("flow").find(flow) is not None:
        desk.open("flows", row=flow)
    if url:
        desk.overlay = Notice(
            "Sign in", f"Open this page in a browser to go on:\n\n{url}", [("y", "copy", _copier(url))]
        )


def _copier(text: str) -> Callable[[Desk], None]:
    return lambda desk: desk.say(desk.port.copy(text))


def _said(desk: Desk, answer: CommandAnswer, done: str) -> None:
    if answer.ok:
        desk.say(done, "ok")
    else:
        hint = f" {answer.hint}" if answer.hint else ""
        desk.complain(f"{answer.explanation or answer.code or 'the gateway said no'}{hint}")


def why_no_gateway(desk: Desk) -> str:
    """Say why the gateway cannot be asked."""
    return "" if desk.world.link is Link.LIVE else "the gateway is not reachable"


def why_not_steered(desk: Desk) -> str:
    """Say why nothing can be asked that changes what runs: a server that is watched is somebody else's."""
    up = desk.world.gateway
    watched = "a watched server is not steered from here" if up is not None and up.watched_url else ""
    return why_no_gateway(desk) or watched


def start_gateway(desk: Desk) -> None:
    """Start the gateway again."""
    desk.overlay = None
    desk.say("starting the gateway…", "now")
    desk.port.start_gateway()


def why_no_start(desk: Desk) -> str:
    """Say why the gateway cannot be started from here."""
    if desk.world.link is Link.LIVE:
        return "it is running"
    if not desk.port.is_gateway_ours():
        return "attached: start it where it ran"
    return "" if desk.port.has_gateway_ended() else "it is starting"


def last_words(desk: Desk) -> None:
    """Show the end of the gateway's log."""
    show_last_words(desk, "Gateway log")


def show_last_words(desk: Desk, title: str) -> None:
    """Show the end of the gateway's log, and offer to start it again."""
    keys: list[tuple[str, str, Callable[[Desk], None]]] = (
        [] if why_no_start(desk) else [("Rr", "start it again", start_gateway), ("Q", "quit", leave_at_once)]
    )
    text = desk.port.last_words() or "It said nothing."
    desk.overlay = Notice(title, text, keys, shows_end=True)


def why_no_log(desk: Desk) -> str:
    """Say why there is no log here."""
    return "" if desk.port.is_gateway_ours() else "attached: its log is elsewhere"


def leave(desk: Desk) -> None:
    """Quit; where that ends flows that are under way, ask first."""
    ending = _flows_that_end(desk)
    if not ending:
        leave_at_once(desk)
        return
    shown = [f"  {each.id}  {each.client}  at {each.step}" for each in ending[:_LISTED]]
    more = [f"  and {len(ending) - _LISTED} more"] if len(ending) > _LISTED else []
    text = f"{words.plural(len(ending), 'flow')} under way would end with the gateway:"
    desk.overlay = Notice("Quit?", "\n".join([text, "", *shown, *more]), [("y", "quit", leave_at_once)], width=76)


def _flows_that_end(desk: Desk) -> list[FlowRow]:
    """Return the flows that are under way, where leaving ends their gateway."""
    if not desk.port.is_gateway_ours() or desk.world.link is not Link.LIVE:
        return []
    return [row for row in desk.world.table("flow") if row.state == "active"]


def leave_at_once(desk: Desk) -> None:
    """Quit without a question."""
    desk.port.quit(0)


def interrupt(desk: Desk) -> None:
    """Ask once, then quit."""
    if desk.now - desk.interrupted_at < _TWICE_WITHIN:
        desk.port.quit(130)
        return
    desk.interrupted_at = desk.now
    ends = "ends the gateway too" if desk.port.is_gateway_ours() else "the gateway keeps running"
    desk.say(f"Ctrl+C again to quit ({ends})", "warn", _TWICE_WITHIN)
