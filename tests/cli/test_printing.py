"""Whatever a client, provider or upstream calls itself: no command lets it steer the terminal or forge a row."""

import ast
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import devgw.cli
from devgw.cli import flows, printing, tables, tail, tokens, trace, why
from devgw.events.trace import Body
from devgw.foreign.text import cells, is_hidden, writable
from tests.cli.served import Beside, served_beside
from tests.monitor import walk as walks

CLIPBOARD = "\x1b]52;c;ZXZpbA==\x07"
HOSTILE = f"Evil{CLIPBOARD}\x9b2J\u202e\u2066\u2028\u200b\nf-9  failed  done\r\x7f"
KINDS = {"flow": flows.command, "token": tokens.command, "trace": trace.command}


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    """Return a gateway at which a client that calls itself `HOSTILE` went all the way, and then failed."""
    registered = walks.Walk.registered

    def called_hostile(walk: walks.Walk) -> Any:
        publish = walk.bus.publish
        monkeypatch.setattr(walk.bus, "publish", lambda event: publish(_renamed(event)))
        return registered(walk)

    monkeypatch.setattr(walks.Walk, "registered", called_hostile)
    with served_beside(tmp_path) as found:
        found.walk.agent = f"agent\x1b[2J\x9b\u202e{CLIPBOARD}"
        found.do(found.walk.all_the_way)
        found.do(found.walk.unknown)
        found.do(_asks_oddly(found.walk))
        yield found


def _renamed(event: Any) -> Any:
    for name in ("client_name", "explanation", "hint", "reason_code", "email", "display_name"):
        if isinstance(getattr(event, name, None), str):
            object.__setattr__(event, name, HOSTILE)
    return event


def _asks_oddly(walk: walks.Walk) -> Any:
    def ask() -> None:
        asked = walk.trace("GET", f"/x{HOSTILE}", notes=(HOSTILE,), explanation=HOSTILE, hint=HOSTILE, host=HOSTILE)
        asked.request_headers.append((b"x-odd", b"\x1b[2J\x9b1m"))
        asked.request_body = Body(HOSTILE.encode(), len(HOSTILE.encode()))
        walk.exchange(asked, 404)

    return ask


def said(beside: Beside, command: click.Command, *arguments: str) -> str:
    """Return what a command prints, both streams together."""
    return CliRunner().invoke(command, ["-C", str(beside.root), *arguments]).output


def hidden(text: str) -> set[str]:
    """Return what is hidden in an output, but for its own line breaks and indents."""
    return {each for each in text if is_hidden(each)} - {"\n", "\t"}


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "people"])
def test_no_command_prints_what_steers_a_terminal(beside: Beside, as_json: bool) -> None:
    more = ["--json"] if as_json else []
    outputs = [said(beside, command, *more) for command in (flows.command, tokens.command, why.command)]
    outputs += [said(beside, trace.command, "-n", "50", *more), said(beside, tail.command, "--once", "-n", "99", *more)]
    listed = said(beside, trace.command, "-n", "1", "--json")
    odd = json.loads(listed)["id"]
    outputs += [said(beside, trace.command, odd, *more), said(beside, trace.command, odd, "--curl")]
    flow = json.loads(said(beside, flows.command, "--json").splitlines()[0])["id"]
    outputs += [said(beside, flows.command, flow, *more), said(beside, why.command, flow, *more)]
    assert all("Evil" in each for each in (outputs[0], outputs[1], outputs[3]))
    assert [hidden(each) for each in outputs] == [set()] * len(outputs)


def test_a_line_break_in_a_name_makes_no_row(beside: Beside) -> None:
    for command in (flows.command, tokens.command):
        rows = said(beside, command).splitlines()
        of_programs = said(beside, command, "--json").splitlines()
        assert len(rows) == len(of_programs) + 1, "one head, and one row for each"
    assert not any(line.startswith("f-9") for line in said(beside, flows.command, "f-1").splitlines())


def test_what_programs_read_is_what_was_said(beside: Beside) -> None:
    """Escaping changes how it is written, not what it is."""
    row = json.loads(said(beside, tokens.command, "--json").splitlines()[0])
    assert row["client"] == HOSTILE


def test_wide_letters_keep_the_columns_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["日本語", "1"], ["e\u0301", "2"], ["🚪🚪", "3"], ["plain", "4"]]
    tables.write_table(("NAME", "N"), rows, "")
    lines = capsys.readouterr().out.splitlines()
    assert {cells(line[: line.rindex(each)]) for line, each in zip(lines, "N1234", strict=True)} == {8}


def test_a_terminal_that_lacks_a_letter_gets_a_mark_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    latin = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    assert writable("a→b", latin) == "a?b"
    printing.write_marked("FAIL", f"  {HOSTILE}", colour="red")
    assert hidden(capsys.readouterr().out) == set()


def test_nobody_else_in_the_command_line_prints() -> None:
    """One place writes, so that one place cleans."""
    folder = Path(devgw.cli.__file__).parent
    found = [
        f"{path.name}:{node.lineno}"
        for path in folder.glob("*.py")
        if path.name != "printing.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and _prints(node.func)
    ]
    assert found == []


def _prints(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "print"
    return isinstance(function, ast.Attribute) and function.attr in {"echo", "secho", "style", "writelines"}
