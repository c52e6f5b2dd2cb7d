"""How the person wants it to look: own colours in `theme.toml`, columns that are left out in `columns.toml`."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from devgw.dashboard.filter.fields import nearest
from devgw.dashboard.keys.person import config_dir, read_own
from devgw.dashboard.look.palette import PALETTES, Palette
from devgw.dashboard.theme_choice import OWN
from devgw.dashboard.views.catalog import BY_NAME

COLUMNS_FILE = "columns.toml"
_THEME_FILE = "theme.toml"
_BASE = "base"
_BASES = {each.removeprefix("devgw-"): palette for each, palette in PALETTES.items() if not palette.is_ansi}
_COLOURS = tuple(each.name for each in fields(Palette) if each.name not in {"name", "is_dark", "is_ansi"})


def own_palette(environment: Mapping[str, str]) -> tuple[Palette | None, tuple[str, ...]]:
    """Return the theme of `theme.toml`, None where there is no such file, and what is wrong in it."""
    right, mistakes = read_own(environment, _THEME_FILE, _mistake_of_colour)
    if not right:
        return None, mistakes
    base = _BASES[right.pop(_BASE, next(iter(_BASES)))]
    return replace(base, name=OWN, **right), mistakes


def no_own(environment: Mapping[str, str]) -> str:
    """Say that a theme of the person's own was asked for, and there is none."""
    return f"--theme {OWN} changes nothing: {config_dir(environment) / _THEME_FILE} says no colour."


def _mistake_of_colour(name: str, value: Any) -> str:
    if name == _BASE:
        is_one = isinstance(value, str) and value in _BASES
        return "" if is_one else f"{_BASE} is {value!r}: {nearest(str(value), _BASES)}"
    if name not in _COLOURS:
        return f"nothing is called {name}: {nearest(name, [_BASE, *_COLOURS])}"
    is_colour = isinstance(value, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", value)
    return "" if is_colour else f'{name} wants a colour such as {name} = "#56b4e9"'


def hidden_columns(environment: Mapping[str, str]) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Return the titles of the columns that are left out, by view, and what is wrong in `columns.toml`."""
    return read_own(environment, COLUMNS_FILE, _mistake_of_columns)


def _mistake_of_columns(name: str, value: Any) -> str:
    if name not in BY_NAME:
        return f"no view is called {name}: {nearest(name, BY_NAME)}"
    titles = [each.title for each in BY_NAME[name].columns]
    if not isinstance(value, list):
        return f'{name} wants titles, as in {name} = ["{titles[-1]}"]'
    wrong = next((each for each in value if each not in titles), None)
    return "" if wrong is None else f"{name} has no column {wrong!r}: {nearest(str(wrong), titles)}"


def as_toml(hidden: Mapping[str, set[str]]) -> str:
    """Return what `columns.toml` says of columns that are left out."""
    lines = (f"{name} = {json.dumps(sorted(titles))}" for name, titles in hidden.items() if titles)
    return "".join(f"{each}\n" for each in ("# Columns that are left out; C in the dashboard chooses.", *lines))
