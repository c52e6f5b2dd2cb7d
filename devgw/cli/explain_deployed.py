"""What `devgw explain deployed` prints: where devgw differs from the deployed gateway, why, and what makes it alike."""

import os
from pathlib import Path
from textwrap import indent
from typing import Any

from devgw.cli.printing import write_json, write_page
from devgw.config.settings_file import read_settings
from devgw.departure import STRICT, Departure
from devgw.foreign.folding import fold
from devgw.settings import Settings
from devgw.wiring.departures import DEPARTURES, said

_WIDTH = 96
_HANGS = 16


def print_departures(directory: Path, *, as_json: bool) -> None:
    """Print every departure, and which of them hold in `directory`."""
    settings, _ = read_settings(directory, os.environ)
    if as_json:
        write_json([_row(each, settings) for each in DEPARTURES], indent=2)
        return
    changeable = [each for each in DEPARTURES if each.setting]
    fixed = [each for each in DEPARTURES if not each.setting]
    title = "Where devgw differs from the deployed gateway"
    parts = [title, "=" * len(title), "", *_head(settings), "", "What a setting makes the same"]
    parts += [line for each in changeable for line in _entry(each, settings)]
    parts += ["", "What no setting makes the same"]
    parts += [line for each in fixed for line in _entry(each, settings)]
    write_page("\n".join(parts))


def _head(settings: Settings) -> list[str]:
    intro = (
        "By the public documentation of Zuplo's MCP Gateway. What is not listed here is meant to be the same: where "
        "you find it otherwise, devgw is wrong."
    )
    here = f"Here: {said(settings)}."
    everything = "In devgw.toml, this makes everything the same that can be; it takes effect at the next start:"
    return [*fold(intro, _WIDTH), "", *fold(here, _WIDTH), "", everything, "", indent(STRICT, "  ")]


def _entry(departure: Departure, settings: Settings) -> list[str]:
    """Return the lines of one departure."""
    state = "" if not departure.setting else "differs here" if departure.is_made(settings) else "as deployed here"
    lines = ["", f"  {departure.name}" + (f"  ({state})" if state else "")]
    facts = {"devgw": departure.here, "deployed": departure.deployed, "why": departure.why}
    facts |= {"the same by": _one_line(departure.setting)} if departure.setting else {"instead": departure.cannot}
    facts["source"] = departure.source
    for name, text in facts.items():
        first, *rest = fold(text, _WIDTH - _HANGS)
        lines += [f"    {name:<12}{first}", *(" " * _HANGS + line for line in rest)]
    return lines


def _one_line(setting: str) -> str:
    """Return a setting as it is said in a sentence: `[table] name = value`."""
    return " ".join(setting.splitlines()).removeprefix("# ")


def _row(departure: Departure, settings: Settings) -> dict[str, Any]:
    return {
        "name": departure.name,
        "here": departure.here,
        "deployed": departure.deployed,
        "why": departure.why,
        "setting": departure.setting or None,
        "cannot": departure.cannot or None,
        "source": departure.source,
        "differs": departure.is_made(settings),
    }
