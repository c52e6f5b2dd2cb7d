"""Examining: every probe of the doctor, each part by itself, so that rows stand as soon as they are known."""

from functools import partial

from devgw.control.messages import CommandAnswer
from devgw.dashboard.desk import Desk
from devgw.dashboard.look import words
from devgw.dashboard.probes import PARTS, asked, found, is_probe, refused


def examine(desk: Desk) -> None:
    """Let the gateway look wherever a login goes; what it found before goes."""
    before = [row.id for row in desk.world.table("diagnosis") if is_probe(row)]
    desk.world.examined([asked(part, desk.now) for part in PARTS], before)
    for part in PARTS:
        desk.port.ask("examine", {"part": part}, partial(_came, desk, part))


def _came(desk: Desk, part: str, answer: CommandAnswer) -> None:
    rows = [found(each, desk.now) for each in answer.result["checks"]] if answer.ok else []
    if not answer.ok:
        rows = [refused(part, answer.explanation or "the gateway does not look at it", desk.now)]
    desk.world.examined(rows, [asked(part, desk.now).id])
    probes = [row for row in desk.world.table("diagnosis") if is_probe(row)]
    if any(row.state == "asked" for row in probes):
        return
    wrong = sum(row.severity == "error" for row in probes)
    text = f"{words.plural(len(probes), 'check')}: {words.plural(wrong, 'failure')}" if wrong else "nothing fails"
    desk.say(text, "bad" if wrong else "ok", 8.0)
