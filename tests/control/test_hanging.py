"""A gateway that hangs, or was suspended, takes connections and says nothing: no face waits for it without end."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from devgw.cli import main
from devgw.cli.doctor import find_running
from devgw.control import client
from devgw.control.client import ControlClient, ask_once, snapshot_once, welcome_once
from devgw.control.lock import ProjectLock
from devgw.problems import Refused
from devgw.problems.control import GatewaySilent

KEPT = [("flows", "--all"), ("flows", "f-123456", "--save", "kept.json"), ("diff", "f-123456", "f-123457")]
"""Commands that read what is kept where no gateway runs."""


@pytest.fixture
async def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """The folder of what holds the project, listens, and says nothing."""
    monkeypatch.setattr(client, "WELCOME_SECONDS", 0.1)
    folder, over = tmp_path / "state", asyncio.Event()
    lock = ProjectLock(folder)
    lock.acquire()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_unix_server(say_nothing, folder / "control.sock")
    yield folder
    over.set()
    server.close()
    lock.release()


@pytest.mark.parametrize(
    "ask",
    [welcome_once, lambda folder: ask_once(folder, "inspect"), lambda folder: snapshot_once(folder, ["health"])],
    ids=["welcome", "ask", "snapshot"],
)
async def test_one_that_says_nothing_is_named_and_not_waited_for(
    silent: Path, ask: Callable[[Path], Awaitable[object]]
) -> None:
    with pytest.raises(Refused) as refused:
        await asyncio.wait_for(ask(silent), 5)
    problem = refused.value.problem
    assert problem == GatewaySilent(str(silent), os.getpid(), 0.1)
    assert f"process {os.getpid()}, which listens" in problem.explain()
    assert f"kill -CONT {os.getpid()}" in problem.advise()


async def test_whoever_follows_it_is_told_that_it_is_lost(silent: Path) -> None:
    states: list[str] = []
    following = asyncio.ensure_future(ControlClient(silent).follow(lambda _: None, states.append))
    async with asyncio.timeout(5):
        while not states:
            await asyncio.sleep(0.01)
    assert states == ["lost"]
    following.cancel()


async def test_the_doctor_says_so_and_does_not_take_the_gateway_for_one_that_rests(silent: Path) -> None:
    running = await asyncio.to_thread(find_running, silent)
    assert running
    (check,) = running.checks
    assert check.verdict == "fail"
    assert "Nothing was said" in check.saw


@pytest.mark.parametrize(
    "command",
    [("connect", "claude-code"), ("explain", "route", "/mcp/sample"), ("flows", "f-123456"), *KEPT],
    ids=" ".join,
)
async def test_no_command_says_that_none_runs_or_what_only_it_could_say(silent: Path, command: tuple[str, ...]) -> None:
    environ = {"DEVGW_STATE_DIR": str(silent)}
    result = await asyncio.to_thread(CliRunner(env=environ).invoke, main, command)
    assert result.exit_code == 1
    assert f"Nothing was said within 0 s by process {os.getpid()}" in result.stderr
    assert "No gateway runs" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize("command", KEPT, ids=" ".join)
async def test_one_that_goes_before_it_answers_is_said_to_have_gone(tmp_path: Path, command: tuple[str, ...]) -> None:
    lock = ProjectLock(tmp_path / "state")
    lock.acquire()
    server = await asyncio.start_unix_server(lambda _, writer: writer.close(), tmp_path / "state/control.sock")
    result = await asyncio.to_thread(CliRunner(env={"DEVGW_STATE_DIR": str(tmp_path / "state")}).invoke, main, command)
    server.close()
    lock.release()
    assert (result.exit_code, result.stdout) == (1, "")
    assert isinstance(result.exception, SystemExit)
    assert "The gateway went before it said anything." in result.stderr
