"""The gateway as a child: it never outlives the dashboard, and its last words are kept."""

import select
import subprocess
import sys
from pathlib import Path

from devgw.dashboard.child import GatewayChild
from devgw.dashboard.desk import Desk
from devgw.dashboard.overlays.notice import Notice
from devgw.dashboard.watch import ChildWatch, how
from tests.dashboard.bench import Bench

_FAITHFUL = "import sys,os; print('up', flush=True); os.read(int(sys.argv[-1]), 1); print('bye', flush=True)"
_STUBBORN = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
_SHORT = "print('the port is taken'); raise SystemExit(3)"
_HOLDER = """
import sys, time
from pathlib import Path
from devgw.dashboard.child import GatewayChild
child = GatewayChild([sys.executable, "-c", sys.argv[1]], Path(sys.argv[2]))
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""


def child(program: str, log: Path) -> GatewayChild:
    return GatewayChild([sys.executable, "-c", program], log)


def breathe() -> None:
    """Let other processes go on for a moment."""
    select.select([], [], [], 0.01)


def spoken(one: GatewayChild, word: str) -> bool:
    """Wait until the child has said `word`."""
    while one.is_running and word not in one.last_words():
        breathe()
    return word in one.last_words()


def test_closing_the_pipe_is_enough_to_end_it(tmp_path: Path) -> None:
    one = child(_FAITHFUL, tmp_path / "log")
    one.start()
    assert spoken(one, "up")

    assert one.stop() == 0
    assert one.last_words().split() == ["up", "bye"]


def test_one_that_hears_nothing_is_killed(tmp_path: Path) -> None:
    one = child(_STUBBORN, tmp_path / "log")
    one.start()
    assert spoken(one, "up")

    assert one.stop(grace=0.05) == -9


def test_it_can_be_started_again_and_says_how_it_ended(tmp_path: Path) -> None:
    one = child(_SHORT, tmp_path / "log")
    for _ in range(2):
        one.start()
        while one.is_running:
            breathe()
        assert one.ended == 3
    assert one.last_words() == "the port is taken\n"
    one.stop()


def test_its_log_is_private(tmp_path: Path) -> None:
    one = child(_SHORT, tmp_path / "log")
    one.start()
    one.stop()

    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_dashboard_that_is_killed_leaves_no_gateway_behind(tmp_path: Path) -> None:
    """However the parent dies, the system closes its end of the pipe."""
    arguments = [sys.executable, "-c", _HOLDER, _FAITHFUL, str(tmp_path / "log")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        while "up" not in (tmp_path / "log").read_text():
            breathe()
        parent.kill()
    while "bye" not in (tmp_path / "log").read_text():
        breathe()
    assert not is_alive(pid)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not. Waits for one that is on its way out."""
    for _ in range(1_000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        breathe()
    return True


def test_an_end_is_told_once_with_the_last_words(tmp_path: Path) -> None:
    desk: Desk = Bench().desk
    one = child(_SHORT, tmp_path / "log")
    watch = ChildWatch(desk, one)
    assert not watch.look()
    one.start()
    while one.is_running:
        breathe()

    assert watch.look()
    assert isinstance(desk.overlay, Notice)
    assert desk.overlay.title == "The gateway ended (exit status 3)"
    assert not watch.look()
    one.stop()


def test_a_signal_is_named() -> None:
    assert how(-9) == "by SIGKILL"
    assert how(1) == "exit status 1"
