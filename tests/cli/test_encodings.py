"""Whatever letters a terminal or pipe has, every command says what it has to say."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from devgw.cli import COMMANDS, main, printing
from tests.support.terminal import devgw

POOR = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "C": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
ASKED = [
    *((name, "--help") for name in COMMANDS),
    ("--help",),
    ("explain", "deployed"),
    ("explain", "RURI-02"),
    ("explain", "--table"),
    ("explain", "日本"),
    ("explain", "route", "/mcp/日本"),
    ("schema", "devgw"),
    ("connect",),
    ("connect", "日本"),
    ("connect", "cursor", "-C", "日本"),
    ("check", "日本"),
    ("init", "日本"),
    ("up", "--set", "日本=1"),
    ("up", "--port", "日本"),
    ("up", "--headless", "--host", "日本..lan"),
    ("doctor", "http://日本..lan/"),
    ("trace", "日本"),
]


def test_no_command_falls_over_a_letter_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "1")
    fallen = []
    for words in ASKED:
        result = CliRunner(charset="ascii").invoke(main, words)
        if isinstance(result.exception, UnicodeError) or not result.output:
            fallen.append((words, result.exception))
    assert fallen == []


@pytest.mark.parametrize("poor", POOR)
def test_a_process_that_has_few_letters_says_them(poor: str, tmp_path: Path) -> None:
    for words in (("explain", "deployed"), ("connect", "日本")):
        done = subprocess.run(
            devgw(*words),
            cwd=tmp_path,
            env={**os.environ, **POOR[poor]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert b"Traceback" not in done.stderr
        assert done.stdout + done.stderr


def test_an_answer_in_no_letters_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, answer in (("ascii", "日本\n"), ("ascii", "ja\xe9\n"), ("utf-8", "y\n")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(answer.encode()), encoding=encoding))
        assert printing.ask("Go on? 日本 ") == (answer if encoding == "utf-8" else "")
