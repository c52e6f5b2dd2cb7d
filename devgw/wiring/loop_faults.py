"""What nobody waits for and fails: forgotten tasks, callbacks, libraries that log.

By default all of it is printed to stderr, raw; where nobody reads that pipe the whole gateway would stand still. So it
is told as the fault of an observer is: counted in Health, an event, its traceback in `gateway.log`.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from devgw.events import Bus

WHO = "event loop"


@contextmanager
def heard(bus: Bus) -> Iterator[None]:
    """Hear the faults of the running loop, and keep what libraries log off stderr, until the block ends."""
    loop = asyncio.get_running_loop()
    before, silent = loop.get_exception_handler(), logging.NullHandler()

    def hear(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        told = error if isinstance(error, Exception) else RuntimeError(str(context.get("message", "")))
        bus.guard.failed(WHO, str(context.get("message", "a task"))[:200], told)

    loop.set_exception_handler(hear)
    logging.getLogger().addHandler(silent)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(silent)
        loop.set_exception_handler(before)
