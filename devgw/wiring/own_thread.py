"""One thread of one's own, for what may hang: a disk that does not answer keeps nothing else waiting, nor an exit."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class OwnThread:
    """Does one piece of work after another. It ends with the process, and nobody waits for it then."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._works: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def _begin(self, work: Callable[[], T]) -> "Future[T]":
        done: Future[T] = Future()

        def do() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
                done.set_exception(error)

        self._works.put(do)
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread.start()
        return done

    def _serve(self) -> None:
        while True:
            self._works.get()()

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, or raise what it raises, once it was its turn."""
        return await asyncio.wrap_future(self._begin(work))

    def finish(self, work: Callable[[], object], within: float) -> None:
        """Let a last piece of work be done, and wait so many seconds for it; what it raises is nobody's."""
        done = self._begin(work)
        try:
            done.exception(within)
        except TimeoutError:
            done.cancel()
