"""Nothing that hangs keeps `devgw up --headless` from answering, or from ending within five seconds of SIGTERM."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2
import pytest

from devgw.platforms.signals import ASK_TO_END, MEAN_NOTHING
from tests.support.terminal import devgw

_STUCK = """
import asyncio, sys, time
from devgw.wiring import running
{fault}
running.keep_probing = fault
from devgw.cli import main
main(["up", "--headless", "--port=0"])
"""
_IGNORES_CANCELLATION = """
async def fault(_runtime):
    while True:
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            pass
"""
_BLOCKS_THE_LOOP = """
async def fault(_runtime):
    await asyncio.sleep(0.5)
    time.sleep(60)
"""
_SPINS = """
async def fault(_runtime):
    await asyncio.sleep(0.5)
    while True:
        pass
"""
_THREAD_HANGS = """
async def fault(_runtime):
    await asyncio.to_thread(time.sleep, 60)
"""
_NO_MORE_THREADS = """
import faulthandler, threading
def refuse(*_given, **_more):
    raise RuntimeError("can't start new thread")
async def fault(_runtime):
    faulthandler.dump_traceback_later = threading.Thread.start = refuse
    await asyncio.sleep(0.5)
    {then}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    subprocess.run(devgw("init", str(folder)), check=True, capture_output=True)
    return folder


@contextmanager
def started(
    command: list[str], here: Path, stdout: "int | IO[bytes]" = subprocess.PIPE
) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        command, cwd=here, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, bufsize=0
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def origin_of(project: Path) -> str:
    """Return where the gateway of `project` answers, asked over its control socket."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        command = devgw("tail", "--json", "--once", "-n", "50")
        asked = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        found = re.search(r'"origin": "(http://localhost:\d+)"', asked.stdout)
        if found:
            return found.group(1)
    raise AssertionError(asked.stdout + asked.stderr)


def ended_by(process: "subprocess.Popen[bytes]", number: signal.Signals = signal.SIGTERM) -> float:
    """Send a signal; return how many seconds the process took to end."""
    began = time.monotonic()
    process.send_signal(number)
    process.wait(10)
    return time.monotonic() - began


def test_nobody_reads_the_pipe_and_the_gateway_answers_counts_and_ends(project: Path) -> None:
    """A pager that waits, or Ctrl+S."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with started(devgw("up", "--headless", "--port=0", "--all", "--json"), project, writing) as process:
        os.close(writing)
        origin = origin_of(project)
        with httpx2.Client() as http:
            took = [http.get(f"{origin}/nowhere/{number}").elapsed.total_seconds() for number in range(3_000)]
        assert max(took) < 2
        too_late = threading.Timer(30, process.kill)
        too_late.start()
        with os.fdopen(reading, "rb") as pipe:
            told = missed = 0
            for line in pipe:
                read = json.loads(line)
                if read["event"] == "lines_dropped":
                    assert told > 1_000, "what waited comes first"
                    missed += read["count"]
                told += str(read.get("path")).startswith("/nowhere/")
                if told + missed >= 3_000:
                    break
                if told == 1_900:  # there is room again: what comes next is told, with what is missing before it
                    httpx2.get(f"{origin}/once/more")
            too_late.cancel()
            assert missed > 100
            assert told + missed >= 3_000
            assert ended_by(process) < 5
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_blocked_pipe_does_not_keep_it_from_ending(project: Path, number: signal.Signals) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)
    os.write(writing, b"x" * 4096)  # full from the first line on
    os.set_blocking(writing, True)
    with started(devgw("up", "--headless", "--port=0"), project, writing) as process:
        os.close(writing)
        assert httpx2.get(origin_of(project)).status_code == 200
        assert ended_by(process, number) < 5
    os.close(reading)
    assert process.returncode == 0


def test_stdout_on_a_full_device_is_said_and_the_gateway_goes_on(project: Path) -> None:
    with Path("/dev/full").open("wb") as full, started(devgw("up", "--headless", "--port=0"), project, full) as process:
        assert httpx2.get(origin_of(project)).status_code == 200
        assert ended_by(process) < 5
        assert process.stderr is not None
        said = process.stderr.read().decode()
    assert process.returncode == 0
    assert said.count("the event lines cannot be written: No space left on device. The gateway goes on.") == 1
    assert "Traceback" not in said


def test_a_closed_stdout_is_no_reason_not_to_run(project: Path) -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *devgw("up", "--headless", "--port=0")]
    with started(command, project) as process:
        assert httpx2.get(origin_of(project)).status_code == 200
        assert ended_by(process) < 5
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("fault", "status"),
    [(_IGNORES_CANCELLATION, 0), (_THREAD_HANGS, 0), (_BLOCKS_THE_LOOP, 1), (_SPINS, 1)],
    ids=["ignores its cancellation", "a thread hangs", "blocks the loop", "spins"],
)
def test_sigterm_ends_it_whatever_hangs(project: Path, fault: str, status: int) -> None:
    with started([sys.executable, "-c", _STUCK.format(fault=fault)], project) as process:
        until_it_says(process, b"gateway answers")
        time.sleep(0.7)
        assert ended_by(process) < 5
        assert process.stderr is not None
        said = process.stderr.read().decode()
    assert process.returncode == status
    if status:
        assert "did not stop in order within 4.6 s" in said
        evidence = (project / ".devgw" / "stuck.log").read_text()
        assert "in fault" in evidence


def until_it_says(process: "subprocess.Popen[bytes]", word: bytes) -> None:
    assert process.stdout is not None
    assert any(word in line for line in process.stdout)


def test_requests_that_never_come_to_an_end_do_not_keep_it_from_ending(project: Path) -> None:
    with started(devgw("up", "--headless", "--port=0"), project) as process:
        port = int(origin_of(project).rpartition(":")[2])
        head = b"POST /oauth/token HTTP/1.1\r\nHost: localhost:%d\r\nContent-Length: 100\r\n\r\nhalf" % port
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        for each in clients:
            each.sendall(head)
        assert ended_by(process) < 5
        for each in clients:
            each.close()
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("then", "status"), [("await asyncio.sleep(60)", 0), ("time.sleep(60)", -signal.SIGALRM)], ids=["well", "hangs"]
)
def test_sigterm_ends_it_where_the_system_gives_no_more_threads(project: Path, then: str, status: int) -> None:
    fault = _NO_MORE_THREADS.format(then=then)
    with started([sys.executable, "-c", _STUCK.format(fault=fault)], project) as process:
        until_it_says(process, b"gateway answers")
        time.sleep(0.7)
        assert ended_by(process) < 5
    assert process.returncode == status


def test_a_signal_that_means_nothing_leaves_it_running_and_says_so(project: Path) -> None:
    with started(devgw("up", "--headless", "--port=0"), project) as process:
        origin = origin_of(project)
        for each in MEAN_NOTHING:
            process.send_signal(each)
            assert httpx2.get(origin).status_code == 200, each.name
        assert ended_by(process) < 5
        assert process.stderr is not None
        said = process.stderr.read().decode()
    assert process.returncode == 0
    assert {"SIGUSR1", "SIGUSR2", "SIGALRM"} <= {line.split()[0] for line in said.splitlines() if "goes on" in line}


@pytest.mark.parametrize("number", ASK_TO_END, ids=lambda each: each.name)
def test_every_signal_that_asks_for_its_end_ends_it_in_order(project: Path, number: signal.Signals) -> None:
    with started(devgw("up", "--headless", "--port=0"), project) as process:
        origin_of(project)
        assert ended_by(process, number) < 5
    assert process.returncode == 0
