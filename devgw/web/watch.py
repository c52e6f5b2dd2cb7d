"""Has the client left? Asked beside the work, since an ASGI server tells it only to those who ask."""

import asyncio
from types import TracebackType
from typing import Self

from devgw.gateway.patience import Patience
from devgw.web.recorder import ClientLeft, Receive

GRACE = 0.02
"""Seconds before the question is asked at all: most answers are faster, and a task costs more than a timer."""


class ClientWatch:
    """Cancels the task that entered it when the client leaves, and turns that cancellation into `ClientLeft`."""

    __slots__ = ("_client_left", "_patience", "_receive", "_reminder", "_task", "_watcher")

    def __init__(self, receive: Receive, patience: Patience) -> None:
        self._receive = receive
        self._patience = patience
        self._client_left = False
        self._task: asyncio.Task[object] | None = None
        self._reminder = 0
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        """Begin to watch, a moment from now."""
        self._task = asyncio.current_task()
        self._reminder = self._patience.remind(asyncio.get_running_loop(), self._start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop watching."""
        self._patience.forget(self._reminder)
        if self._watcher is not None:
            self._watcher.cancel()
        if self._client_left and isinstance(error, asyncio.CancelledError) and self._task is not None:
            self._task.uncancel()
            raise ClientLeft from None

    def _start(self) -> None:
        # No task group: it could not be opened from a timer, and this task ends with the block that owns it.
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._client_left = True
        if self._task is not None:
            self._task.cancel()
