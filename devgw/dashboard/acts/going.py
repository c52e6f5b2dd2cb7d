"""Going: into a row, along a link, to what belongs to it, to a view, and back."""

from functools import partial

from devgw.dashboard.acts import comparing
from devgw.dashboard.desk import BEGINNING, Desk
from devgw.dashboard.look.sheet import Target
from devgw.dashboard.overlays.menu import Choice, Menu
from devgw.dashboard.views.catalog import BY_NAME

_VIEW_OF = {
    "flow": "flows",
    "trace": "traces",
    "token": "tokens",
    "client": "clients",
    "session": "sessions",
    "upstream": "upstreams",
    "diagnosis": "doctor",
}
_LABELS = {
    "flow": "its flow",
    "trace": "its trace",
    "token": "its token",
    "client": "its client",
    "session": "its session",
}
_LISTS = {"flows": "its flows", "traces": "its traces", "tokens": "its tokens"}
_OTHERS = {"upstream": "its upstream", "diagnosis": "its diagnosis"}


def view(desk: Desk, name: str) -> None:
    """Show a view."""
    desk.show(BY_NAME[name])


def enter(desk: Desk) -> None:
    """Open the row, or follow the link under the cursor."""
    if desk.focus == "list":
        if "detail" not in desk.shown:
            desk.is_open = True
        if desk.row is not None:
            desk.focus = "detail"
            desk.reading["detail"].anchor = BEGINNING
        return
    target = desk.target()
    if target is not None:
        follow(desk, target)


def follow(desk: Desk, target: Target) -> None:
    """Go where a link leads."""
    if not target.id:
        return
    if target.kind == "trace" and comparing.is_of_earlier_run(desk):
        comparing.show_kept(desk, target.id)
    elif target.kind in _VIEW_OF:
        desk.open(_VIEW_OF[target.kind], row=target.id)
    elif target.kind in BY_NAME:
        desk.open(target.kind, target.id)
    elif target.kind == "edit":
        file, line, column = (*target.id.split(":"), "1", "1")[:3]
        desk.port.edit(file, int(line or 1), int(column or 1))
    elif target.kind == "place":
        desk.say(desk.keymap.said("{reveal} reveals it for 10 s"))


def related(desk: Desk) -> None:
    """Offer what belongs to the row."""
    row = desk.row
    if row is None:
        return
    choices = [_choice(letter, target) for letter, target in desk.view.relations(row)]
    desk.overlay = Menu("Related", choices, width=64)


def _choice(letter: str, target: Target) -> Choice:
    label = {**_LABELS, **_LISTS, **_OTHERS}.get(target.kind, target.kind)
    if target.id.startswith("grant:"):
        label = "tokens of its grant"
    blocked = "" if target.id else "not known"
    return Choice(letter, label, partial(follow, target=target), target.id, blocked)


def back(desk: Desk) -> None:
    """Undo one step: the message, the pane, the opened row, the filter; at the top, ask whether to quit."""
    if desk.trouble:
        desk.trouble = ""
    elif desk.grow:
        desk.grow = 0
    elif desk.focus != "list":
        desk.focus, desk.is_open = "list", False
    elif desk.is_open:
        desk.is_open = False
    elif desk.asked[desk.view.name].applied or desk.asked[desk.view.name].mistake:
        desk.asked[desk.view.name].editor.clear()
        desk.filter("")
    else:
        desk.say(desk.keymap.said("{quit} quits"))
