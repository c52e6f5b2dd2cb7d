"""This machine: who listens on a port, names, a browser, the environment."""

import asyncio
import platform
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from devgw.diagnosis.verdicts import Check, machine
from devgw.diagnosis.verdicts.machine import PortState

PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy")
LISTENING = "0A"
PATIENCE = 1.0


async def port_state(port: int, *, is_ours: bool = False) -> PortState:
    """Return who listens on `port` of the loopback, in both families."""
    state = await loopback_listeners(port)
    owner = await asyncio.to_thread(owner_of, port) if state.listens_v4 or state.listens_v6 else ""
    return replace(state, owner=owner, is_ours=is_ours)


async def loopback_listeners(port: int) -> PortState:
    """Return on which loopback addresses `port` takes a connection; each is closed at once, and nothing is sent."""
    v4, v6 = await asyncio.gather(_listens("127.0.0.1", port), _listens("::1", port))
    return PortState(port, v4, v6, has_v6=_has_v6())


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), PATIENCE)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def _has_v6() -> bool:
    """Tell whether this machine has an IPv6 loopback to bind to."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def owner_of(port: int) -> str:
    """Return name and process id of whoever listens on `port`; empty where that cannot be told."""
    if Path("/proc/net/tcp").exists():
        return _owner_by_proc(port)
    return _owner_by_lsof(port)


def _owner_by_proc(port: int) -> str:
    inodes = {inode for name in ("tcp", "tcp6") for inode in _listening_inodes(Path("/proc/net") / name, port)}
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        if _has_descriptor(process, wanted):
            return f"{_name_of(process)} (pid {process.name})"
    return ""


def _listening_inodes(table: Path, port: int) -> list[str]:
    """Return the inodes of sockets that listen on `port`, from a table of /proc/net."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return []
    rows = [line.split() for line in lines]
    return [row[9] for row in rows if row[3] == LISTENING and int(row[1].rpartition(":")[2], 16) == port]


def _has_descriptor(process: Path, wanted: set[str]) -> bool:
    try:
        return any(str(each.readlink()) in wanted for each in (process / "fd").iterdir())
    except OSError:
        return False


def _name_of(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return "a process"
    return (
        " ".join(Path(word).name if index == 0 else word for index, word in enumerate(words[:3]) if word) or "a process"
    )


def _owner_by_lsof(port: int) -> str:
    program = shutil.which("lsof")
    if program is None:
        return ""
    # A fixed program with a number as argument.
    told = subprocess.run(  # noqa: S603
        [program, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"],
        capture_output=True,
        text=True,
        timeout=5,
        check=False,
    )
    fields = {line[:1]: line[1:] for line in told.stdout.splitlines() if line}
    return f"{fields.get('c', 'a process')} (pid {fields['p']})" if "p" in fields else ""


async def resolve(host: str) -> Check:
    """Resolve a host name and say what came."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # a label that is too long has no form in DNS
        return machine.names(host, (), f"{host}: {getattr(error, 'strerror', None) or error}")
    return machine.names(host, tuple(dict.fromkeys(str(each[4][0]) for each in found)), "")


def browser(environ: Mapping[str, str]) -> Check:
    """Look for a browser, without opening it."""
    if environ.get("BROWSER"):
        return machine.browser(f"BROWSER={environ['BROWSER']}", "")
    if platform.system() in ("Darwin", "Windows"):
        return machine.browser("the system's own", "")
    if is_wsl():
        opener = shutil.which("wslview") or shutil.which("explorer.exe")
        return machine.browser(opener or "", "WSL without wslview: a Linux client cannot open the Windows browser")
    opener = next(filter(None, map(shutil.which, ("xdg-open", "gio", "sensible-browser"))), "")
    if not environ.get("DISPLAY") and not environ.get("WAYLAND_DISPLAY"):
        return machine.browser("", "there is no display: this is a container, or a session over SSH")
    return machine.browser(opener or "", "neither xdg-open nor another opener is installed")


def is_wsl() -> bool:
    """Tell whether this is Linux under Windows."""
    return "microsoft" in platform.release().lower()


def proxies(environ: Mapping[str, str]) -> Check:
    """Read the proxy variables, in either case."""
    lower = {key.lower(): value for key, value in environ.items()}
    found = {name.upper(): lower[name] for name in PROXY_NAMES if lower.get(name)}
    return machine.proxy_variables(found, lower.get("no_proxy", ""))
