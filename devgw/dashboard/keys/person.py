"""The person's own keys: `keys.toml` in the configuration directory, ids on the left, keys on the right."""

from collections.abc import Mapping
from pathlib import Path

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


def keymap(environment: Mapping[str, str]) -> Keymap:
    """Return the key map of this terminal with the person's changes; a file that cannot be read changes nothing."""
    usual = _TAKEN_BY.get(environment.get("TERM_PROGRAM", ""), {})
    here = KEYMAP.rebind(usual) if usual else KEYMAP
    path = config_dir(environment) / "keys.toml"
    try:
        changes = read_toml(path.read_text(encoding="utf-8"))
        return here.rebind({str(name): str(keys) for name, keys in changes.items()})
    except (OSError, ValueError, KeyError):
        return here
