"""Where the control socket is: a Unix socket in the state directory, or loopback TCP with a token file.

The state directory is 0700 and the socket 0600; the peer's user id is checked where the system tells it. TCP is for
systems without Unix sockets, for state directories whose path is too long for one, and for mounts that take none.
"""

import asyncio
import errno
import json
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from devgw.control.folder import SOCKET, TCP_FILE, read_address, remove_left_behind, unusable
from devgw.control.lock import check_lock, holder_of
from devgw.entropy import token
from devgw.files import FileRefused, write_new
from devgw.platforms.here import here
from devgw.problems import Problem, Refused
from devgw.problems.control import GatewayNotReached, GatewayOfAnotherUser, NoGatewayRuns

_LONGEST_PATH = 100
"""Bytes of a Unix socket's path that every system takes (104 on macOS, 108 on Linux, one for the end)."""

_NO_SOCKETS_THERE = frozenset(
    {errno.EOPNOTSUPP, errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.EADDRNOTAVAIL}
)
"""What mounts of Windows, of virtual machines and of the network say to a socket, where they take files."""
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A listening control socket."""

    server: asyncio.Server
    token: str
    """What a reader must say in its hello; empty on a Unix socket."""
    path: Path
    """The file that goes when the socket closes."""
    made: os.stat_result
    """Which file that is."""

    def is_in_place(self) -> bool:
        """Tell whether the file that was made stands there, and nothing else."""
        try:
            return os.path.samestat(self.path.lstat(), self.made)
        except OSError:
            return False


async def listen(state_dir: Path, serve: Serve, limit: int) -> Opened:
    """Return a listening socket; one that a dead gateway left behind is removed first.

    Raises:
        Refused: with `StateDirectoryUnusable`.
    """
    try:
        remove_left_behind(state_dir)
        listener = _bound(state_dir / SOCKET)
        if listener is None:
            return await _listen_tcp(state_dir / TCP_FILE, serve, limit)
        return await _listen_unix(state_dir / SOCKET, listener, serve, limit)
    except OSError as reason:
        raise unusable(state_dir, reason) from reason


async def _listen_unix(path: Path, listener: socket.socket, serve: Serve, limit: int) -> Opened:
    server = await asyncio.start_unix_server(serve, sock=listener, limit=limit)
    return Opened(server, "", path, os.lstat(path))


def _bound(path: Path) -> socket.socket | None:
    """Return a socket bound to `path`, which nobody else may open, not even for a moment; None where there is none.

    Raises:
        OSError: where the folder takes no file either.
    """
    if not here().has_unix_sockets() or len(os.fsencode(path)) > _LONGEST_PATH:
        return None
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        if error.errno in _NO_SOCKETS_THERE:
            return None
        raise
    finally:
        os.umask(before)
    return listener


async def _listen_tcp(path: Path, serve: Serve, limit: int) -> Opened:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=limit)
    word = token("ct_")
    port = server.sockets[0].getsockname()[1]
    write_new(path, json.dumps({"port": port, "token": word}).encode())
    return Opened(server, word, path, os.lstat(path))


async def connect(state_dir: Path, limit: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
    """Return a connection to the gateway of `state_dir`, and the word it wants to hear.

    Raises:
        Refused: with `NoGatewayRuns`, `GatewayNotReached`, `GatewayOfAnotherUser` or `StateDirectoryUnusable`.
    """
    try:
        if (state_dir / TCP_FILE).exists():
            port, word = read_address(state_dir / TCP_FILE)
            return (*await asyncio.open_connection("127.0.0.1", port, limit=limit), word)
        if not here().has_unix_sockets():
            raise Refused(_why_none(state_dir))
        return (*await asyncio.open_unix_connection(state_dir / SOCKET, limit=limit), "")
    except PermissionError as reason:
        raise Refused(GatewayOfAnotherUser(str(state_dir))) from reason
    except (OSError, ValueError) as reason:
        raise Refused(_why_none(state_dir)) from reason


def _why_none(state_dir: Path) -> Problem:
    """Return why nobody answered: there is no gateway, it cannot be reached, or nothing tells which of the two."""
    try:
        check_lock(state_dir)
    except FileRefused as reason:
        return unusable(state_dir, reason).problem
    pid = holder_of(state_dir)
    return GatewayNotReached(str(state_dir), pid) if pid else NoGatewayRuns(str(state_dir))
