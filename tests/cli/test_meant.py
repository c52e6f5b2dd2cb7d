"""Help on one screen, and what was meant where there is no such command, id or setting."""

import os
import re
import shlex
import subprocess
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from devgw.cli import COMMANDS, PARTS, flows, main, tables, tokens, trace, up, why
from devgw.cli.attach import in_one_browser
from devgw.cli.typed_settings import settings_of, text_of
from devgw.config.finding import Severity
from devgw.config.settings_file import read_settings
from devgw.foreign.text import cells
from tests.cli.served import served_beside
from tests.cli.test_ending import ended_by, origin_of, started
from tests.support.terminal import devgw


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_help_is_one_screen_with_every_command_by_what_one_wants_to_do() -> None:
    lines = ran("--help").output.splitlines()

    assert len(lines) < 24
    assert max(map(len, lines)) <= 80
    named = {line.split()[0] for line in lines if line.startswith("  ")}
    assert named == COMMANDS.keys() - PARTS.keys()
    assert [name for name in PARTS if not any(f"`{name}`" in line for line in lines)] == []
    assert "Find out why" in lines


def test_the_options_of_up_stand_by_what_they_are_about_and_each_once() -> None:
    said = ran("up", "--help").output
    shown = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", said, re.MULTILINE)
    options = [each for each in up.command.params if isinstance(each, click.Option) and not each.hidden]

    assert sorted(shown) == sorted([*(each.opts[-1] for each in options), "--help"])
    assert said.index("What is shown:") < said.index("--headless") < said.index("Settings for this run:")
    assert said.index("With a URL:") < said.index("--dry-run")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_there_and_says_what_it_does(name: str) -> None:
    assert import_module(f"devgw.cli.{COMMANDS[name][0]}").command.help


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("exlain", "Did you mean explain?"),
        ("Up", "up"),
        ("flow", "flows"),
        ("tokns", "tokens"),
        ("docter", "doctor"),
        ("zzz", "up, watch"),
    ],
)
def test_a_misspelt_command_names_the_one_that_was_meant(typed: str, meant: str) -> None:
    done = ran(typed)

    assert done.exit_code == 2
    assert f"There is no command '{typed}'." in done.output
    assert meant in done.output.partition("There is no command")[2].partition(".")[2]


@pytest.mark.parametrize(("typed", "same"), [(("help",), ("--help",)), (("help", "up"), ("up", "--help"))])
def test_help_may_be_typed_as_a_command(typed: tuple[str, ...], same: tuple[str, ...]) -> None:
    done = ran(*typed)

    assert done.exit_code == 0
    assert done.output == ran(*same).output


def test_a_url_or_a_folder_in_the_place_of_a_command_says_which_command_takes_it(tmp_path: Path) -> None:
    assert "`devgw up localhost:3000/mcp`" in ran("localhost:3000/mcp").output
    assert f"`devgw up {tmp_path}`" in ran(str(tmp_path)).output


@pytest.mark.parametrize("command", [flows, tokens, trace, why], ids=lambda each: each.command.name)
def test_a_folder_in_the_place_of_an_id_leads_to_the_option_for_it(command: object, tmp_path: Path) -> None:
    name = command.command.name  # type: ignore[attr-defined]  # a module of a command
    done = ran(name, str(tmp_path))

    assert done.exit_code == 1
    assert f"`devgw {name} -C {tmp_path}`" in done.output


def test_an_id_that_there_is_not_is_answered_with_those_near_it(tmp_path: Path) -> None:
    with served_beside(tmp_path) as beside:
        beside.do(beside.walk.all_the_way)
        at = ["-C", str(tmp_path)]
        flow = CliRunner().invoke(flows.command, ["--json", *at]).output.partition('"id": "')[2].partition('"')[0]
        for command, typed, near in (
            (flows.command, flow[:-1], flow),
            (why.command, flow[:-2], flow),
            (flows.command, flow[2:], flow),
            (tokens.command, "AT:1x", "at:1"),
            (tokens.command, "1", "rt:1"),
        ):
            done = CliRunner().invoke(command, [typed, *at])
            assert done.exit_code == 1
            assert near in done.output.partition("Near it: ")[2], done.output


