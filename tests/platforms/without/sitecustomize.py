"""Takes away what other systems lack, before anything else runs: the environment's `WITHOUT` says what, by commas.

Python imports a module of this name at its start from whatever is on `PYTHONPATH`. Only what a platform lacks is taken,
or answers as it does there; nothing of devgw is replaced but what it is told of the system's name.
"""

import asyncio
import contextlib
import errno
import fcntl
import mmap
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile  # noqa: F401  what the standard library needs of POSIX here is loaded by now
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, Final

_SIGNALS = (
    *("SIGHUP", "SIGQUIT", "SIGKILL", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGUSR1", "SIGUSR2", "SIGIO", "SIGPWR"),
    *("SIGXCPU", "SIGSTKFLT", "SIGTSTP", "SIGCONT", "SIGWINCH", "setitimer", "pthread_sigmask"),
)
_MODULES = ("fcntl", "resource", "termios", "pwd", "grp", "tty", "pty")
_CALLS = ("getuid", "geteuid", "getgid", "getegid", "fchmod", "fchown", "chown", "killpg", "setsid", "statvfs")
_FLAGS = ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK")
_EXCLUSIVE = ~socket.SO_REUSEADDR
_READERS = ("add_reader", "remove_reader", "add_writer", "remove_writer")
_HANDLERS = ("add_signal_handler", "remove_signal_handler")


def _remove(owner: Any, names: tuple[str, ...]) -> None:
    for name in names:
        with contextlib.suppress(AttributeError):
            delattr(owner, name)


def _pair(*_family: int) -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets, as Windows makes them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        first = socket.create_connection(listener.getsockname())
        return first, listener.accept()[0]


class ReticentPoll:
    """As `poll` is on macOS: it tells of no event that was not asked for."""

    _real = select.poll

    def __init__(self) -> None:
        self._poll, self._events = self._real(), 0

    def register(self, descriptor: int, events: int) -> None:
        """Ask for events."""
        self._events = events
        self._poll.register(descriptor, events)

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        """Return what was asked for."""
        return [(one, events) for one, events in self._poll.poll(timeout) if events & self._events]


def unix_sockets() -> None:
    """Windows: Python has no AF_UNIX, and a pair of sockets is one of TCP."""
    _remove(socket, ("AF_UNIX", "SO_PEERCRED"))
    _remove(asyncio, ("open_unix_connection", "start_unix_server"))
    socket.socketpair = _pair  # type: ignore[assignment]


def unix_bind() -> None:
    """A mount of Windows in WSL2, and some of the network: there are Unix sockets, and the folder takes none."""
    kept = socket.socket.bind

    def bind(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_UNIX:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        kept(self, address)

    socket.socket.bind = bind  # type: ignore[assignment, method-assign]


def _path_of(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115  what Path asks may be taken away


def modes() -> None:
    """A mount of Windows in WSL2: everything below the folder in `MOUNT` is everybody's, and stays so."""
    folder, changed = os.environ["MOUNT"], os.chmod

    def of_everybody(kept: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def call(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
            found = kept(path, *arguments, **named)
            where = _path_of(path) if isinstance(path, int) else os.path.abspath(path)  # noqa: PTH100
            if not str(where).startswith(folder):
                return found
            return os.stat_result((found.st_mode | 0o777, *tuple(found)[1:]))

        return call

    def in_vain(path: Any, mode: int, **named: Any) -> None:
        if not str(path).startswith(folder):
            changed(path, mode, **named)

    for each in ("stat", "lstat", "fstat"):
        setattr(os, each, of_everybody(getattr(os, each)))
    os.chmod = in_vain
    unix_bind()


def locks() -> None:
    """A mount of the network without locks."""

    def refused(*_given: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    kept = fcntl.flock

    def flock(file: Any, kind: int) -> None:
        where = _path_of(file if isinstance(file, int) else file.fileno())
        (refused if where.startswith(os.environ["MOUNT"]) else kept)(file, kind)

    fcntl.flock = flock


def shared_memory() -> None:
    """A mount of a virtual machine on which no file can be mapped: SQLite's log lives in such memory."""
    kept = mmap.mmap

    def mapped(descriptor: int, *arguments: Any, **named: Any) -> Any:
        if descriptor >= 0 and _path_of(descriptor).startswith(os.environ["MOUNT"]):
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return kept(descriptor, *arguments, **named)

    mmap.mmap = mapped  # type: ignore[assignment, misc]


def hangup() -> None:
    """Windows: none of the signals of POSIX but SIGINT and SIGTERM."""
    _remove(signal, _SIGNALS)


def loop_signals() -> None:
    """Windows: the loop hears no signals."""
    _take_from_loops(_HANDLERS)


def loop_readers() -> None:
    """Windows: the Proactor loop watches no descriptors."""
    _take_from_loops(_READERS)


def _take_from_loops(names: tuple[str, ...]) -> None:
    uvloop()
    for name in names:
        setattr(asyncio.SelectorEventLoop, name, _for_asyncio_alone(getattr(asyncio.SelectorEventLoop, name)))


def _for_asyncio_alone(kept: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        if not sys._getframe(1).f_globals["__name__"].startswith("asyncio"):
            raise NotImplementedError
        return kept(*arguments)

    return call


def uvloop() -> None:
    """Windows, and any machine for which there is no wheel."""
    sys.modules["uvloop"] = None  # type: ignore[assignment]


def proc() -> None:
    """macOS: no /proc. Windows: no /dev/fd either."""
    for each in ("stat", "lstat", "readlink"):
        setattr(os, each, _beyond_proc(getattr(os, each)))
    sys.addaudithook(lambda event, said: _refuse(said[0]) if event in {"open", "os.listdir", "os.scandir"} else None)


def _beyond_proc(kept: Callable[..., Any]) -> Callable[..., Any]:
    def call(path: Any, *arguments: Any, **named: Any) -> Any:
        _refuse(path)
        return kept(path, *arguments, **named)

    return call


def _refuse(path: Any) -> None:
    if isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(("/proc", "/dev/fd")):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))


def shared_ports() -> None:
    """What SO_REUSEADDR means elsewhere: on Windows anybody may bind an address, on macOS one beside all addresses."""
    kept = socket.socket.setsockopt
    socket.SO_EXCLUSIVEADDRUSE = _EXCLUSIVE  # type: ignore[attr-defined]

    def option(self: socket.socket, level: int, name: int, *value: Any) -> None:
        if (level, name) == (socket.SOL_SOCKET, _EXCLUSIVE):
            return
        if (level, name) == (socket.SOL_SOCKET, socket.SO_REUSEADDR):
            kept(self, level, socket.SO_REUSEPORT, *value)
        kept(self, level, name, *value)

    socket.socket.setsockopt = option  # type: ignore[assignment, method-assign]


def macos() -> None:
    """Call it macOS: `poll` tells of nothing that was not asked for, and a socket knows its peer by Apple's option."""
    shared_ports()
    _rename("darwin")
    kept = socket.socket.getsockopt

    def option(self: socket.socket, level: int, name: int, *size: int) -> Any:
        if (level, name) == (0, 1):
            return struct.pack("2I", 0, os.getuid())
        return kept(self, level, name, *size)

    select.poll = ReticentPoll  # type: ignore[assignment, misc]
    socket.socket.getsockopt = option  # type: ignore[assignment, method-assign]
    _remove(socket, ("SO_PEERCRED",))
    proc()


def windows() -> None:
    """Call it Windows, with everything taken away that it has not."""
    for take in (unix_sockets, shared_ports, hangup, loop_signals, loop_readers, proc):
        take()
    lock = ModuleType("msvcrt")
    flock, exclusive, at_once = fcntl.flock, fcntl.LOCK_EX, fcntl.LOCK_NB
    lock.locking = lambda descriptor, _mode, _bytes: flock(descriptor, exclusive | at_once)  # type: ignore[attr-defined]
    lock.LK_NBLCK = 2  # type: ignore[attr-defined]
    sys.modules["msvcrt"] = lock
    for name in _MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    statvfs = os.statvfs
    shutil.disk_usage = lambda path: SimpleNamespace(free=statvfs(path).f_bavail)  # type: ignore[assignment, return-value]
    _remove(os, (*_CALLS, *_FLAGS))
    _remove(select, ("poll", "epoll"))
    start, wait = subprocess.Popen.__init__, select.select

    def begin(self: Any, *arguments: Any, **named: Any) -> None:
        assert not named.get("pass_fds"), "pass_fds not supported on Windows."
        named.pop("creationflags", None)
        start(self, *arguments, **named)

    def sockets_alone(read: Any, write: Any, failed: Any, *timeout: Any) -> Any:
        if not all(isinstance(each, (socket.socket, int)) for each in (*read, *write, *failed)):
            raise OSError(10038, "an operation was attempted on something that is not a socket")
        return wait(read, write, failed, *timeout)

    subprocess.Popen.__init__ = begin  # type: ignore[method-assign]
    select.select = sockets_alone
    _rename("win32")


def _rename(name: str) -> None:
    from devgw.platforms import here  # noqa: PLC0415  only where something is taken away

    here.sys = SimpleNamespace(platform=name)  # type: ignore[attr-defined, assignment]


_PARTS = (
    unix_sockets,
    unix_bind,
    modes,
    locks,
    shared_memory,
    hangup,
    loop_signals,
    loop_readers,
    uvloop,
    proc,
    shared_ports,
)
REMOVALS: Final = {each.__name__: each for each in (*_PARTS, macos, windows)}
"""What may be taken away, by name."""

for _each in filter(None, os.environ.get("WITHOUT", "").split(",")):
    REMOVALS[_each]()
