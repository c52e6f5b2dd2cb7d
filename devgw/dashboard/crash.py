"""What is printed when the dashboard fails: one line, and a trace without local variables, for they may hold tokens."""

from collections.abc import Mapping

from devgw.dashboard.fault import place_of, trace_of
from devgw.dashboard.outside import cache_dir, write_private


def report(error: BaseException, environment: Mapping[str, str]) -> str:
    """Write the trace to a private file; return the line for the terminal."""
    text, place = trace_of(error), place_of(error)
    try:
        path = write_private(cache_dir(environment) / "dashboard-crash.log", text)
    except OSError:
        return f"devgw: the dashboard failed: {type(error).__name__}{place}"
    return f"devgw: the dashboard failed: {type(error).__name__}{place} (see {path})"


def write_faults(text: str, environment: Mapping[str, str]) -> str:
    """Write what failed while the dashboard went on; return where, or nothing where it cannot be written."""
    try:
        return str(write_private(cache_dir(environment) / "dashboard-faults.log", text))
    except OSError:
        return ""
