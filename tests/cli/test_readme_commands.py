"""Every command in the README is run as it stands there, or is listed here with the reason why it is not."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devgw.cli import COMMANDS
from tests.cli.test_readme_servers import README
from tests.cli.test_readme_servers import commands as tried_with_a_server
from tests.support.terminal import Terminal

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_PROGRAM = re.compile(r"(?:devgw|\.venv/bin/\w+|python3?|pip|claude|curl|eval|read|brew) (?=\S)")
_PLACEHOLDER = re.compile(r"[\[\]…|]|\b[A-Z]{2,}\b(?!=|-\d)")

_IS_ELSES = re.compile(r"DEVGW_|WORKOS_|.*_proxy$", re.IGNORECASE)
_CLIENT = "Claude Code, which has an installer of its own; `python -m tests.agents` drives it through all of these"
_PACKAGES = "gets packages, as CI does before it runs this"
_MINUTES = "takes minutes: a proof of its own, which prints figures"
NOT_RUN = {
    "python3 -m venv .venv && .venv/bin/pip install -U pip && .venv/bin/pip install -e .": _PACKAGES,
    ".venv/bin/pip install -e '.[test]'": _PACKAGES,
    ".venv/bin/pip install -e '.[web]'": _PACKAGES,
    "brew install python@3.13": "Homebrew, on a Mac",
    "claude mcp add --transport http sample http://localhost:9000/mcp/sample": _CLIENT,
    "claude mcp login sample": _CLIENT,
    "claude mcp list": _CLIENT,
    "claude -p 'Please call echo.' --allowedTools mcp__sample__echo": _CLIENT,
    "claude -p": _CLIENT,
    ".venv/bin/devgw watch https://mcp.example.com/mcp -- claude -p 'What is new?'": "a server of the internet",
    ".venv/bin/devgw watch --origin https://login.corp.example https://mcp.example.com/mcp -- node client.mjs": (
        "servers of the internet"
    ),
    "devgw login": "wants a person at a browser; `--as ada`, which needs none, is run for `devgw token`",
    "python3 -m http.server 9000": "Python's own, to be tried on a Mac",
    """read -r A; curl --noproxy '*' "$A\"""": "wants an address that a person pastes",
    ".venv/bin/pytest": "runs this",
    "python -m tests.watched": _MINUTES,
    ".venv/bin/python -m tests.agents": _MINUTES,
    ".venv/bin/python -m tests.bench": _MINUTES,
    ".venv/bin/python -m tests.up": _MINUTES,
    ".venv/bin/python -m tests.pictures": _MINUTES,
    ".venv/bin/python -m tests.trust kill|hostile|fuzz|soak|faults|fds": _MINUTES,
}
"""Commands that are not run here, and why."""
_STAYS = {"up": "waiting for the first", "attach": "live", "up --headless": "gateway answers at"}
"""What goes on until it is ended, and what is seen of it once it runs."""
_FIND = {"doctor", "why"}
"""What exits with 1 for what it found, or did not find."""


def commands() -> Iterator[str]:
    """Yield each command: lines of the console, and what stands between backticks in the text and its tables."""
    text = README.read_text(encoding="utf-8")
    for kind, block in _BLOCK.findall(text):
        if kind == "console":
            yield from (line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ "))
    for span in _SPAN.findall(_BLOCK.sub("", text)):
        written = " ".join(span.replace("\\|", "|").split())
        if _PROGRAM.match(written):
            yield written


ALL = list(dict.fromkeys(commands()))
FORMS = [each for each in ALL if each not in NOT_RUN and each.startswith("devgw ") and _PLACEHOLDER.search(each)]
SERVERS = {shlex.join([".venv/bin/devgw", *each]) for each in tried_with_a_server()}
RUN = [each for each in ALL if each not in NOT_RUN and each not in FORMS and each not in SERVERS]


def words_of(command: str) -> str:
    """Return what is behind the program's name."""
    return command.removeprefix(".venv/bin/").removeprefix("devgw ")


def test_the_readme_has_commands_of_every_kind() -> None:
    assert len(RUN) > 12
    assert len(FORMS) > 8
    assert len(SERVERS) > 5


@pytest.mark.parametrize("command", NOT_RUN)
def test_nothing_is_listed_that_the_readme_has_no_more(command: str) -> None:
    assert command in ALL


@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_a_command_names_one_that_there_is(form: str) -> None:
    assert form.split()[1] in COMMANDS


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A shell in which `devgw` is this tree's, on any ports, with nobody's files."""
    folder = tmp_path_factory.mktemp("shell")
    program = folder / "devgw"
    called = "import sys; sys.argv[0] = 'devgw'; from devgw.cli import main; main()"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{called}" "$@"\n')
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not _IS_ELSES.match(name)}
    own = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "XDG_STATE_HOME": str(folder / "state")}
    return {**kept, **own, "PATH": f"{folder}:{kept['PATH']}", "DEVGW_PORT": "0", "CI": "1"}


@pytest.fixture(scope="module")
def running(environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder in which a gateway runs, at which somebody has signed in and called a tool; and where it answers."""
    folder = tmp_path_factory.mktemp("project")
    gateway = Terminal(["sh", "-c", f"cd {folder} && exec devgw up --headless"], env=environ)
    try:
        assert gateway.shows("gateway answers at", 60), gateway.text[-2_000:]
        called = said("devgw call --as ada", folder, environ)
        assert called.returncode == 0, called.stdout + called.stderr
        answers = re.search(r"gateway answers at (http://[\w.:]+)", gateway.text)
        assert answers is not None
        yield folder, answers[1]
    finally:
        gateway.end()


def said(command: str, folder: Path, environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("command", RUN)
def test_a_command_of_the_readme_does_what_it_says(
    command: str, environ: dict[str, str], running: tuple[Path, str], tmp_path: Path
) -> None:
    typed, name, (project, origin) = words_of(command), words_of(command).split()[0], running
    if typed.split(" --set")[0] in _STAYS:
        runs_until_it_is_left(typed, project if name == "attach" else tmp_path, environ)
        return
    written = command.replace(".venv/bin/", "").replace("…", f"{origin}/mcp/sample")
    done = said(written, tmp_path if name == "init" else project, environ)
    assert "Traceback" not in done.stderr
    assert "command not found" not in done.stderr
    assert "invalid_token" not in done.stdout
    assert done.returncode in ({0, 1} if name in _FIND else {0}), done.stdout + done.stderr


def runs_until_it_is_left(typed: str, folder: Path, environ: dict[str, str]) -> None:
    """Run what stays until its picture or line is there, then leave it as a person does."""
    terminal = Terminal(["sh", "-c", f"cd {folder} && exec devgw {typed}"], env=environ)
    try:
        is_headless = "--headless" in typed
        wanted = _STAYS["up --headless" if is_headless else typed.split(maxsplit=1)[0]]
        assert terminal.shows(wanted, 60), terminal.text[-2_000:]
        terminal.send(b"\x03" if is_headless else b"\x11")
        assert terminal.wait(30) in {0, 130}, terminal.text[-2_000:]
    finally:
        terminal.end()
