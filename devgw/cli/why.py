"""`devgw why`: why the last thing that went wrong did, and the one change that mends it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from devgw.cli.flows import NO_FLOW
from devgw.cli.joining import (
    answered,
    check_no_folder,
    directory_argument,
    fail,
    json_option,
    near,
    run,
    state_dir_of,
)
from devgw.cli.printing import write_json, write_line, write_lines
from devgw.control.client import ask_once, snapshot_once
from devgw.control.messages import (
    PROBED,
    REQUEST,
    CaseView,
    CheckRow,
    DiagnosisView,
    FailureView,
    HealthView,
    WhyDetail,
)

_MOST_OTHERS = 5
_NOTHING = "Nothing has gone wrong."


@click.command("why")
@click.argument("flow", required=False)
@directory_argument
@json_option
def command(flow: str | None, directory: Path, *, as_json: bool) -> None:
    """Say why the last thing that went wrong did (or FLOW, by its id): cause, got, expected, the change, the source.

    The newest certain failure comes first, then what is only suspected, marked so; what of devgw itself is not well
    comes before all, a request that hangs among it, and what a probe found of others behind. Exits 1 where nothing has
    gone wrong, so that a script can ask.
    """
    if flow is not None:
        check_no_folder(flow)
    state_dir = state_dir_of(directory)
    views = run(snapshot_once(state_dir, ["health"])).of("health", HealthView)
    ailing = unwell(views) if flow is None else []
    answer = run(ask_once(state_dir, "inspect", kind="why", id=flow or "newest"))
    if flow is not None and answer.code == "not_found":
        fail(f"There is no flow {flow}.", near(state_dir, "flow", flow))
    told = WhyDetail.from_json(answered(answer))
    waiting = under_way(views) if flow is None else []
    if not told.cases and not ailing:
        write_line(_NOTHING if told.flows else NO_FLOW, err=True)
        write_lines(tell_ailing(waiting), err=True)
        raise SystemExit(1)
    if as_json:
        write_json({**plain(told), "gateway": [asdict(each) for each in ailing]})
        return
    write_lines(in_order(ailing, told.cases, waiting))


def in_order(ailing: list[CheckRow], cases: list[CaseView], waiting: list[CheckRow]) -> list[str]:
    """Return all there is to tell: devgw itself, the cases, what probes found of others, what takes long.

    A probe's finding is as old as the probe, and what failed by it is a case.
    """
    of_others = [each for each in ailing if each.name.startswith(PROBED)]
    own = [each for each in ailing if each not in of_others]
    blocks = (tell_ailing(own), tell(cases), tell_ailing(of_others), tell_ailing(waiting))
    return [line for block in blocks if block for line in ("", *block)][1:]


def unwell(views: list[HealthView]) -> list[CheckRow]:
    """Return what is not well and has a fix, of devgw itself and of others that were probed; the worst first."""
    rows = [row for view in views for row in view.checks if row.fix and row.state in {"bad", "warning"}]
    return sorted(rows, key=lambda row: row.state)


def under_way(views: list[HealthView]) -> list[CheckRow]:
    """Return the requests that take long, yet not so long that something must be wrong."""
    rows = [row for view in views for row in view.checks]
    return [row for row in rows if row.name.startswith(f"{REQUEST} ") and row.fix and row.state == "ok"]


def tell_ailing(rows: list[CheckRow]) -> list[str]:
    """Return the words for what of devgw itself is not well."""
    return [line for row in rows for line in (f"{row.name} {row.text}", f"  {'fix':<9} {row.fix}")]


def plain(told: WhyDetail) -> dict[str, Any]:
    """Return the same facts for a program: the first case on top, the others behind it."""
    cases = [_plain_case(case) for case in told.cases]
    first = cases[0] if cases else {"flow": None, "failure": None, "diagnoses": []}
    return {**first, "others": cases[1:]}


def _plain_case(case: CaseView) -> dict[str, Any]:
    return {
        "flow": asdict(case.flow) if case.flow else None,
        "failure": asdict(case.failure) if case.failure else None,
        "diagnoses": [asdict(each) for each in case.diagnoses],
        "attempt": case.attempt,
        "mended": case.mended,
        "since": case.since,
    }


def tell(cases: list[CaseView]) -> list[str]:
    """Return the words for the first case in full, and one line for each of the next."""
    if not cases:
        return []
    first, others = cases[0], cases[1 : 1 + _MOST_OTHERS]
    lines = _case(first)
    if others:
        lines += ["", "Also:", *(f"  {_in_a_line(case)}" for case in others)]
    left = len(cases) - 1 - len(others)
    return [*lines, *([f"  and {left} more (--json has them)"] if left > 0 else [])]


def _case(case: CaseView) -> list[str]:
    lines = [f"Nothing is wrong with it now: {case.mended}."] if case.mended else []
    lines += [f"Since then {case.since}; whether that mended this is not known."] if case.since else []
    if case.flow is not None:
        row = case.flow
        lines.append(f"{row.id}  {row.client}  {row.state} at {row.step}  {row.track}")
    lines += [f"  {case.attempt}"] if case.attempt else []
    if case.flow is not None and case.flow.kept_copy:
        lines.append(f"  Its document could not be reached: a {case.flow.kept_copy} stands for it.")
    for diagnosis in case.diagnoses:
        lines += ["", *_diagnosis(diagnosis)]
    if not case.diagnoses:
        lines += ["", *(_failure(case.failure) if case.failure else [_how_it_stands(case)])]
    return lines


def _in_a_line(case: CaseView) -> str:
    where = case.flow.id if case.flow else "no flow"
    since = "  (mended since)" if case.mended else f"  (since then {case.since})" if case.since else ""
    if not case.diagnoses:
        return f"{where}  {_name_of(case.failure) if case.failure else ''}{since}"
    first = case.diagnoses[0]
    return f"{where}  {first.id} {first.title}{_sure(first)}{since}"


def _how_it_stands(case: CaseView) -> str:
    """Say of a flow in which nothing was refused how it ended, or that it goes on."""
    row = case.flow
    if row is None or row.state == "done":
        return "It is done: nothing went wrong."
    if row.state == "active":
        return f"It is under way: {row.why or 'nothing went wrong so far'}."
    return f"It was given up: nothing more was seen of it, and nothing was refused. Seen last: {row.why or row.step}."


def _sure(diagnosis: DiagnosisView) -> str:
    return "" if diagnosis.certain else " (suspected)"


def _diagnosis(told: DiagnosisView) -> list[str]:
    lines = [f"{told.id}  {told.title}{_sure(told)}", f"  {told.cause}"]
    lines += [f"  - {each}" for each in told.evidence]
    lines += [*_value("got", told.got, told.got_marks), *_value("expected", told.expected, told.expected_marks)]
    lines += [*_value("change", told.fix), *_value("source", told.source), *_value("traces", ", ".join(told.trace_ids))]
    return [*lines, f"  {'more':<9} devgw explain {told.id}"]


def _value(label: str, value: str, marks: str = "") -> list[str]:
    """Return a fact with its marks under it, none where it is not known."""
    if not value:
        return []
    return [f"  {label:<9} {value}", *([f"  {'':<9} {marks}"] if marks else [])]


def _failure(told: FailureView) -> list[str]:
    lines = [_name_of(told), f"  {told.explanation}", *_value("change", told.hint), *_value("source", told.source)]
    return [*lines, *_value("traces", told.trace_id), *_value("more", f"devgw explain {told.id}" if told.id else "")]


def _name_of(told: FailureView) -> str:
    return f"{told.id}  {told.title}" if told.id else told.reason_code
