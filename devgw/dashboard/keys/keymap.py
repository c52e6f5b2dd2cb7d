"""The one key map. Dispatch, key bar, help and palette are made from it, so none of them can say something else."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devgw.dashboard.desk import Desk

Act = Callable[["Desk"], None]
Reason = Callable[["Desk"], str]


def always(_desk: "Desk") -> str:
    """Give no reason against it."""
    return ""


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that can be done: by which keys, what it is called, where it works, and why not now."""

    id: str
    keys: tuple[str, ...]
    shown: str
    """How the keys are written; `⏎` becomes the glyph set's sign."""
    label: str
    """One word for the key bar; empty keeps it out of there."""
    text: str
    """What it does, for help and palette."""
    act: Act
    reason: Reason = always
    """Says why it cannot be done now, or nothing."""
    views: tuple[str, ...] = ()
    """Names of the views where it works; none means everywhere."""
    bar: int = 0
    """The row of the key bar: 1 what belongs to this view, 2 what works everywhere, 0 neither."""
    in_palette: bool = True

    def works_in(self, view: str) -> bool:
        """Tell whether the view called `view` knows it."""
        return not self.views or view in self.views


@dataclass(slots=True)
class Keymap:
    """All keys, found by what was pressed."""

    all: tuple[Key, ...]
    by_key: dict[str, list[Key]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.all:
            for key in each.keys:
                self.by_key.setdefault(key, []).append(each)

    def find(self, key: str, character: str | None, view: str) -> Key | None:
        """Return what a pressed key means in a view; what belongs to the view goes first."""
        name = character if character and character.isprintable() and character != " " else key
        found = [each for each in self.by_key.get(name, ()) if each.works_in(view)]
        return min(found, key=lambda each: not each.views, default=None)

    def sign(self, name: str) -> str:
        """Return how the first key is written that does what is called `name`; nothing where none does."""
        return next((each.shown.split(" ")[0] for each in self.all if each.id == name), "")

    def said(self, text: str) -> str:
        """Return a text of ours with its keys: `{revoke}` stands for how that one is written."""
        return text.format_map({each.id: self.sign(each.id) for each in self.all})

    def clears(self) -> str:
        """Return what takes one back, and so clears a filter: Escape where it does, else the first key that does."""
        is_escape = any(each.id == "back" for each in self.by_key.get("escape", ()))
        return "esc" if is_escape else self.sign("back")

    def views_are_digits(self) -> bool:
        """Tell whether the views are shown by 1 to 9 and 0, as they stand."""
        return [each.shown for each in self.all if each.id.startswith("view_")] == [*"1234567890"]

    def of_view(self, view: str) -> list[Key]:
        """Return the keys that belong to a view rather than to all."""
        return [each for each in self.all if each.works_in(view) and (each.views or each.bar == 1)]

    def everywhere(self, view: str) -> list[Key]:
        """Return the keys that mean the same in every view."""
        return [each for each in self.all if not each.views and each.bar != 1 and each.works_in(view)]

    def rebind(self, changes: dict[str, str]) -> "Keymap":
        """Return this map with other keys for some ids, as the person's `keys.toml` says.

        Raises:
            KeyError: where there is no such id.
        """
        known = {each.id for each in self.all}
        for name in changes:
            if name not in known:
                raise KeyError(name)
        return Keymap(tuple(_rebound(each, changes.get(each.id)) for each in self.all))


def _rebound(each: Key, keys: str | None) -> Key:
    if keys is None:
        return each
    names = tuple(part.strip() for part in keys.split(","))
    return Key(
        each.id,
        names,
        " ".join(names),
        each.label,
        each.text,
        each.act,
        each.reason,
        each.views,
        each.bar,
        each.in_palette,
    )
