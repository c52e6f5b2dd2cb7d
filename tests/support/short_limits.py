"""Our own server with short limits, in a process that may be stopped: it prints its port, and serves until it is ended.

python -m tests.support.short_limits SECONDS
"""

import asyncio
import sys

import uvloop

from devgw.limits import Limits
from tests.web.incoming import Echo, served


async def serve() -> None:
    async with served(Echo()) as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    for name in ("HEAD_SECONDS", "SILENCE_SECONDS", "BODY_SECONDS", "IDLE_SECONDS"):
        setattr(Limits, name, float(sys.argv[1]))
    uvloop.run(serve())
