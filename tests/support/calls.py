"""Which functions are called, by whom and how often: what is meant to be done once, or in no request's way."""

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def calls_of(*functions: Callable[..., Any]) -> Iterator[Counter[str]]:
    """Count the calls of Python functions until the block ends, in this thread and in those that begin meanwhile.

    Those of another thread are counted under the name with an `elsewhere: ` before it.
    """
    names = {each.__code__: each.__qualname__ for each in functions}
    found: Counter[str] = Counter()
    here = threading.current_thread()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and (name := names.get(frame.f_code)):
            found[name if threading.current_thread() is here else f"elsewhere: {name}"] += 1

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
