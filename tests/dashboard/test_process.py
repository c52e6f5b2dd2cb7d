"""The real program on a pseudo-terminal: how it ends, and what it leaves behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.test_child import is_alive
from tests.support.terminal import Terminal

OWN = """
import sys
from pathlib import Path
from devgw.dashboard.child import GatewayChild
from devgw.dashboard.entry import run_dashboard
state = Path(sys.argv[1])
child = GatewayChild([sys.executable, "-m", "tests.support.control_feed", str(state)], state / "gateway.log")
sys.exit(run_dashboard(state, child))
"""

_FAILING = """
import sys
from pathlib import Path
from devgw.dashboard.app import Dashboard
from devgw.dashboard.entry import run_dashboard
def fail(self):
    bearer = "at_very" + "secret"
    raise RuntimeError(bearer)
Dashboard.flush = fail
sys.exit(run_dashboard(Path(sys.argv[1])))
"""
_FAILING_WITH_A_GATEWAY = OWN.replace(
    "state = ",
    """from devgw.dashboard.app import Dashboard
def fail(self):
    raise RuntimeError
Dashboard.flush = fail
state = """,
)
_HANDED_BACK = """
import sys, tty
from devgw.dashboard.terminal import Saved
saved = Saved()
sys.stderr.write("\\x1b[?1049h\\x1b[?1000h\\x1b[?2004h\\x1b[?25l")
tty.setraw(0)
saved.restore()
"""


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "s"


@pytest.fixture
def screen(state_dir: Path) -> Iterator[Terminal]:
    """A dashboard with a gateway of its own, both up."""
    terminal = Terminal([sys.executable, "-c", OWN, str(state_dir)])
    assert terminal.shows("live"), terminal.text[-2_000:]
    yield terminal
    terminal.end()


def gateway_of(state_dir: Path) -> int:
    return int((state_dir / "gateway.lock").read_text().strip())


def left_well(screen: Terminal, gateway: int, status: int) -> None:
    """Check that program and gateway are gone and the terminal is as it was."""
    assert screen.wait() == status
    assert screen.left_on() == []
    assert screen.is_as_before
    assert not is_alive(gateway)


@pytest.mark.parametrize(
    ("keys", "status"), [(b"Qy", 0), (b"\x11", 0), (b"\x03\x03", 130), (b":q\ry", 0)], ids=["Q", "^Q", "^C^C", ":q"]
)
def test_leaving_by_key_ends_both_and_restores_the_terminal(
    screen: Terminal, state_dir: Path, keys: bytes, status: int
) -> None:
    gateway = gateway_of(state_dir)
    screen.send(keys)

    left_well(screen, gateway, status)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_both_and_restores_the_terminal(
    screen: Terminal, state_dir: Path, number: signal.Signals
) -> None:
    gateway = gateway_of(state_dir)
    screen.kill(number)

    left_well(screen, gateway, 128 + number)


def test_the_last_picture_stays_in_the_terminal_and_lies_below_the_prompt(screen: Terminal) -> None:
    screen.send(b"2")
    assert screen.shows("POST /mcp/calc")
    screen.send(b"\x11")
    screen.wait()
    left = screen.text.rpartition("\x1b[?1049l")[2]

    assert "[2 Traces" in left
    assert "/mcp/calc" in left
    assert "? help" not in left
    assert left.count("\n") > 20


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_the_last_picture_is_left_whatever_the_encoding_lacks(encoding: str) -> None:
    """Names of clients and files are anybody's, lone surrogates too."""
    shown = subprocess.run(
        [sys.executable, "-c", r"from devgw.dashboard.entry import _leave_behind; _leave_behind('日本 \udcff │ end')"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert shown.stderr == b""
    assert shown.stdout.endswith(b" end")


def test_a_theme_of_ones_own_that_is_asked_for_and_missing_is_said(state_dir: Path, tmp_path: Path) -> None:
    wanted = OWN.replace("run_dashboard(state, child)", "run_dashboard(state, child, DashboardOptions('own'))").replace(
        "import run_dashboard", "import DashboardOptions, run_dashboard"
    )
    screen = Terminal([sys.executable, "-c", wanted, str(state_dir)], env={"XDG_CONFIG_HOME": str(tmp_path)})
    try:
        assert screen.shows("--theme own changes nothing"), screen.text[-2_000:]
    finally:
        screen.end()


def test_all_that_is_wrong_in_files_of_ones_own_is_said_at_the_start(state_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own" / "devgw"
    folder.mkdir(parents=True)
    (folder / "keys.toml").write_text('revok = "X"\n')
    (folder / "theme.toml").write_text('okk = "#000000"\n')
    (folder / "columns.toml").write_text("token = []\n")
    screen = Terminal([sys.executable, "-c", OWN, str(state_dir)], env={"XDG_CONFIG_HOME": str(folder.parent)})
    try:
        assert screen.shows("columns.toml, line 1"), screen.text[-2_000:]
        assert screen.shows("did you mean 'revoke'?")
        assert screen.shows("did you mean 'ok'?")
    finally:
        screen.end()


def test_leaving_after_the_gateway_ended_by_itself_is_no_success(screen: Terminal, state_dir: Path) -> None:
    os.kill(gateway_of(state_dir), signal.SIGKILL)
    assert screen.shows("The gateway ended (by SIGKILL)")
    screen.send(b"\x11")

    assert screen.wait() == 128 + signal.SIGKILL


def test_a_killed_dashboard_leaves_no_gateway_behind(screen: Terminal, state_dir: Path) -> None:
    gateway = gateway_of(state_dir)
    screen.kill(signal.SIGKILL)
    screen.wait()

    assert not is_alive(gateway)


def test_closing_the_window_ends_everything(screen: Terminal, state_dir: Path) -> None:
    gateway = gateway_of(state_dir)
    screen.close()

    assert screen.wait() in {128 + signal.SIGHUP, 129}
    assert not is_alive(gateway)


def test_a_gateway_that_dies_is_shown_and_one_key_starts_it_again(screen: Terminal, state_dir: Path) -> None:
    gateway = gateway_of(state_dir)
    os.kill(gateway, signal.SIGKILL)

    assert screen.shows("The gateway ended (by SIGKILL)")
    assert screen.shows("gateway: listening")  # its last words
    del screen.output[:]
    screen.send(b"R")
    assert screen.shows("live")
    assert gateway_of(state_dir) != gateway


def test_a_defect_restores_the_terminal_and_prints_no_value(state_dir: Path) -> None:
    """Textual's own crash printer shows local variables, tokens among them."""
    screen = Terminal([sys.executable, "-c", _FAILING, str(state_dir)], env={"XDG_CACHE_HOME": str(state_dir)})
    try:
        assert screen.wait() == 1
        assert "devgw: the dashboard failed: RuntimeError at fail" in screen.text
        assert "the gateway goes on; `devgw attach` opens another dashboard" in screen.text
        assert "verysecret" not in screen.text
        assert screen.left_on() == []
        assert screen.is_as_before
    finally:
        screen.end()


def test_a_defect_ends_the_gateway_that_came_with_it_and_says_where_its_log_is(state_dir: Path) -> None:
    command = [sys.executable, "-c", _FAILING_WITH_A_GATEWAY, str(state_dir)]
    screen = Terminal(command, env={"XDG_CACHE_HOME": str(state_dir)})
    try:
        assert screen.wait() == 1
        said = " ".join(screen.text.split())
        assert f"its gateway is ended with it; what that said stands in {state_dir / 'gateway.log'}" in said
        assert (state_dir / "gateway.log").exists()
    finally:
        screen.end()


def test_a_terminal_is_handed_back_whoever_left_it_broken() -> None:
    screen = Terminal([sys.executable, "-c", _HANDED_BACK])
    try:
        assert screen.wait() == 0
        assert screen.left_on() == []
        assert screen.is_as_before
    finally:
        screen.end()


def test_without_a_terminal_it_says_so_and_writes_no_escapes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "devgw", "attach"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "stdin is no terminal" in done.stderr
    assert "devgw tail" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_two_dashboards_look_at_one_gateway_and_leaving_leaves_it(screen: Terminal, state_dir: Path) -> None:
    project = state_dir.with_name("p")
    project.mkdir()
    (project / ".devgw").symlink_to(state_dir)
    second = Terminal([sys.executable, "-m", "devgw", "attach", str(project)], 80, 24)
    try:
        assert second.shows("live")
        second.send(b"Q")
        assert second.wait() == 0
        del screen.output[:]
        screen.send(b"2")
        assert screen.shows("POST /mcp/calc")
    finally:
        second.end()


def test_the_dashboard_imports_no_web_framework_and_no_http_client() -> None:
    """It starts in a third of a second, and stays small."""
    program = (
        "import sys, devgw.dashboard.entry, devgw.dashboard.app; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not set(done.stdout.split()) & {
        "quart",
        "hypercorn",
        "httpx2",
        "httpx",
        "aiohttp",
        "pydantic",
        "authlib",
        "sqlite3",
    }
