"""A command that is watched, as a child that has the terminal: its end is awaited, and signals reach it.

What the terminal itself sends (Ctrl+C) reaches the whole foreground group, the command too: what it makes of
that is its own matter, and devgw goes on as long as it does.
"""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from devgw.platforms.here import here
from devgw.platforms.signals import ASK_TO_END, hear

GRACE_SECONDS = 3.0
"""That a command may take to end after it was asked to by a signal that did not come from the terminal."""
NOT_FOUND, NOT_RUN, BY_SIGNAL = 127, 126, 128
"""Exit codes as shells have them."""


def _there(*names: str) -> frozenset[int]:
    return frozenset(getattr(signal, name) for name in names if hasattr(signal, name))


_OF_THE_TERMINAL = _there("SIGINT", "SIGQUIT")


class CommandProcess:
    """One command."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        self._command = [shutil.which(command[0]) or command[0], *command[1:]]  # Windows finds no claude.cmd by itself
        self._variables = dict(variables)
        self._process: asyncio.subprocess.Process | None = None
        self._early: list[int] = []
        """Signals that came while it was started."""
        self._is_asked = asyncio.Event()

    async def run(self) -> int:
        """Start it, and return its exit code once it has ended: 128 and the signal's number where one ended it.

        Raises:
            OSError: where it cannot be started.
        """
        loop = asyncio.get_running_loop()

        def heard(number: signal.Signals) -> None:
            loop.call_soon_threadsafe(self._pass_on, number)

        hear(heard, heard)
        program, *arguments = self._command
        found = shutil.which(program) or program  # Windows starts a script (npx.cmd) by its whole name alone
        self._process = await asyncio.create_subprocess_exec(found, *arguments, env=self._variables)
        for number in self._early:
            self._send(number)
        try:
            return _code(await self._until_ended(self._process))
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()

    def end(self) -> None:
        """Ask it to end, and see to it."""
        self._send(signal.SIGTERM)
        self._is_asked.set()

    async def _until_ended(self, process: asyncio.subprocess.Process) -> int:
        waiting = asyncio.ensure_future(process.wait())
        asked: asyncio.Future[Any] = asyncio.ensure_future(self._is_asked.wait())
        await asyncio.wait({waiting, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        await asyncio.wait({waiting}, timeout=GRACE_SECONDS)
        if not waiting.done():
            process.kill()
        return await waiting

    def _pass_on(self, number: int) -> None:
        if number in _OF_THE_TERMINAL and here().is_told_by_terminal():
            return
        self._send(number)
        if number in ASK_TO_END and number not in _OF_THE_TERMINAL:
            self._is_asked.set()

    def _send(self, number: int) -> None:
        if self._process is None:
            self._early.append(number)
            return
        with contextlib.suppress(ProcessLookupError, ValueError):
            self._process.send_signal(number)


def _code(returned: int) -> int:
    return returned if returned >= 0 else BY_SIGNAL - returned
