"""A whole login and every command, without what other systems lack: nothing ends in a traceback."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from devgw.cli import COMMANDS
from tests.platforms.lacking import SIMULATED, TAKEN_AWAY, devgw_without, lacking
from tests.support.browser import Browser
from tests.trust.client import CALLBACK, Client
from tests.trust.process import GatewayProcess, free_port

_WELL, _REFUSED = {0}, {1, 2}
NAMED: dict[str, tuple[tuple[str, ...], set[int]]] = {
    "check": (("check",), _WELL),
    "doctor": (("doctor",), _WELL),
    "why": (("why",), _WELL | _REFUSED),  # nothing has gone wrong, and the client's stay is short
    "explain": (("explain", "RURI-02"), _WELL),
    "tail": (("tail", "--once"), _WELL),
    "flows": (("flows", "--json"), _WELL),
    "tokens": (("tokens",), _WELL),
    "trace": (("trace", "nothing"), _REFUSED),
    "clock": (("clock",), _WELL),
    "diff": (("diff", "f-000000"), _REFUSED),
    "record": (("record", "f-000000"), _REFUSED),
    "open": (("open", "nothing.devgw"), _REFUSED),
    "clients": (("clients",), _WELL),
    "sessions": (("sessions",), _WELL),
    "upstreams": (("upstreams",), _WELL),
    "fault": (("fault",), _WELL),
    "login": (("login", "nowhere"), _REFUSED),
    "token": (("token", "nowhere"), _REFUSED),
    "call": (("call", "sample", "echo", "message=hi", "--as", "ada"), _WELL),
    "mcp": (("mcp", "--help"), _WELL),
    "schema": (("schema", "devgw"), _WELL),
    "init": (("init", "copy"), _WELL),
    "connect": (("connect", "claude-code"), _WELL),
    "attach": (("attach",), _REFUSED),  # there is no terminal
    "up": (("up", "--headless"), _REFUSED),  # one runs already
    "watch": (("watch", "localhost:1/mcp", "--headless"), _REFUSED),  # nothing is there
}


def test_every_command_that_help_names_is_tried() -> None:
    assert set(NAMED) == set(COMMANDS)


async def logs_in(gateway: GatewayProcess) -> None:
    async with httpx2.AsyncClient(timeout=20) as http, Browser(CALLBACK) as browser:
        client = Client(gateway.origin, http, browser)
        answer = await client.call(await client.log_in("/mcp/sample"))
    assert answer.status_code == 200, answer.text


def _gateway(folder: Path, environ: Mapping[str, str]) -> GatewayProcess:
    folder.mkdir()
    return GatewayProcess(folder, environ=environ)


@pytest.mark.parametrize("what", SIMULATED)
async def test_the_gateway_and_each_command_do_their_work(what: str, tmp_path: Path) -> None:
    async with _gateway(tmp_path / "p", lacking(what)) as gateway:
        await logs_in(gateway)
        for arguments, codes in NAMED.values():
            done = await asyncio.to_thread(devgw_without, what, arguments, gateway.root)
            assert "Traceback" not in done.stdout + done.stderr
            assert done.returncode in codes, (arguments, done.stdout, done.stderr)
        seconds = gateway.terminate()
    assert seconds < 5
    assert gateway.process is not None
    assert gateway.process.returncode == 0
    assert "Traceback" not in gateway.said()
    assert "defect" not in gateway.said()


@pytest.mark.parametrize("what", TAKEN_AWAY)
async def test_the_gateway_serves_and_is_seen_without_one_thing(what: str, tmp_path: Path) -> None:
    async with _gateway(tmp_path / "p", lacking(what)) as gateway:
        await logs_in(gateway)
        done = await asyncio.to_thread(devgw_without, what, ("tokens", "--json"), gateway.root)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("\n") >= 2
        assert gateway.terminate() < 5
    assert "Traceback" not in gateway.said()


@pytest.mark.parametrize("what", ["", "windows", "macos", "loop_readers"])
def test_a_gateway_ends_when_the_pipe_of_its_parent_closes(what: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "devgw", "up", "--headless", "--port=0", "--parent-pipe=0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=lacking(what), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        killed = threading.Timer(30, process.kill)
        killed.start()
        assert any("answers at" in line for line in process.stdout)
        process.stdin.close()
        assert process.wait(10) == 0
        killed.cancel()


@pytest.mark.parametrize("what", ["windows", "macos"])
def test_a_dashboard_in_the_browser_starts_its_gateway_and_both_end(what: str, tmp_path: Path) -> None:
    """The child has no descriptor but its standard input, and its parent's loop hears no signals."""
    pytest.importorskip("textual_serve")
    command = [sys.executable, "-m", "devgw", "up", "--web", f"--port={free_port()}"]
    with subprocess.Popen(command, cwd=tmp_path, env=lacking(what), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        killed = threading.Timer(30, process.kill)
        killed.start()
        assert "for one browser" in process.stdout.readline()
        log = tmp_path / ".devgw" / "gateway.log"
        while not log.exists() or b"answers at" not in log.read_bytes():
            assert process.poll() is None
        process.terminate()
        assert process.wait(10) == 0
        killed.cancel()
    assert "Traceback" not in log.read_text(encoding="utf-8")
    assert not (tmp_path / ".devgw" / "control.json").exists()


def test_windows_is_told_at_the_start_that_it_was_not_tried_there(tmp_path: Path) -> None:
    done = devgw_without("windows", ("up", "--headless", "--state-dir", os.devnull), tmp_path)
    assert "never tried on Windows" in done.stderr
    assert "WSL2" in done.stderr
    assert devgw_without("", ("up", "--headless", "--state-dir", os.devnull), tmp_path).stderr.count("Windows") == 0
