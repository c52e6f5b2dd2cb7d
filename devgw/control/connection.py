"""One reader: who it is, what it is given, what it asks."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from devgw.control.answering import Answering
from devgw.control.codec import Malformed, asked_by, line_of, to_text
from devgw.control.greeting import check_hello
from devgw.control.messages import (
    VERSION,
    Command,
    CommandAnswer,
    ControlMessage,
    Events,
    Gap,
    Hello,
    Snapshot,
    TurnedAway,
    Welcome,
)
from devgw.control.telling import rows_to_text
from devgw.monitor.changes import Cursor
from devgw.monitor.monitor import Monitor
from devgw.monitor.reading import (
    DETAIL_LIMIT,
    all_kinds,
    changes_since,
    cursor_now,
    lost_after,
    must_begin_again,
    pass_over,
    snapshot,
)
from devgw.platforms.here import here
from devgw.tasks import Allowance, PatientTimeout

PAUSE_SECONDS = 0.05
"""Between two batches to one reader: what changes in between travels once."""
_REST = 32
"""Times as long as a batch took to make, a reader waits for the next: one costs three hundredths of a core at most,
and beyond that it loses detail."""
_HELLO_SECONDS = 10.0
_FAREWELL_SECONDS = 1.0
_MOST_COMMANDS = 16
"""At once, from one reader."""
_MOST_MALFORMED = 10
_HIGH_WATER = 256 * 1024
_LONG = 65_536
"""Characters of a line in which secrets are looked for by a thread: so many take ten milliseconds."""
"""Bytes that may wait for a reader before it is given no more."""


@dataclass(slots=True)
class Shared:
    """What all connections of a server share."""

    monitor: Monitor
    answering: Answering
    instance: str
    next_news: Callable[[], Awaitable[None]]
    user: int | None = None
    """Who may come; None means the user of this process."""
    token: str = ""
    places: OrderedDict[int, tuple[int, int]] = field(default_factory=OrderedDict)
    """How many traces and lines had come at the ends of batches, so that one who comes back is told what it lost."""


class ControlConnection:
    """Serves one reader until either side ends it."""

    def __init__(self, shared: Shared, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._shared = shared
        self._monitor = shared.monitor
        self._reader = reader
        self._writer = writer
        self._answers = asyncio.Semaphore(_MOST_COMMANDS)
        self._kinds: Callable[[str], bool] = all_kinds
        writer.transport.set_write_buffer_limits(high=_HIGH_WATER)

    async def serve(self) -> None:
        """Greet, then give and answer until the reader goes."""
        hello = await self._greet()
        if hello is None:
            return
        async with asyncio.TaskGroup() as group:
            giving = group.create_task(self._give(hello)) if hello.kinds != ["-"] else None
            await self._listen(group)
            if giving is not None:
                giving.cancel()

    # --- greeting ---

    async def _greet(self) -> Hello | None:
        try:
            async with PatientTimeout(Allowance(_HELLO_SECONDS)):
                line = await self._reader.readline()
        except (TimeoutError, ValueError, ConnectionError):
            await self.turn_away(TurnedAway("malformed", "No `hello` came in time, or it was too long."))
            return None
        hello = self._strangers_refusal() or check_hello(line, self._shared.token)
        if isinstance(hello, TurnedAway):
            await self.turn_away(hello)
            return None
        await self._send(self._welcome())
        if hello.kinds:
            self._kinds = frozenset(hello.kinds).__contains__
        return hello

    def _strangers_refusal(self) -> TurnedAway | None:
        """Return why another user is not served."""
        allowed = self._shared.user if self._shared.user is not None else here().user()
        user = here().peer_user(self._writer.get_extra_info("socket"))
        if user is None or user == allowed:
            return None
        text = f"This gateway belongs to user {allowed}, you are user {user}."
        return TurnedAway("other_user", text, "Run this as the user who started the gateway.")

    async def turn_away(self, reason: TurnedAway) -> None:
        """Say why, then read what was sent in vain: a socket closed over unread bytes loses the reason on its way."""
        await self._send(reason)
        with contextlib.suppress(TimeoutError, OSError, RuntimeError):  # the last is uvloop's, of one that left
            self._writer.write_eof()
            async with asyncio.timeout(_FAREWELL_SECONDS):
                while await self._reader.read(_HIGH_WATER):
                    pass

    def _welcome(self) -> Welcome:
        monitor = self._monitor
        now = monitor.clock.now().timestamp()
        return Welcome(VERSION, self._shared.instance, monitor.gateway, monitor.count.value, now)

    async def _send(self, message: ControlMessage) -> None:
        """Write one line and wait until the reader has taken most of it; that it is gone, the listening side sees."""
        await self._write(to_text(message))

    async def _write(self, *texts: str) -> None:
        """Write lines in which nothing stands that the project configures as a secret."""
        await self._put([line_of(await self._hidden(each)) for each in texts])

    async def _put(self, lines: list[bytes]) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(b"".join(lines))
            await self._writer.drain()

    async def _hidden(self, text: str) -> str:
        """Return a text with every secret masked; where many lines stand in one, requests are answered meanwhile."""
        hide = self._monitor.secrets.hide
        return hide(text) if len(text) < _LONG else await asyncio.to_thread(hide, text)

    # --- giving ---

    async def _give(self, hello: Hello) -> None:
        """Give what there is, then what changes."""
        cursor = await self._begin(hello)
        while not self._writer.is_closing():
            began = self._monitor.clock.ticks()
            batch = self._collect(cursor)
            spent = (self._monitor.clock.ticks() - began) / 1e9
            await self._write(*batch)
            if must_begin_again(self._monitor, cursor.seq):
                cursor = await self._give_everything()
            if self._monitor.count.value == cursor.seq:
                await self._shared.next_news()
            await asyncio.sleep(max(PAUSE_SECONDS, spent * _REST))

    async def _begin(self, hello: Hello) -> Cursor:
        """Return where the reader stands: where it says, if it is not far behind, else after a snapshot."""
        shared, monitor, after = self._shared, self._monitor, hello.after
        known = shared.places.get(after) if hello.instance == shared.instance else None
        if known is None or must_begin_again(monitor, after):
            if after:
                await self._send(Gap(missed=-1, seq=monitor.count.value))
            return await self._give_everything()
        cursor = Cursor(after, *known)
        if monitor.lines.total - cursor.lines <= DETAIL_LIMIT and monitor.traces.total - cursor.traces <= DETAIL_LIMIT:
            return cursor
        await self._tell_loss(cursor)
        return await self._give_everything()

    async def _tell_loss(self, cursor: Cursor) -> None:
        """Say how much of what came since is not in the snapshot either."""
        traces = lost_after(self._monitor.traces, cursor.traces, self._kinds("trace"))
        lines = lost_after(self._monitor.lines, cursor.lines, self._kinds("line"))
        if traces + lines:
            await self._send(Gap(traces + lines, cursor.seq, traces, lines))

    async def _give_everything(self) -> Cursor:
        cursor = cursor_now(self._monitor)
        number = 0
        for number, rows in enumerate(snapshot(self._monitor, self._kinds)):
            part = Snapshot(cursor.seq, number, now=self._now(), rows=rows)
            await self._write(rows_to_text(part, self._monitor.guard))
            await asyncio.sleep(0)  # a part takes milliseconds: the gateway's requests come in between
        await self._send(Snapshot(cursor.seq, number + 1, is_last=True, now=self._now()))
        self._remember(cursor)
        return cursor

    def _collect(self, cursor: Cursor) -> tuple[str, ...]:
        """Return the lines that tell what changed, and move `cursor` to now."""
        if must_begin_again(self._monitor, cursor.seq):
            return ()
        try:
            changes = changes_since(self._monitor, cursor, self._kinds)
        except Exception as error:  # noqa: BLE001  what cannot be collected is passed over: the reader stays
            self._monitor.guard.failed("control", "changes", error)
            changes = pass_over(self._monitor, cursor)
        if changes.is_empty:
            return ()
        self._remember(cursor)
        told = rows_to_text(Events(cursor.seq, self._now(), changes.rows, changes.gone), self._monitor.guard)
        if not changes.missed:
            return (told,)
        return to_text(Gap(changes.missed, cursor.seq, changes.missed_traces, changes.missed_lines)), told

    def _remember(self, cursor: Cursor) -> None:
        places = self._shared.places
        places[cursor.seq] = (cursor.traces, cursor.lines)
        while len(places) > 10_000:
            places.popitem(last=False)

    def _now(self) -> float:
        return self._monitor.clock.now().timestamp()

    # --- listening ---

    async def _listen(self, group: asyncio.TaskGroup) -> None:
        malformed = 0
        while malformed < _MOST_MALFORMED:
            try:
                line = await self._reader.readline()
            except (ValueError, ConnectionError):  # longer than the limit, or gone
                return
            if not line:
                return
            command = _command(line)
            if isinstance(command, Command):
                await self._answers.acquire()
                group.create_task(self._answer(command))
            else:
                malformed += 1
                await self._send(command)

    async def _answer(self, command: Command) -> None:
        try:
            answer = await self._shared.answering.answer(command)
            text = to_text(answer)
        except Exception as fault:  # noqa: BLE001  a defect in one command must not end the connection
            self._monitor.guard.failed("control", command.name, fault)
            why = f"A defect of devgw: {type(fault).__name__} in {command.name}."
            text = to_text(CommandAnswer(command.id, code="fault", explanation=why))
        finally:
            self._answers.release()
        if command.name == "reveal":  # what somebody asked to see, they see
            await self._put([line_of(text)])
        else:
            await self._write(text)


def _command(line: bytes) -> Command | CommandAnswer:
    try:
        message = asked_by(line)
    except Malformed as reason:
        return CommandAnswer("", code="malformed", explanation=str(reason))
    if not isinstance(message, Command):
        return CommandAnswer(
            "", code="malformed", explanation=f"After the hello only commands come, no `{message.TYPE}`."
        )
    members: tuple[Any, ...] = (message.id, message.name, message.arguments)
    if [type(member) for member in members] != [str, str, dict]:
        return CommandAnswer("", code="malformed", explanation="`id` and `name` must be texts, `arguments` an object.")
    return message
