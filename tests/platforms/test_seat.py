"""Where devgw sits is recognised rightly, and what is said of it can be followed there."""

from pathlib import Path

import pytest

from devgw.foreign.shell import PASTE_ADDRESS
from devgw.outbound.probes import machine
from devgw.platforms.here import here
from devgw.platforms.linux import Linux
from devgw.platforms.macos import Macos
from devgw.platforms.seat import Seat, seat_of
from devgw.wiring.seat_notes import seat_notes

_WSL_KERNEL = "5.15.167.4-microsoft-standard-WSL2"
_PLAIN_KERNEL = "6.8.0-45-generic"


@pytest.fixture(autouse=True)
def _at_the_desk(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let no mark of the machine that runs the tests count, but where a test lays marks itself."""
    if "files" not in request.fixturenames:
        monkeypatch.setattr("devgw.platforms.seat._CONTAINER_FILES", ())


@pytest.mark.parametrize(
    ("environ", "files", "release", "seat"),
    [
        ({}, (), _PLAIN_KERNEL, Seat.HERE),
        ({}, (), _WSL_KERNEL, Seat.WSL),
        ({"WSL_DISTRO_NAME": "Ubuntu"}, (), "custom-kernel", Seat.WSL),
        ({}, (".dockerenv",), _WSL_KERNEL, Seat.CONTAINER),
        ({}, ("run/.containerenv",), _PLAIN_KERNEL, Seat.CONTAINER),
        ({"container": "podman"}, (), _PLAIN_KERNEL, Seat.CONTAINER),
        ({"REMOTE_CONTAINERS": "true", "SSH_CONNECTION": "x"}, (), _PLAIN_KERNEL, Seat.CONTAINER),
        ({"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}, (), _PLAIN_KERNEL, Seat.SSH),
        ({"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22", "WSL_DISTRO_NAME": "Ubuntu"}, (), _WSL_KERNEL, Seat.SSH),
        ({"CODESPACES": "true", "SSH_CONNECTION": "x"}, (".dockerenv",), _PLAIN_KERNEL, Seat.CODESPACE),
        ({"SSH_CONNECTION": "", "WSL_DISTRO_NAME": ""}, (), _PLAIN_KERNEL, Seat.HERE),
    ],
)
def test_where_it_sits_is_told_from_the_innermost_sign(
    environ: dict[str, str], files: tuple[str, ...], release: str, seat: Seat, tmp_path: Path
) -> None:
    for each in files:
        (tmp_path / each).parent.mkdir(exist_ok=True)
        (tmp_path / each).touch()
    assert seat_of(environ, tmp_path, release) is seat


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"CODESPACES": "true"}, ["gh codespace ports forward 9000:9000 9001:9001", PASTE_ADDRESS]),
        ({"container": "docker"}, ["forward port 9000, 9001 of it", PASTE_ADDRESS]),
        ({"SSH_TTY": "/dev/pts/1"}, ["ssh -N -L 9000:localhost:9000 -L 9001:localhost:9001 HOST", PASTE_ADDRESS]),
    ],
)
def test_the_ports_that_have_to_be_forwarded_are_named(environ: dict[str, str], said: list[str]) -> None:
    notes = "\n".join(seat_notes(environ, [9000, 9001]))
    for each in said:
        assert each in notes


def test_wsl_is_told_that_windows_uses_the_same_urls() -> None:
    assert "same http://localhost URLs" in seat_notes({"WSL_DISTRO_NAME": "Ubuntu"}, [9000])[0]


def test_at_the_person_s_own_linux_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.release", lambda: _PLAIN_KERNEL)
    assert seat_notes({}, [9000]) == []


def test_a_mac_over_ssh_has_no_browser_and_one_at_the_desk_has() -> None:
    assert Macos().opens_browser({}) == ("the system's own", "")
    assert Macos().opens_browser({"SSH_CONNECTION": "x"})[0] == ""


def test_a_container_on_wsl_looks_for_no_wslview(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.release", lambda: _WSL_KERNEL)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "WSL" not in Linux().opens_browser({"container": "docker"})[1]


@pytest.mark.parametrize("named", ["nothing-of-this-name", "/no/such/browser.sh %s", "   "])
def test_a_browser_that_is_not_there_opens_nothing(named: str) -> None:
    check = machine.browser({"BROWSER": named, "container": "docker"})
    assert check.verdict == "warn"


def test_a_browser_that_is_there_is_the_one(tmp_path: Path) -> None:
    program = tmp_path / "open-it"
    program.touch(mode=0o700)
    assert here().name == "Linux"
    assert machine.browser({"BROWSER": f"{program} %s:other", "container": "docker"}).verdict == "pass"


def test_a_page_is_opened_where_there_is_a_browser_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a display Python would start a text browser in the terminal of the dashboard."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    for system, environ in ((Linux(), {"container": "docker"}), (Macos(), {"SSH_CONNECTION": "x"})):
        system.open_page("http://localhost:9000/a", environ)
    assert opened == []
    Macos().open_page("http://localhost:9000/b", {})
    assert opened == ["http://localhost:9000/b"]


def test_in_wsl_a_page_is_opened_by_what_opens_the_browser_of_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener, seen = tmp_path / "wslview", tmp_path / "seen"
    opener.write_text(f'#!/bin/sh\necho "$1" >{seen}\n', encoding="utf-8")
    opener.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    Linux().open_page("http://localhost:9000/a?b=c&d=e", {"WSL_DISTRO_NAME": "Ubuntu"})
    assert seen.read_text(encoding="utf-8").strip() == "http://localhost:9000/a?b=c&d=e"
