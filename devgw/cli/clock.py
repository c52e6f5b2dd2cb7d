"""`devgw clock`: what lives for days is seen to expire now."""

from pathlib import Path
from typing import Any

import click

from devgw.cli.joining import answered, directory_argument, fail, json_option, near, run, state_dir_of
from devgw.cli.printing import write_json, write_line
from devgw.clock import wall_time
from devgw.control.client import ask_once
from devgw.foreign.spans import read_span, span_text

_ACTS = {"freeze": "freeze", "reset": "reset", "to-expiry": "to_expiry"}


@click.command("clock")
@click.argument("what", required=False)
@click.argument("token", required=False)
@directory_argument
@json_option
def command(what: str | None, token: str | None, directory: Path, *, as_json: bool) -> None:
    """Tell the time of the gateway that runs in this project, or move it: +16m, to-expiry TOKEN, freeze, reset.

    Gateway and emulators follow, so tokens, sessions and grants expire without waiting; a real provider and other
    upstreams do not. Every face shows a mark while it is another time than the machine's. TOKEN is an id of
    `devgw tokens`.
    """
    state_dir = state_dir_of(directory)
    if (what == "to-expiry") != (token is not None):
        raise click.UsageError("to-expiry goes with the id of a token: devgw tokens lists them.")
    answer = run(ask_once(state_dir, *_asked(what), **_told(what, token)))
    if answer.code == "not_found" and token is not None:
        fail(answer.explanation, near(state_dir, "token", token))
    found = answered(answer)
    if as_json:
        write_json(found)
        return
    write_line(_said(found))
    if note := found.get("note"):
        write_line(str(note), err=True)


def _asked(what: str | None) -> tuple[str]:
    """Return the command of the control socket."""
    return ("clock",) if what is None or what in _ACTS else ("travel",)


def _told(what: str | None, token: str | None) -> dict[str, Any]:
    """Return its arguments."""
    if what is None or what in _ACTS:
        return {"do": _ACTS[what] if what else "", "id": token or ""}
    seconds = read_span(what)
    if seconds is None or not what.startswith("+"):
        raise click.UsageError("Say +90s, +16m, +1h30m or +30d, a year at most; to-expiry TOKEN, freeze or reset.")
    return {"seconds": seconds}


def _said(found: dict[str, Any]) -> str:
    time = f"{wall_time(found['now']):%Y-%m-%d %H:%M:%S}"
    if found.get("frozen"):
        return f"{time}, and it stands still."
    ahead = found.get("ahead", 0)
    return f"{time}, {span_text(ahead)} ahead of the machine's." if ahead else f"{time}, as the machine's."
