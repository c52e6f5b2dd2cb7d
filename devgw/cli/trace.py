"""`devgw trace`: one request, with both messages, masked."""

from pathlib import Path
from typing import Any

import click

from devgw.cli.joining import answered, directory_argument, fail, json_option, near, opened, run, state_dir_of
from devgw.cli.printing import write_json, write_lines, write_page
from devgw.cli.tables import write_table
from devgw.control.client import ask_once, snapshot_once
from devgw.control.messages import TraceRow, UnderWayView

HEADS = ("TRACE", "STATUS", "MS", "METHOD", "PATH", "CLIENT", "NOTE")
SPARE = ("MS", "METHOD")


@click.command("trace")
@click.argument("trace", required=False)
@directory_argument
@json_option
@click.option("--curl", is_flag=True, help="The request as a command, its token as $DEVGW_TOKEN.")
@click.option("--again", is_flag=True, help="Ask it again, of what runs now, and say what differs in the answer.")
@click.option("-n", "last", default=20, show_default=True, help="Without TRACE: how many of the newest are listed.")
def command(trace: str | None, directory: Path, *, as_json: bool, curl: bool, again: bool, last: int) -> None:
    """Show one request of the gateway that runs in this project by its id, or list the newest.

    Those that are not over stand last, with what they wait for. --again really asks once more: what a request does, it
    does twice; it shows in no list.
    """
    if again and trace is None:
        raise click.UsageError("--again goes with the id of a request.")
    state_dir = state_dir_of(directory)
    if again:
        _ask_again(state_dir, str(trace), as_json=as_json)
        return
    if trace is None:
        kept = run(snapshot_once(state_dir, ["trace"])).of("trace", TraceRow)
        open_ = UnderWayView.from_json(answered(run(ask_once(state_dir, "inspect", kind="under_way", id="all")))).rows
        known = {row.id for row in kept}  # one may have ended between the two questions
        rows = [*kept, *(row for row in open_ if row.id not in known)]
        _list(rows[-last:] if last > 0 else [], as_json=as_json)
        return
    detail = opened(state_dir, "trace", trace)
    if curl and "curl" not in detail:
        fail(f"Request {trace} is of an earlier run, or long ago: it is kept without its command.")
    if curl:
        write_page(detail["curl"])
    elif as_json:
        write_json(detail)
    else:
        write_lines(lines(detail))


def _ask_again(state_dir: Path, trace: str, *, as_json: bool) -> None:
    answer = run(ask_once(state_dir, "replay", id=trace))
    if answer.code == "not_found":
        fail(answer.explanation, near(state_dir, "trace", trace))
    found = answered(answer)
    write_json(found) if as_json else write_page(found["report"].rstrip("\n"))


def _list(rows: list[TraceRow], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            write_json(row)
        return
    write_table(HEADS, [cells(row) for row in rows], "No request has come yet.", SPARE)


def cells(row: TraceRow) -> list[str]:
    """Return one line of the table."""
    status, path = ("…" if row.under_way else str(row.status)), row.path.partition("?")[0]
    return [row.id, status, f"{row.ms:.0f}", row.method, path, row.client, row.under_way or row.note]


def lines(detail: dict[str, Any]) -> list[str]:
    """Return a trace in the order in which it happened."""
    row = detail["row"]
    head = f"{row['method']} {detail.get('url', '')} -> {_how_far(row)}"
    links = [
        f"{name} {row[name + '_id']}" for name in ("flow", "client", "grant", "token", "session") if f"{name}_id" in row
    ]
    shown = [head, "  ".join(links), *_upstream(detail)]
    shown += [f"{name:<5}{detail[key]}" for name, key in (("why", "explanation"), ("fix", "hint")) if key in detail]
    shown += [f"more devgw explain {row['diagnosis_id']}"] if "diagnosis_id" in row else []
    shown += [f"note {each}" for each in detail.get("notes", [])]
    shown += [
        f"  {p['name']:<16}{p.get('start_ms', 0):>9.2f} ms {p.get('ms', 0):>9.2f} ms" for p in detail.get("phases", [])
    ]
    for side in ("request", "response"):
        body = detail.get(f"{side}_body", {})
        shown += ["", side, *(f"  {each['name']}: {each['value']}" for each in detail.get(f"{side}_headers", []))]
        shown += ["", *(f"  {each}" for each in _body(body))] if body.get("size") else []
    return [each for index, each in enumerate(shown) if each or index > 1]


def _how_far(row: dict[str, Any]) -> str:
    """Return the status and how long it took, or that it is not over."""
    if "under_way" not in row:
        return f"{row.get('status', 'no answer')} in {row.get('ms', 0)} ms"
    begun = f"{row['status']} has begun" if "status" in row else "no answer yet"
    return f"{begun}, {row.get('ms', 0) / 1_000:.0f} s after it came: it {row['under_way']}"


def _upstream(detail: dict[str, Any]) -> list[str]:
    """Return what became of the request at the upstream, of one that is not over."""
    if "under_way" not in detail["row"] or "upstream_url" not in detail:
        return []
    status = detail.get("upstream_status")
    return [f"upstream {detail['upstream_url']} " + (f"answered {status}" if status else "has not answered")]


def _body(body: dict[str, Any]) -> list[str]:
    if body.get("binary"):
        return [f"({body.get('size', 0)} bytes that are no text)"]
    cut = [f"(cut: {body.get('size', 0)} bytes in all)"] if body.get("truncated") else []
    return [*str(body.get("text", "")).splitlines(), *cut]
