"""Nobody shares the gateway's port unnoticed, also where the system would let two programs have it."""

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devgw.platforms.linux import program_of
from devgw.platforms.posix import Posix
from devgw.platforms.windows import Windows
from devgw.problems import Refused
from devgw.settings import Settings
from devgw.web.hosts import Hosts
from devgw.web.listening import PortTaken, listen
from tests.platforms.lacking import devgw_without, lacking

_EVERYWHERE = """
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((sys.argv[1], 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def _taken(what: str, host: str, program: str = _EVERYWHERE) -> Iterator[int]:
    """Yield a port that another program has, on a system that is like `what`."""
    command = [sys.executable, "-c", program, host]
    with subprocess.Popen(
        command, env=lacking(what), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.stdin.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
@pytest.mark.parametrize("what", ["macos", "windows", "shared_ports", ""])
def test_a_port_that_another_program_has_is_refused_with_a_sentence(what: str, host: str, tmp_path: Path) -> None:
    with _taken(what, host) as port:
        done = devgw_without(what, ("up", "--headless", f"--port={port}"), tmp_path)
    assert done.returncode == 1
    assert f"Port {port} is taken by " in done.stderr
    assert "Traceback" not in done.stderr


def test_the_port_that_is_proposed_is_free_and_not_an_emulator_s(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "devgw.toml").write_text(f"[emulators]\nworkos_port = {port + 1}\n", encoding="utf-8")
        with socket.create_server(("::1", port + 2), family=socket.AF_INET6):
            done = devgw_without("", ("up", "--headless", f"--port={port}"), tmp_path)
    assert f"start with --port {port + 3}" in done.stderr


def test_on_windows_nobody_may_bind_the_address_beside_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux has no such option: another one stands for it."""
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_KEEPALIVE, raising=False)
    with socket.socket() as listener:
        Windows().claim(listener)
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert not listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)


def test_on_windows_a_port_is_ours_alone_also_beside_one_that_is_only_bound(tmp_path: Path) -> None:
    """Nobody answers there yet, and SO_REUSEADDR would let both have it."""
    bound = _EVERYWHERE.replace("listener.listen()\n", "")
    with _taken("windows", "127.0.0.1", bound) as port:
        done = devgw_without("windows", ("up", "--headless", f"--port={port}"), tmp_path)
    assert done.returncode == 1
    assert f"Port {port} is taken by " in done.stderr


def test_a_listener_on_all_addresses_is_met_from_all_addresses_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(PortTaken):
        listen("0.0.0.0", listener.getsockname()[1])


def test_a_port_that_nobody_has_is_taken_at_once() -> None:
    first = listen("localhost", 0)
    port = first.port
    first.close()
    began = time.monotonic()
    listen("localhost", port).close()
    assert time.monotonic() - began < 0.2


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("sleep 30", ""),
        ("printf 'p4711\\ncnode\\nf12\\np4712\\ncother\\n'", "node (pid 4711)"),
        ("printf 'no\\377sense\\n'", ""),
        ("exit 1", ""),
    ],
)
def test_who_has_a_port_is_told_within_a_second_or_not_at_all(
    program: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`lsof` looks at whatever is mounted, and a mount may hang."""
    lsof = tmp_path / "lsof"
    lsof.write_text(f"#!/bin/sh\n{'exec ' if program.startswith('sleep') else ''}{program}\n", encoding="utf-8")
    lsof.chmod(lsof.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    began = time.monotonic()
    assert Posix().owner_of(9000) == told
    assert time.monotonic() - began < 1.5


def test_where_there_is_no_lsof_nobody_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Posix().owner_of(9000) == ""


@pytest.mark.parametrize("host", ["localhost:8123", "127.0.0.1:19000", "[::1]:8123"])
def test_a_port_that_was_forwarded_under_another_number_is_told_both_that_issuer_and_redirect_uri_need(
    host: str,
) -> None:
    """Tokens and redirects carry the number: with allowed_hosts alone both would be those of the other port."""
    headers = [(b"host", host.encode())]
    with pytest.raises(Refused) as refused:
        Hosts(Settings()).origin_of(headers, "http", "127.0.0.1")
    advice = refused.value.problem.advise()
    assert "under its own number" in advice
    assert f'origin = "http://{host}"' in advice
    assert f"http://{host}/oauth/callback" in advice
    assert "allowed_hosts" not in advice
    Hosts(Settings(origin=f"http://{host}")).origin_of(headers, "http", "127.0.0.1")  # it can be followed


def test_a_name_that_is_not_this_machine_s_is_still_told_of_allowed_hosts() -> None:
    with pytest.raises(Refused) as refused:
        Hosts(Settings()).origin_of([(b"host", b"box.lan:9000")], "http", "127.0.0.1")
    assert "allowed_hosts" in refused.value.problem.advise()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["/usr/bin/python3", "-P", "-m", "devgw", "up", "/home/ada/shop", "--headless", ""],
            "devgw up /home/ada/shop",
        ),
        (["python", "-m", "http.server", "9000", ""], "python -m http.server"),
        (["node", "--inspect", "--no-warnings", "server.js", "-p", ""], "node server.js -p"),
        (["/opt/java/bin/java", "-Xmx1g", "-jar", "app.jar", ""], "java -jar app.jar"),
        (["nginx: master process nginx", ""], "nginx: master process nginx"),
        (["/usr/sbin/sshd", "-D", ""], "sshd"),
        (["", ""], ""),
    ],
)
def test_who_has_a_port_is_named_by_what_it_runs(words: list[str], told: str) -> None:
    """A dashboard's gateway was called `python3 -P -m`."""
    assert program_of(words) == told
