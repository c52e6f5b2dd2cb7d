"""The person's own files in the configuration directory; `keys.toml` has ids on the left, keys on the right."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devgw.dashboard.filter.fields import nearest
from devgw.dashboard.keys.bindings import KEYMAP
from devgw.dashboard.keys.keymap import Keymap
from devgw.foreign.toml import read_toml
from devgw.platforms.paths import home_folder


def config_dir(environment: Mapping[str, str]) -> Path:
    """Return where this person's settings are."""
    base = environment.get("XDG_CONFIG_HOME")
    return (Path(base) if base else home_folder() / ".config") / "devgw"


_NAMED = (
    *("escape", "enter", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"),
    *("up", "down", "left", "right", "at", "backslash", "right_square_bracket", "circumflex_accent", "underscore"),
    *(f"f{number}" for number in range(1, 25)),
)
"""Keys that are no letter or sign, and those that have a name where Ctrl is held, as the terminal tells them."""
_TAKEN_BY = {"vscode": {"palette": ";"}}
"""By TERM_PROGRAM: keys that arrive where a terminal keeps the usual ones; ^P and F1 open VS Code's own palette."""


def read_own(
    environment: Mapping[str, str], name: str, mistake: Callable[[str, Any], str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what a file of this person's says and is right, and what is wrong in it, with file and line.

    `mistake` says what is wrong with one member, or nothing.
    """
    path = config_dir(environment) / name
    if path.is_fifo():  # whoever reads one waits for its writer
        return {}, (f"{name} changes nothing: it is no file",)
    try:
        text = path.read_text(encoding="utf-8")
        wanted = read_toml(text)
    except FileNotFoundError:
        return {}, ()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return {}, (f"{name} changes nothing: line {line} has a byte that is no UTF-8",)
    except (OSError, ValueError) as error:
        return {}, (f"{name} changes nothing: {error}",)
    mistakes = {member: said for member, value in wanted.items() if (said := mistake(member, value))}
    right = {member: value for member, value in wanted.items() if member not in mistakes}
    return right, tuple(f"{name}{_line(text, member)}: {said}" for member, said in mistakes.items())


def keymap(environment: Mapping[str, str]) -> tuple[Keymap, tuple[str, ...]]:
    """Return the key map of this terminal with the person's changes, and what is wrong in their file.

    What is wrong is left out, and the rest holds.
    """
    usual = _TAKEN_BY.get(environment.get("TERM_PROGRAM", ""), {})
    here = KEYMAP.rebind(usual) if usual else KEYMAP
    right, mistakes = read_own(environment, "keys.toml", _mistake)
    found, said = here.rebind(right) if right else here, list(mistakes)
    while clash := _clash(found, right):
        name, key, other = clash
        said.append(f"keys.toml: {name} = {right.pop(name)!r} is left out: {key} does {other} already")
        found = here.rebind(right)
    return found, tuple(said)


def _clash(found: Keymap, changes: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return the first change whose key something else has in the same place: its name, the key, and the other."""
    for each in (one for one in found.all if one.id in changes):
        for key in each.keys:
            for other in found.by_key[key]:
                if other.id != each.id and (set(each.views) & set(other.views) or each.views == other.views):
                    return each.id, key, other.id
    return None


def _mistake(name: str, keys: object) -> str:
    known = [each.id for each in KEYMAP.all]
    if name not in known:
        return f"nothing is called {name}: {nearest(name, known)}"
    if not isinstance(keys, str) or not all(each.strip() for each in keys.split(",")):
        return f'{name} wants keys as text, as in {name} = "x" or {name} = "x, ctrl+x"'
    unknown = next((key for each in keys.split(",") if not _is_key(key := each.strip())), "")
    return f"no key is called {unknown}: {nearest(unknown, _NAMED)}" if unknown else ""


def _is_key(written: str) -> bool:
    """Tell whether something is written as a key is: a letter or sign, or a name, after Ctrl or Shift."""
    modifiers, _, key = written[:-1].rpartition("+") if written.endswith("+") else written.rpartition("+")
    held = {each for each in modifiers.split("+") if each}
    key = "+" if written.endswith("+") else key
    return held <= {"ctrl", "shift", "alt"} and (len(key) == 1 or key in _NAMED)


def _line(text: str, name: str) -> str:
    """Return at which line of the file a name stands."""
    for number, each in enumerate(text.splitlines(), 1):
        if re.match(rf"""\s*["']?{re.escape(name)}["']?\s*[=.]|\s*\[\s*{re.escape(name)}\s*\]""", each):
            return f", line {number}"
    return ""
