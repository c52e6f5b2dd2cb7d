"""Which signals of the system ask a process of ours to end, which mean nothing to it, and how both are heard."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

Heard = Callable[[signal.Signals], object]


def _there(*names: str) -> tuple[signal.Signals, ...]:
    """Return those of these signals that this system has."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


ASK_TO_END: Final = _there("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU", "SIGPWR", "SIGBREAK")
"""What a person, a terminal or a system sends that wants it to end."""
MEAN_NOTHING: Final = _there("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGSTKFLT")
"""What programs send so that others do something of their own. By the system's default these end a process at once,
with all that is open; here they are passed over."""
HUNG_UP: Final = 129
"""The exit status of what ended because its terminal was closed, as shells count: 128 and the number of SIGHUP."""


@contextmanager
def hear_going_on(act: Callable[[], object]) -> Iterator[None]:
    """Call `act` in the main thread once the process goes on after it was stopped, until the block ends.

    Nothing is heard where the system has no such signal, or in another thread than the main one.
    """
    number = getattr(signal, "SIGCONT", None)
    if number is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, lambda _number, _frame: act())
    try:
        yield
    finally:
        signal.signal(number, before)


def hear(asked: Heard, passed_over: Heard) -> None:
    """Call `asked` and `passed_over` in the main thread, between two of its instructions, with what was sent.

    Python's own handlers: not every loop has some, and a loop that hangs hears none.
    """
    for each in ASK_TO_END:
        signal.signal(each, lambda number, _frame: asked(signal.Signals(number)))
    for each in MEAN_NOTHING:
        signal.signal(each, lambda number, _frame: passed_over(signal.Signals(number)))
