"""The wire: what the gateway tells goes to the world; commands go out, and their answers to whoever asked."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devgw.clock import Clock
from devgw.control.client import ControlClient, Lost
from devgw.control.messages import ControlMessage, Events, Gap, Snapshot, Welcome
from devgw.dashboard.port import Then, refused
from devgw.dashboard.world import TOLD, Link, World

_ANOTHER_TRY_SECONDS = 3.0


class Feed:
    """Follows one gateway, and the one that comes after it; the app is woken when the line comes or goes."""

    def __init__(self, world: World, clock: Clock, state_dir: Path, wake: Callable[[], None]) -> None:
        self._world, self._clock, self._state_dir, self._wake = world, clock, state_dir, wake
        self._client = ControlClient(state_dir, "dashboard", TOLD)
        self._asking: asyncio.TaskGroup | None = None
        self.fail: Callable[[str, Exception], None] = lambda _part, _error: None
        """Told what failed, for the person to see."""

    def _now(self) -> float:
        return self._clock.now().timestamp()

    async def run(self) -> None:
        """Stay connected until cancelled; a gateway that does not serve us is asked again after a while."""
        async with asyncio.TaskGroup() as group:
            self._asking = group
            while True:
                await self._client.follow(self._tell, self._changed)
                await asyncio.sleep(_ANOTHER_TRY_SECONDS)
                self._client = ControlClient(self._state_dir, "dashboard", TOLD)

    def _tell(self, message: ControlMessage) -> None:
        try:
            self._fold(message)
        except Exception as error:  # noqa: BLE001  one message that cannot be read never ends the feed
            self.fail("what the gateway told", error)

    def _fold(self, message: ControlMessage) -> None:
        world, now = self._world, self._now()
        match message:
            case Events():
                world.events(message, now)
            case Snapshot():
                world.snapshot(message, now)
            case Welcome():
                world.welcome(message, now)
                self._wake()
            case Gap():
                world.gap(message)

    def _changed(self, state: str) -> None:
        if state == "connected":
            return
        away = self._client.turned_away
        if away is not None:
            self._world.lose(f"{away.explanation} {away.hint}".strip(), self._now(), Link.REFUSED)
        else:
            self._world.lose("trying again", self._now(), Link.LOST if self._world.instance else Link.CONNECTING)
        self._wake()

    # --- commands -----------------------------------------------------------------------------------------------------

    def ask(self, name: str, arguments: dict[str, Any], then: Then) -> None:
        """Send a command; `then` gets its answer, or a refusal where the line breaks first."""
        if self._asking is None or not self._client.is_connected:
            then(refused("The gateway is not reachable.", "unreachable"))
            return
        self._asking.create_task(self._ask(name, arguments, then))

    async def _ask(self, name: str, arguments: dict[str, Any], then: Then) -> None:
        try:
            answer = await self._client.ask(name, **arguments)
        except Lost as lost:
            answer = refused(str(lost), "unreachable")
        try:
            then(answer)
        except Exception as error:  # noqa: BLE001  an answer that cannot be shown never ends the feed
            self.fail(f"the answer to {name}", error)
