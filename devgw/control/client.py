"""The control socket from the reader's side: what dashboard and command line use.

Imports the standard library and the messages alone, so that a dashboard starts fast.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from devgw.control.codec import LINE_LIMIT, Malformed, from_line, to_line
from devgw.control.endpoint import connect
from devgw.control.lock import holder_of
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
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.control import GatewaySilent

CHUNK = 256 * 1024
BACK_OFF = (0.1, 0.2, 0.4, 0.8, 1.5, 3.0)
"""Seconds between attempts to reach a gateway; the last one goes on."""
ASK_SECONDS = 30.0
WELCOME_SECONDS = 10.0
"""How long a gateway may take for its first words: it sends them at once, however much it has to do."""


class Lost(Exception):  # noqa: N818  it reads as what happened
    """The connection ended before the answer came."""


class ControlClient:
    """One reader of one gateway: follows it for ever, and asks.

    Attributes:
        welcome: which gateway it is, once connected; the last one known while it is lost.
        turned_away: why the gateway does not serve this reader, where it said so.
    """

    def __init__(self, state_dir: Path, face: str = "", kinds: Sequence[str] = ()) -> None:
        self.welcome: Welcome | None = None
        self.turned_away: TurnedAway | None = None
        self._state_dir = state_dir
        self._face = face
        self._kinds = list(kinds)
        self._seq = 0
        self._writer: asyncio.StreamWriter | None = None
        self._is_heard = False
        self._asked: dict[str, asyncio.Future[CommandAnswer]] = {}
        self._numbers = itertools.count(1)

    @property
    def is_connected(self) -> bool:
        """Tell whether a gateway listens now."""
        return self._writer is not None

    @property
    def seq(self) -> int:
        """Return the last change seen."""
        return self._seq

    # --- following ---

    async def follow(
        self, on_message: Callable[[ControlMessage], None], on_state: Callable[[str], None] = lambda _state: None
    ) -> None:
        """Hand every message to `on_message` until cancelled; connect again whenever the gateway is lost.

        Args:
            on_message: told `Welcome`, `Snapshot` parts, `Events`, `Gap`, in order; answers go to whoever asked.
            on_state: told `connected`, `lost` and `turned_away` at each change.

        Returns:
            Only where the gateway turned this reader away.
        """
        attempts = 0
        while self.turned_away is None:
            try:
                async for message in self.messages():
                    if isinstance(message, Welcome):
                        attempts = 0
                        on_state("connected")
                    on_message(message)
            except Refused:
                pass
            if self.turned_away is None:
                if attempts == 0:
                    on_state("lost")
                await asyncio.sleep(BACK_OFF[min(attempts, len(BACK_OFF) - 1)])
                attempts += 1
        on_state("turned_away")

    async def messages(self) -> AsyncGenerator[ControlMessage]:
        """Connect once and yield messages until the gateway goes; resumes where the connection before ended.

        Raises:
            Refused: with `NoGatewayRuns`, or `GatewaySilent` where one says nothing.
        """
        reader, writer, word = await connect(self._state_dir, LINE_LIMIT)
        instance = self.welcome.instance if self.welcome is not None else ""
        hello = Hello(VERSION, self._seq, instance, self._kinds, word, self._face)
        try:
            writer.write(to_line(hello))
            self._writer, self._is_heard = writer, False
            async for message in self._read(reader):
                self._note(message)
                if isinstance(message, CommandAnswer):
                    self._deliver(message)
                else:
                    yield message
        except ConnectionError:
            pass
        finally:
            self._writer = None
            writer.close()
            self._abandon()

    async def _read(self, reader: asyncio.StreamReader) -> AsyncGenerator[ControlMessage]:
        """Yield messages from big chunks: one system call for many lines."""
        rest = b""
        while chunk := await self._chunk(reader):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                try:
                    yield from_line(line)
                except Malformed as reason:
                    if self.welcome is not None:  # one line that cannot be read is one that is missing
                        yield Gap(-1, self._seq)
                        continue
                    self.turned_away = TurnedAway("malformed", f"The gateway sent what is no message: {reason}")
                    return

    async def _chunk(self, reader: asyncio.StreamReader) -> bytes:
        """Return what comes next, which may take any time once this gateway was heard."""
        self._is_heard, was_heard = True, self._is_heard
        try:
            async with asyncio.timeout(None if was_heard else WELCOME_SECONDS):
                return await reader.read(CHUNK)
        except TimeoutError:
            pid = holder_of(self._state_dir)
            raise Refused(GatewaySilent(str(self._state_dir), pid, WELCOME_SECONDS)) from None

    def _note(self, message: ControlMessage) -> None:
        match message:
            case Welcome():
                if self.welcome is not None and self.welcome.instance != message.instance:
                    self._seq = 0
                self.welcome = message
            case TurnedAway():
                self.turned_away = message
            case Events() | Gap():
                self._seq = message.seq if isinstance(message, Events) else self._seq
            case Snapshot() if message.is_last:
                self._seq = message.seq

    # --- asking ---

    async def ask(self, name: str, **arguments: Any) -> CommandAnswer:
        """Send a command and return its answer. Something must be reading (`follow`) meanwhile.

        Raises:
            Lost: where the gateway went before it answered, or no connection stands.
        """
        writer = self._writer
        if writer is None:
            raise Lost("The gateway is not connected.")
        id_ = str(next(self._numbers))
        self._asked[id_] = asyncio.get_running_loop().create_future()
        try:
            line = to_line(Command(id_, name, arguments))
            if len(line) > Limits.CONTROL_LINE_BYTES:
                raise Lost(
                    f"{name} is asked with more than {Limits.CONTROL_LINE_BYTES:,} bytes, which no gateway reads."
                )
            writer.write(line)
            async with asyncio.timeout(ASK_SECONDS):
                return await self._asked[id_]
        except (ConnectionError, TimeoutError) as reason:
            raise Lost(f"No answer to {name} came.") from reason
        finally:
            self._asked.pop(id_, None)

    def _deliver(self, answer: CommandAnswer) -> None:
        asked = self._asked.get(answer.id)
        if asked is not None and not asked.done():
            asked.set_result(answer)

    def _abandon(self) -> None:
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(Lost("The gateway went before it answered."))


async def welcome_once(state_dir: Path) -> Welcome:
    """Connect, hear which gateway runs, go.

    Raises:
        Refused: with `NoGatewayRuns`.
        Lost: where the gateway turned us away or went.
    """
    client = ControlClient(state_dir, face="ask", kinds=["-"])
    async with aclosing(client.messages()) as messages:
        await _first(messages)
    if client.welcome is None:
        raise Lost("The gateway said nothing of itself.")
    return client.welcome


async def ask_once(state_dir: Path, name: str, **arguments: Any) -> CommandAnswer:
    """Connect, ask one thing, return the answer.

    Raises:
        Refused: with `NoGatewayRuns`.
        Lost: where the gateway turned us away or went.
    """
    client = ControlClient(state_dir, face="ask", kinds=["-"])
    async with aclosing(client.messages()) as messages:
        await _first(messages)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_drain(messages))
            answer = await _ask_or_lose(client, name, arguments)
            reading.cancel()
    if isinstance(answer, Lost):
        raise answer
    return answer


async def _ask_or_lose(client: ControlClient, name: str, arguments: dict[str, Any]) -> CommandAnswer | Lost:
    """Return what came, so that a task group does not wrap it."""
    try:
        return await client.ask(name, **arguments)
    except Lost as lost:
        return lost


async def _first(messages: AsyncGenerator[ControlMessage]) -> None:
    """Check the gateway's first words."""
    first = await anext(messages, None)
    if isinstance(first, TurnedAway):
        raise Lost(f"{first.explanation} {first.hint}".strip())
    if first is None:
        raise Lost("The gateway went before it said anything.")


async def _drain(messages: AsyncGenerator[ControlMessage]) -> None:
    async for _ in messages:
        pass


async def snapshot_once(state_dir: Path, kinds: Sequence[str]) -> Snapshot:
    """Connect, take the rows of these kinds as one snapshot, go.

    Raises:
        Refused: with `NoGatewayRuns`.
        Lost: where the gateway turned us away or went.
    """
    whole = Snapshot(0, is_last=True, rows={kind: [] for kind in kinds})
    client = ControlClient(state_dir, face="snapshot", kinds=kinds)
    async with aclosing(client.messages()) as messages:
        await _first(messages)
        async for message in messages:
            if isinstance(message, Snapshot):
                whole.seq, whole.now = message.seq, message.now
                for kind, part in message.rows.items():
                    whole.rows[kind] += part
                if message.is_last:
                    return whole
    raise Lost("The gateway went before it had told everything.")
