"""What is printed when the dashboard fails: one line, and a trace without local variables, for they may hold tokens."""

import traceback
from collections.abc import Mapping

from devgw.dashboard.outside import cache_dir, write_private


def report(error: BaseException, environment: Mapping[str, str]) -> str:
    """Write the trace to a private file; return the line for the terminal."""
    stack = traceback.extract_tb(error.__traceback__)
    steps = "".join(f"  {each.filename}:{each.lineno} in {each.name}\n" for each in stack)
    text = f"{type(error).__name__}\n{steps}"
    where = stack[-1] if stack else None
    place = f" at {where.name}, line {where.lineno}" if where else ""
    try:
        path = write_private(cache_dir(environment) / "dashboard-crash.log", text)
    except OSError:
        return f"devgw: the dashboard failed: {type(error).__name__}{place}"
    return f"devgw: the dashboard failed: {type(error).__name__}{place} (see {path})"
