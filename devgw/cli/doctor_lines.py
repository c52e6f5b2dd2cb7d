"""The doctor's checks as lines of a terminal."""

from devgw.cli.printing import write_line, write_marked
from devgw.diagnosis.verdicts import Check, Verdict

COLOURS = {Verdict.PASS: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red", Verdict.NOT_APPLICABLE: "dim"}
SIGNS = {Verdict.PASS: "ok  ", Verdict.WARN: "warn", Verdict.FAIL: "FAIL", Verdict.NOT_APPLICABLE: "-   "}


def print_check(check: Check, *, everything: bool) -> None:
    """Print one check; what is in order takes one line."""
    sure = "" if check.is_certain else ", suspected"
    failure_id = f"  [{check.diagnosis_id}{sure}]" if check.diagnosis_id else ""
    write_marked(SIGNS[check.verdict], f"  {check.name}: {check.saw}{failure_id}", colour=COLOURS[check.verdict])
    is_fine = check.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE)
    if everything or not is_fine:
        write_line(f"      did: {check.did}")
    for line in check.marks:
        write_line(f"           {line}")
    if check.fault:
        write_line(f"      whose: {check.fault}")
    if check.todo:
        write_line(f"      do:  {check.todo}")


def tally(checks: list[Check]) -> str:
    """Return how many checks ended how."""
    counted = [(sum(check.verdict is verdict for check in checks), verdict.value) for verdict in Verdict]
    return ", ".join(f"{count} {word}" for count, word in counted if count)
