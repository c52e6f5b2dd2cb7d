"""`devgw tokens`: what was issued, to whom, and how long it lives."""

from pathlib import Path
from typing import Any

import click

from devgw.cli.joining import directory_argument, json_option, opened, run, state_dir_of
from devgw.cli.printing import write_json, write_line
from devgw.cli.tables import write_table
from devgw.control.client import snapshot_once
from devgw.control.messages import TokenRow
from devgw.limits import Limits

HEADS = ("KIND", "TOKEN", "STATE", "CLIENT", "PERSON", "ROUTE", "SCOPE", "LEFT", "USES", "GRANT")
SPARE = ("SCOPE", "GRANT", "USES", "STATE", "PERSON")


@click.command("tokens")
@click.argument("token", required=False)
@directory_argument
@json_option
@click.option("--all", "shows_all", is_flag=True, help="Also those that are spent, revoked or expired.")
def command(token: str | None, directory: Path, *, as_json: bool, shows_all: bool) -> None:
    """List the live tokens of the gateway that runs in this project, soonest to expire first; or show one."""
    state_dir = state_dir_of(directory)
    if token is not None:
        detail = opened(state_dir, "token", token)
        write_json(detail) if as_json else _show(detail)
        return
    found = run(snapshot_once(state_dir, ["token"]))
    rows, now = found.of("token", TokenRow), found.now
    shown = [row for row in rows if shows_all or is_live(row, now)]
    shown.sort(key=lambda row: row.expires or float("inf"))
    if as_json:
        for row in shown:
            write_json(row)
        return
    empty = "No live token." if rows else "No token was issued yet."
    empty = f"{empty} A client gets one at the end of a login."
    write_table(HEADS, [cells(row, now) for row in shown], empty, SPARE)
    if len(rows) >= Limits.LISTED_ROWS:
        write_line(f"These are of the newest {Limits.LISTED_ROWS:,}; the older ones work all the same.", err=True)


def is_live(row: TokenRow, now: float) -> bool:
    """Tell whether a token still opens something."""
    return row.state == "live" and (not row.expires or row.expires > now)


def cells(row: TokenRow, now: float) -> list[str]:
    """Return one line of the table."""
    state = "expired" if row.state == "live" and not is_live(row, now) else row.state
    where = row.operation_id or row.upstream_id
    person, uses = row.email or row.subject_id, str(row.uses)
    return [row.kind, row.id, state, row.client, person, where, row.scope, left(row, now), uses, row.grant_id]


def left(row: TokenRow, now: float) -> str:
    """Return how long a token lives, in at most two units; since when it opens nothing where it ended before."""
    if row.state != "live":
        return f"ended {span(now - row.ended)} ago" if row.ended else "ended"
    if not row.expires:
        return "never"
    seconds = int(row.expires) - int(now)
    return span(seconds) if seconds >= 0 else f"-{-seconds}s"


def span(seconds_left: float) -> str:
    """Return a span of time in at most two units."""
    seconds = max(0, int(seconds_left))
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    if days:
        return f"{days}d{hours:02}h"
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{seconds % 60:02}s" if minutes else f"{seconds}s"


def _show(detail: dict[str, Any]) -> None:
    row = detail["row"]
    for name, value in row.items():
        write_line(f"{name:<14}{value}")
    for sentence in detail.get("verdict", []):
        write_line(f"{'verdict':<14}{sentence}")
    family = detail.get("family", [])
    if len(family) > 1:
        drawn = " -> ".join(f"{each['id']} ({each['state']})" for each in family)
        write_line(f"{'family':<14}{drawn}")
    for check in detail.get("jwt", {}).get("checks", []):
        verdict = "ok" if check.get("passed") else "FAILED"
        write_line(f"  {check['name']:<12}{verdict:<8}{check.get('got', '')}  expected {check.get('expected', '')}")
