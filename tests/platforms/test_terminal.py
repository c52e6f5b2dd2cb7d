"""The terminal that is closed is seen on every system; programs that need one are not started where there is none."""

import errno
import os
import pty
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devgw.dashboard.terminal import Saved, Watchdog
from devgw.platforms.posix import Posix
from devgw.platforms.signals import HUNG_UP
from devgw.platforms.windows import Windows
from tests.dashboard.test_app import running, screen_text
from tests.dashboard.test_child import is_alive
from tests.dashboard.test_process import OWN
from tests.platforms.lacking import lacking
from tests.platforms.without.sitecustomize import ReticentPoll
from tests.support.terminal import Terminal


@pytest.fixture(params=["poll of Linux", "poll of macOS"])
def _poll(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "poll of macOS":
        monkeypatch.setattr(select, "poll", ReticentPoll)


@pytest.fixture
def window() -> Iterator[tuple[int, int]]:
    master, slave = pty.openpty()
    yield master, slave
    for each in (master, slave):
        try:
            os.close(each)
        except OSError as error:
            assert error.errno == errno.EBADF  # noqa: PT017  the test closed it


@pytest.mark.usefixtures("_poll")
def test_a_window_that_is_closed_is_gone_and_an_open_one_is_not(window: tuple[int, int]) -> None:
    master, slave = window
    watchdog = Watchdog(slave)
    assert not watchdog.is_gone()
    os.write(master, b"typed\n")
    assert not watchdog.is_gone()
    os.close(master)
    assert watchdog.is_gone()


@pytest.mark.usefixtures("_poll")
def test_a_descriptor_that_is_closed_is_gone(window: tuple[int, int]) -> None:
    """`poll` says POLLNVAL."""
    _master, slave = window
    watchdog = Watchdog(slave)
    os.close(slave)
    assert watchdog.is_gone()


@pytest.mark.usefixtures("_poll")
def test_a_pipe_that_nobody_reads_any_more_is_gone() -> None:
    """`poll` says POLLERR, or POLLHUP at the other end: a dashboard in a browser sits between two pipes."""
    reading, writing = os.pipe()
    watchdogs = Watchdog(reading), Watchdog(writing)
    assert not any(each.is_gone() for each in watchdogs)
    os.close(reading)
    assert watchdogs[1].is_gone()
    os.close(writing)


def test_what_the_system_says_of_a_terminal_that_is_well_is_no_sign(
    window: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some releases of macOS answer POLLNVAL for every terminal: a dashboard must not end at its first second."""
    said = select.POLLNVAL

    def always(_self: Posix, _descriptor: int) -> int:
        return said

    monkeypatch.setattr(Posix, "hangups", always)
    watchdog = Watchdog(window[1])
    assert not watchdog.is_gone()
    said |= select.POLLHUP
    assert watchdog.is_gone()


def test_windows_has_no_sign_and_no_settings() -> None:
    assert Windows().hangups(0) == 0
    assert Windows().terminal_settings(0) is None


def test_what_is_no_terminal_has_no_settings_to_be_put_back() -> None:
    nobody_has_it = 99_999
    with open(os.devnull, "rb") as no_terminal:  # noqa: PTH123  a descriptor is wanted
        Saved(no_terminal.fileno()).restore()
    Saved(nobody_has_it).restore()


@pytest.mark.parametrize(
    "ask", [lambda port: port.page("a body"), lambda port: port.edit("config/policies.json", 3, 1)], ids=["b", "e"]
)
async def test_where_the_dashboard_cannot_step_aside_it_says_so_and_goes_on(ask: Callable[[object], None]) -> None:
    async with running() as (app, pilot):
        ask(app.desk.port)
        app.repaint()
        await pilot.pause()
        assert "needs a terminal" in screen_text(app)
        await pilot.press("2")
        assert app.failure is None
        assert app.is_running


@pytest.mark.parametrize("pager", ["less 'unended", "", "   ", "no-such-pager-anywhere"])
async def test_a_pager_that_cannot_be_read_or_found_ends_nothing(pager: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", pager)
    async with running() as (app, _pilot):
        app.desk.port.page("a body")
        assert app.failure is None


_HEARS_NO_HANGUP = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
"""


@pytest.mark.parametrize("what", ["", "macos"])
def test_a_closed_window_of_which_no_signal_tells_ends_dashboard_and_gateway(what: str, tmp_path: Path) -> None:
    """What reads a terminal that is gone reads its end for ever, at the full speed of a core."""
    state = tmp_path / "s"
    screen = Terminal([sys.executable, "-c", _HEARS_NO_HANGUP + OWN, str(state)], env=lacking(what))
    try:
        assert screen.shows("live"), screen.text[-2_000:]
        gateway = int((state / "gateway.lock").read_text(encoding="utf-8").strip())
        screen.close()
        assert screen.wait() == HUNG_UP
        assert not is_alive(gateway)
    finally:
        screen.end()
