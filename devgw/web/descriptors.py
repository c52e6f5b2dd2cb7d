"""How many files and sockets this process may have open, and what of them is for clients."""

from devgw.limits import Limits
from devgw.platforms.here import here


def limit() -> int:
    """Return how many may be open, as far as devgw makes use of it."""
    return min(here().open_files_limit() or Limits.DESCRIPTORS, Limits.DESCRIPTORS)


def connection_limit() -> int:
    """Return how many client connections one server keeps.

    Each may need one to an upstream, and that one may be an emulator in this very process: hence a third.
    """
    return max(8, min(Limits.CONNECTIONS, (limit() - Limits.DESCRIPTORS_KEPT) // 3))
