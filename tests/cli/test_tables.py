"""Tables on a terminal: no row runs over its edge, and what one reads for stays."""

from dataclasses import replace

import pytest

from devgw.cli import flows, tokens, trace
from devgw.cli.tables import write_table
from devgw.control.messages import FlowRow, TokenRow, TraceRow
from devgw.foreign.text import cells

NAMES = ("Claude Code", "日本語クライアント名前", "🚀 rocket 🎉", "עברית client", "x" * 300)
WHY = "redirect_uri http://127.0.0.1:33418/callback is not registered for this client."


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))


def flow_rows() -> list[list[str]]:
    track = "##X......"
    return [
        flows.cells(FlowRow(f"f-{n:06}", "failed", 0.0, track, "authorize", client=name, why=WHY, guessed=True))
        for n, name in enumerate(NAMES)
    ]


def token_rows() -> list[list[str]]:
    row = TokenRow("rt:1495feb9d65e", "refresh", "live", 0.0, 2_000_000.0, grant_id="g-32b1f95059a2")
    row.operation_id, row.scope, row.email = "sample", "mcp:tools", "ada@acme.example"
    return [tokens.cells(replace(row, client=name), 0.0) for name in NAMES]


def trace_rows() -> list[list[str]]:
    path = "/.well-known/oauth-protected-resource/mcp/sample"
    return [trace.cells(TraceRow("9b368ae2", 0.0, "POST", path, 401, 12.0, client=name, note=WHY)) for name in NAMES]


TABLES = {
    "flows": (flows.HEADS, flow_rows, flows.SPARE, ("STATE", "FLOW", "CLIENT", "DRAICSKTM", "WHY / LAST SEEN")),
    "tokens": (tokens.HEADS, token_rows, tokens.SPARE, ("KIND", "TOKEN", "CLIENT", "ROUTE", "LEFT")),
    "trace": (trace.HEADS, trace_rows, trace.SPARE, ("TRACE", "STATUS", "PATH", "CLIENT", "NOTE")),
}


@pytest.mark.parametrize("columns", [80, 100, 120, 200])
@pytest.mark.parametrize("name", TABLES)
def test_no_row_is_longer_than_the_terminal_and_no_needed_column_goes(
    name: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_a_terminal(monkeypatch, columns)
    heads, make, spare, needed = TABLES[name]
    write_table(heads, make(), "", spare)
    lines = capsys.readouterr().out.splitlines()

    assert max(map(cells, lines)) <= columns
    assert all(head in lines[0] for head in needed)
    assert columns < 200 or all(head in lines[0] for head in heads)


@pytest.mark.parametrize("name", TABLES)
def test_no_id_is_broken(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    on_a_terminal(monkeypatch, 80)
    heads, make, spare, _ = TABLES[name]
    write_table(heads, make(), "", spare)
    said = capsys.readouterr().out

    ids = {"flows": "f-000000~", "tokens": "rt:1495feb9d65e", "trace": "9b368ae2"}
    assert ids[name] in said


def test_a_program_that_reads_gets_every_column_and_one_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    heads, make, spare, _ = TABLES["tokens"]
    write_table(heads, make(), "", spare)
    head, *rows = capsys.readouterr().out.splitlines()

    assert head.split() == [*heads]
    assert len(rows) == len(NAMES)
