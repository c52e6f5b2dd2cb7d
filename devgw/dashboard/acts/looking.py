"""Looking: secrets, privacy, how time is told, themes, help."""

from functools import partial
from string import ascii_lowercase

from devgw.control.messages import CommandAnswer, Revealed
from devgw.dashboard.desk import Desk
from devgw.dashboard.look.palette import PALETTES
from devgw.dashboard.overlays.help import Help
from devgw.dashboard.overlays.menu import Choice, Menu
from devgw.dashboard.overlays.palette import CommandPalette
from devgw.dashboard.views.base import Column
from devgw.dashboard.views.scene import TIMES

REVEAL_SECONDS = 10.0


def reveal(desk: Desk) -> None:
    """Ask for the secret under the cursor, or for the first one there is."""
    row, target = desk.row, desk.target()
    if row is None:
        return
    if target is None or target.kind != "place":
        sheet = desk.sheets.get("detail")
        target = next((each for each in sheet.targets.values() if each.kind == "place"), None) if sheet else None
    if target is None:
        desk.say("nothing is masked here", "warn")
        return
    arguments = {"trace_id": row.id, "place": target.id}
    desk.port.ask("reveal", arguments, partial(_revealed, desk, row.id, target.id))


def _revealed(desk: Desk, trace_id: str, place: str, answer: CommandAnswer) -> None:
    if not answer.ok:
        desk.complain(answer.explanation or "the gateway would not reveal it")
        return
    opened = Revealed.from_json(answer.result)
    desk.scene.revealed = {(trace_id, place): (opened.value, desk.now + REVEAL_SECONDS)}
    desk.say(f"{place} is shown for 10 s", "warn", REVEAL_SECONDS, counts_down=True)


def why_not_reveal(desk: Desk) -> str:
    """Say why nothing can be revealed."""
    return "read-only" if desk.is_read_only else "" if desk.row is not None else "the list is empty"


def times(desk: Desk) -> None:
    """Tell a ladder's time another way."""
    desk.scene.times = (desk.scene.times + 1) % len(TIMES)
    desk.say(f"time: {TIMES[desk.scene.times]}")


def compact(desk: Desk) -> None:
    """Hide or show the lanes that say nothing."""
    desk.scene.is_compact = not desk.scene.is_compact
    desk.say("lanes that say nothing are hidden" if desk.scene.is_compact else "all lanes")


def why_no_times(desk: Desk) -> str:
    """Say why there is no ladder."""
    return "" if desk.row is not None else "no flow yet"


def privacy(desk: Desk) -> None:
    """Hide names, mail addresses and hosts, or show them again."""
    desk.scene.is_private = not desk.scene.is_private
    desk.say("privacy on: names and hosts are hidden" if desk.scene.is_private else "privacy off")


def theme(desk: Desk) -> None:
    """Use the next theme."""
    names = [*PALETTES]
    current = names.index(desk.theme) if desk.theme in names else -1
    use_theme(desk, names[(current + 1) % len(names)])


def use_theme(desk: Desk, name: str) -> None:
    """Use the theme called `name`."""
    desk.theme = desk.port.theme(name)
    desk.say(f"theme {name}" if desk.theme == name else f"this terminal has 16 colours: theme {desk.theme}")


def help_(desk: Desk) -> None:
    """Show the keys of this view."""
    desk.overlay = Help()


def palette(desk: Desk) -> None:
    """Show all commands."""
    desk.overlay = CommandPalette()


def columns(desk: Desk, place: int = 0) -> None:
    """Offer the columns of this view, to be left out or shown; what is chosen is kept."""
    hidden = desk.listing.hidden
    choices = [
        Choice(letter, each.title, partial(_toggle, title=each.title, place=number), _shown(each, hidden))
        for number, (letter, each) in enumerate(zip(ascii_lowercase, desk.view.columns[1:], strict=False))
    ]
    desk.overlay = Menu(f"Columns of {desk.view.title}", choices, width=52, place=place)


def _shown(column: Column, hidden: set[str]) -> str:
    """Say whether a column is shown; of one that stands for another, that it needs less room."""
    if column.title in hidden:
        return "left out"
    return "in a narrow list" if column.unless and column.unless not in hidden else "shown"


def _toggle(desk: Desk, title: str, place: int) -> None:
    desk.listing.hidden.symmetric_difference_update({title})
    desk.port.keep_columns({name: each.hidden for name, each in desk.listings.items()})
    columns(desk, place)
