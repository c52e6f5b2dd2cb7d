"""Which signals of the system ask a process of ours to end, and which mean nothing to it."""

import signal
from typing import Final


def _there(*names: str) -> tuple[signal.Signals, ...]:
    """Return those of these signals that this system has."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


ASK_TO_END: Final = _there("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU", "SIGPWR")
"""What a person, a terminal or a system sends that wants it to end."""
MEAN_NOTHING: Final = _there("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGSTKFLT")
"""What programs send so that others do something of their own. By the system's default these end a process at once,
with all that is open; here they are passed over."""
