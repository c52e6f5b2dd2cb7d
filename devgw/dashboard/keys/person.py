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


_TAKEN_BY = {"vscode": {"palette": ";"}}
"""By TERM_PROGRAM: keys that arrive where a terminal keeps the usual ones; ^P and F1 open VS Code's own palette."""


def read_own(
    environment: Mapping[str, str], name: str, mistake: Callable[[str, Any], str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what a file of this person's says and is right, and what is wrong in it, with file and line.

    `mistake` says what is wrong with one member, or nothing.
    """
    path = config_dir(environment) / name
    try:
        text = path.read_text(encoding="utf-8")
        wanted = read_toml(text)
    except FileNotFoundError:
        return {}, ()
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
    return (here.rebind(right) if right else here), mistakes


def _mistake(name: str, keys: object) -> str:
    known = [each.id for each in KEYMAP.all]
    if name not in known:
        return f"nothing is called {name}: {nearest(name, known)}"
    if not isinstance(keys, str) or not all(each.strip() for each in keys.split(",")):
        return f'{name} wants keys as text, as in {name} = "x" or {name} = "x, ctrl+x"'
    return ""


def _line(text: str, name: str) -> str:
    """Return at which line of the file a name stands."""
    for number, each in enumerate(text.splitlines(), 1):
        if re.match(rf"""\s*["']?{re.escape(name)}["']?\s*[=.]|\s*\[\s*{re.escape(name)}\s*\]""", each):
            return f", line {number}"
    return ""
