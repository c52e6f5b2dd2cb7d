"""Does the answer still have a reader? Its client may leave, and its token may end.

An ASGI server tells that a client left only to those who ask, so that is asked beside the work.
"""

import asyncio
from types import TracebackType
from typing import Self

from devgw.gateway.patience import Patience
from devgw.web.recorder import ClientLeft, Receive

GRACE = 0.02
"""Seconds before the question is asked at all: most answers are faster, and a task costs more than a timer."""


class TokenEnded(Exception):  # noqa: N818  it reads as what happened
    """The token that opened the answer was ended, or its connection; nobody may read on."""


class AnswerWatch:
    """Cancels the task that entered it when the client leaves or the token ends, and says by an exception which."""

    __slots__ = ("_client_left", "_patience", "_receive", "_reminder", "_task", "_token_ended", "_watcher")

    def __init__(self, receive: Receive, patience: Patience) -> None:
        self._receive = receive
        self._patience = patience
        self._client_left = False
        self._token_ended = False
        self._task: asyncio.Task[object] | None = None
        self._reminder = 0
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        """Begin to watch the client, a moment from now.

        Raises:
            TokenEnded: where that has happened before.
        """
        if self._token_ended:
            raise TokenEnded
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
        if isinstance(error, asyncio.CancelledError) and self._task is not None:
            if self._token_ended:
                self._task.uncancel()
                raise TokenEnded from None
            if self._client_left:
                self._task.uncancel()
                raise ClientLeft from None

    def end(self) -> None:
        """End the answer: what opened it has ended."""
        if not self._token_ended and not self._client_left and self._task is not None:
            self._task.cancel()
        self._token_ended = True

    def _start(self) -> None:
        # No task group: it could not be opened from a timer, and this task ends with the block that owns it.
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._task is not None and not self._token_ended:
            self._client_left = True
            self._task.cancel()