def test_any_setting_can_be_typed_by_its_name(tmp_path: Path) -> None:
    typed = ("proxy.stateful=true", "traces.kept=17", "emulators.upstream=no", "allowed_hosts=box.lan, b.lan")
    settings, findings = read_settings(tmp_path, {}, settings_of(typed))

    assert not [each for each in findings if each.severity is Severity.ERROR]
    assert (settings.proxy.stateful, settings.traces.kept, settings.emulators.upstream) == (True, 17, False)
    assert set(settings.allowed_hosts) == {"box.lan", "b.lan"}
    again = [f"{name}={text_of(value)}" for name, value in settings_of(typed).items()]
    assert settings_of(again) == settings_of(typed), "the gateway beside a dashboard is started with the same"


def test_what_was_typed_reaches_what_runs(tmp_path: Path) -> None:
    typed = ("--origin", "http://localhost:9444", "--set", "emulators.upstream=no")
    with started(devgw("up", "--headless", "--port=0", *typed), tmp_path) as process:
        assert origin_of(tmp_path) == "http://localhost:9444"
        ended_by(process)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("prxy.stateful=1", "Did you mean `proxy.stateful`?"),
        ("proxy.stateful", "has no value"),
        ("proxy.stateful=maybe", "must be true or false"),
        ("zzz=1", "devgw schema devgw"),
    ],
)
def test_a_setting_that_does_not_fit_is_said(typed: str, said: str, tmp_path: Path) -> None:
    done = subprocess.run(
        devgw("up", "--headless", "--set", typed), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30
    )

    assert done.returncode in {1, 2}
    assert said in done.stderr


def test_what_a_browser_needs_is_installed_by_the_line_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`pip install 'devgw[web]'` finds nothing: devgw is on no index."""
    monkeypatch.setitem(__import__("sys").modules, "devgw.dashboard.serve", None)
    assert in_one_browser(tmp_path, tmp_path, None) == 2

    words = shlex.split(capsys.readouterr().err.partition("here: ")[2])
    assert words[1:4] == ["-m", "pip", "install"]
    assert words[4].startswith("textual-serve")
    assert os.access(words[0], os.X_OK)


def _on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "50")


def test_on_a_terminal_a_long_name_goes_on_below_itself_and_pads_no_other_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _on_a_terminal(monkeypatch)
    long, wide = "a" * 400, "日本" * 30
    tables.write_table(("NAME", "N"), [[long, "1"], ["b", "2"], [wide, "3"]], "")
    lines = capsys.readouterr().out.splitlines()

    assert max(map(cells, lines)) <= 40 + 3
    assert "".join(line.split()[0] for line in lines[1:11]) == long
    assert "".join(line.split()[0] for line in lines[-3:]) == wide
    assert next(line for line in lines if line.startswith("b")) == f"{'b':<40}  2"


def test_for_a_program_a_row_is_one_line_and_a_long_name_pads_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    tables.write_table(("NAME", "N"), [["a" * 400, "1"], ["b", "2"]], "")

    assert capsys.readouterr().out.splitlines()[1:] == [f"{'a' * 400}  1", f"{'b':<40}  2"]


def test_on_a_terminal_the_last_column_goes_on_below_itself_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _on_a_terminal(monkeypatch)
    tables.write_table(("ID", "WHY"), [["f-1", "the callback carried a state that belongs to no login"]], "")
    lines = capsys.readouterr().out.splitlines()

    assert [line.rstrip() for line in lines] == [
        "ID   WHY",
        "f-1  the callback carried a state that belongs to",
        "     no login",
    ]
