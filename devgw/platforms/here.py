"""Which system this process runs on."""

import sys
from functools import cache

from devgw.platforms.platform import Platform


def here() -> Platform:
    """Return the system that this process runs on."""
    return _system(sys.platform)


@cache
def _system(name: str) -> Platform:
    if name == "win32":
        from devgw.platforms.windows import Windows  # noqa: PLC0415  one system's module is enough

        return Windows()
    if name == "darwin":
        from devgw.platforms.macos import Macos  # noqa: PLC0415  the same

        return Macos()
    if name == "linux":
        from devgw.platforms.linux import Linux  # noqa: PLC0415  the same

        return Linux()
    from devgw.platforms.posix import Bsd  # noqa: PLC0415  the same

    return Bsd()
