"""`devgw fault`: what goes wrong at the emulators on purpose, so that it is seen how that looks."""

import math
from pathlib import Path
from typing import Any

import click

from devgw.cli.joining import answered, directory_argument, json_option, run, state_dir_of
from devgw.cli.printing import write_json, write_line
from devgw.cli.tables import write_table
from devgw.control.client import ask_once

HEADS = ("FAULT", "AT", "NOW", "WHAT IS SEEN")


@click.command("fault")
@click.argument("name", required=False, default="")
@click.option("--times", default=1, show_default=True, type=click.IntRange(1, 1_000_000), help="How often it happens.")
@click.option("--stay", is_flag=True, help="Let it happen until it is cleared.")
@click.option(
    "--seconds",
    default=5.0,
    show_default=True,
    callback=lambda _ctx, _param, value: _finite(value),
    help="How long what is slow takes, at the upstream.",
)
@click.option("--clear", is_flag=True, help="Let nothing go wrong on purpose any more.")
@directory_argument
@json_option
def command(name: str, times: int, seconds: float, directory: Path, *, stay: bool, clear: bool, as_json: bool) -> None:
    """Make something go wrong at the emulated WorkOS or the sample upstream; without NAME, list what can.

    What is set stands in Health and in `devgw why` until it has happened as often as it was to, or is cleared.
    """
    if name and clear:
        raise click.UsageError("--clear takes no NAME: it clears all.")
    state_dir = state_dir_of(directory)
    if name:
        asked = {"fault": name, "times": 0 if stay else times, "seconds": seconds}
        found = answered(run(ask_once(state_dir, "set_fault", **asked)))["faults"]
    else:
        found = answered(run(ask_once(state_dir, "clear_faults" if clear else "faults")))["faults"]
    if as_json:
        for each in found:
            write_json(each)
    elif name:
        _say(next(each for each in found if each["name"] == name.replace("_", "-").casefold()))
    elif clear:
        write_line("Nothing goes wrong on purpose now.")
    else:
        write_table(HEADS, [_row(each) for each in found], "No emulator runs, and only they can be made to fail.")


def _finite(seconds: float) -> float:
    if not math.isfinite(seconds):
        raise click.BadParameter(f"{seconds} is no number of seconds.")
    return seconds


def _row(fault: dict[str, Any]) -> list[str]:
    return [fault["name"], fault["place"], _now(fault), fault["meaning"]]


def _now(fault: dict[str, Any]) -> str:
    if not fault.get("is_set"):
        return ""
    return f"{fault['left']} more" if fault.get("left") else "until cleared"


def _say(fault: dict[str, Any]) -> None:
    write_line(f"Set at the {'emulated WorkOS' if fault['place'] == 'WorkOS' else 'sample upstream'}, {_now(fault)}:")
    write_line(f"{fault['meaning'][:1].upper()}{fault['meaning'][1:]}.")
    write_line("`devgw why` says afterwards what devgw makes of it.")
