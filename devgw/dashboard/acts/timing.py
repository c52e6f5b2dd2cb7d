"""Moving the gateway's clock: to where something expires, standing still, and back."""

from functools import partial

from devgw.control.commands import ClockView
from devgw.control.messages import CommandAnswer
from devgw.dashboard.acts import running, sifting
from devgw.dashboard.desk import Desk
from devgw.foreign.spans import span_text

ACTS = {"freeze": "freeze", "reset": "reset"}


def act(desk: Desk, do: str, id_: str = "") -> None:
    """Let the clock stand still, go back to the machine's time, or go to where a token expires."""
    desk.port.ask("clock", {"do": do, "id": id_}, partial(moved, desk))


def moved(desk: Desk, answer: CommandAnswer) -> None:
    """Say what time it is now for the gateway."""
    if not answer.ok:
        desk.complain(f"{answer.explanation} {answer.hint}".strip())
        return
    view = ClockView.from_json(answer.result)
    text = (
        f"the gateway's clock is {span_text(view.ahead)} ahead" if view.ahead else "the gateway has this machine's time"
    )
    desk.say("the gateway's clock stands still" if view.frozen else text, "ok", 6.0)
    if view.note:
        desk.say(view.note, "warn", 8.0)


def expire(desk: Desk) -> None:
    """Let time pass until the token under the cursor has expired."""
    if desk.row is not None:
        act(desk, "to_expiry", desk.row.id)


def why_not_expire(desk: Desk) -> str:
    """Say why it cannot expire now."""
    if desk.is_read_only or sifting.why_no_row(desk) or running.why_not_steered(desk):
        return "read-only" if desk.is_read_only else sifting.why_no_row(desk) or running.why_not_steered(desk)
    expires = getattr(desk.row, "expires", 0.0)
    return "" if expires > desk.now else "it has expired" if expires else "it does not expire by time"
