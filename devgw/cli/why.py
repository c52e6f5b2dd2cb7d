"""`devgw why`: why the last flow failed, and the one change that mends it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from devgw.cli.joining import answered, directory_argument, json_option, run, state_dir_of
from devgw.cli.printing import write_json, write_line, write_lines
from devgw.control.client import ask_once, snapshot_once
from devgw.control.messages import CheckRow, FlowRow, HealthView

UNWELL = ("failed", "abandoned")


@click.command("why")
@click.argument("flow", required=False)
@directory_argument
@json_option
def command(flow: str | None, directory: Path, *, as_json: bool) -> None:
    """Say why the last flow failed (or FLOW, by its id): the cause, got and expected, the one change, the source.

    What of devgw itself is not well comes first. Exits 1 where nothing has gone wrong, so that a script can ask.
    """
    state_dir = state_dir_of(directory)
    known = run(snapshot_once(state_dir, ["flow", "health"]))
    rows = known.of("flow", FlowRow)
    ailing = unwell(known.of("health", HealthView)) if flow is None else []
    row = choose(rows, flow)
    if row is None and not ailing:
        write_line("Nothing has gone wrong." if rows and flow is None else _none_of(flow), err=True)
        raise SystemExit(1)
    detail = answered(run(ask_once(state_dir, "inspect", kind="flow", id=row.id))) if row else {}
    if as_json:
        failure = {"failure": detail.get("failure"), "diagnoses": detail.get("diagnoses", [])}
        write_json({"flow": asdict(row) if row else None, **failure, "gateway": [asdict(each) for each in ailing]})
        return
    write_lines([*tell_ailing(ailing), *([""] if ailing and row else []), *(tell(row, detail) if row else [])])


def unwell(views: list[HealthView]) -> list[CheckRow]:
    """Return what of devgw itself is not well and has a fix; the worst first."""
    rows = [row for view in views for row in view.checks if row.fix and row.state in {"bad", "warning"}]
    return sorted(rows, key=lambda row: row.state)


def tell_ailing(rows: list[CheckRow]) -> list[str]:
    """Return the words for what of devgw itself is not well."""
    return [line for row in rows for line in (f"{row.name} {row.text}", f"  {'fix':<9} {row.fix}")]


def choose(rows: list[FlowRow], flow: str | None) -> FlowRow | None:
    """Return the flow asked for; else the newest with a diagnosis, else the newest that failed or was given up."""
    newest = sorted(rows, key=lambda row: row.started, reverse=True)
    if flow is not None:
        return next((row for row in newest if row.id in {flow, f"f-{flow}"}), None)
    named = next((row for row in newest if row.diagnoses), None)
    return named or next((row for row in newest if row.state in UNWELL), None)


def _none_of(flow: str | None) -> str:
    return f"There is no flow {flow}." if flow else "No client has come yet. Connect one to a route of this gateway."


def tell(row: FlowRow, detail: dict[str, Any]) -> list[str]:
    """Return the words for one flow: its diagnoses, or the refusal itself where no rule has a name for it."""
    lines = [f"{row.id}  {row.client}  {row.state} at {row.step}  {row.track}"]
    diagnoses: list[dict[str, Any]] = detail.get("diagnoses") or []
    for diagnosis in diagnoses:
        lines += ["", *_diagnosis(diagnosis)]
    if not diagnoses:
        lines += ["", *_failure(detail.get("failure") or {})]
    return lines


def _diagnosis(diagnosis: dict[str, Any]) -> list[str]:
    sure = "" if diagnosis.get("certain", True) else " (suspected)"
    lines = [f"{diagnosis['id']}  {diagnosis['title']}{sure}", f"  {diagnosis['cause']}"]
    lines += [f"  - {each}" for each in diagnosis.get("evidence", [])]
    lines += _pairs(diagnosis)
    lines += [f"  traces    {', '.join(diagnosis['trace_ids'])}"] if diagnosis.get("trace_ids") else []
    return [*lines, f"  more      devgw explain {diagnosis['id']}"]


def _pairs(told: dict[str, Any]) -> list[str]:
    """Return got, expected, the change and the source, as far as they are known."""
    known = (("got", "got"), ("expected", "expected"), ("change", "fix"), ("source", "source"))
    return [f"  {label:<9} {told[key]}" for label, key in known if told.get(key)]


def _failure(failure: dict[str, Any]) -> list[str]:
    if not failure:
        return ["It was given up: the client said nothing more, and nothing was refused."]
    facts = dict(failure) | {"fix": failure.get("hint", "")}
    return [f"{failure.get('reason_code', '')}", f"  {failure.get('explanation', '')}", *_pairs(facts)]
