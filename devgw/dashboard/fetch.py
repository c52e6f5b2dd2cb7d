"""Details are fetched when they are looked at: once the cursor rests, and again when the row has changed."""

from functools import partial

from devgw.control.messages import (
    ClientDetail,
    CommandAnswer,
    FlowDetail,
    Row,
    SessionDetail,
    TokenDetail,
    TraceDetail,
    UpstreamDetail,
)
from devgw.dashboard.desk import Desk

_TYPES: dict[str, type[Row]] = {
    "flow": FlowDetail,
    "trace": TraceDetail,
    "token": TokenDetail,
    "client": ClientDetail,
    "session": SessionDetail,
    "upstream": UpstreamDetail,
}
_REST_NANOSECONDS = 60_000_000
_AGAIN_NANOSECONDS = 400_000_000
_KEPT = 64


class Fetcher:
    """Asks the gateway for what the desk wants to see, without asking for each row that is passed by."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._wanted: tuple[str, str] | None = None
        self._since = 0
        self._versions: dict[tuple[str, str], int] = {}
        self._asked_at = -_AGAIN_NANOSECONDS
        self._is_waiting = False
        self._instance = ""

    def fetch(self, steady: int) -> None:
        """Ask, where something is wanted, rested on and not known as it stands now."""
        self._forget_other_gateway()
        wanted = self._desk.wanted
        if wanted is None or self._is_waiting:
            return
        key, version = wanted[:2], wanted[2]
        if key != self._wanted:
            self._wanted, self._since = key, steady
        is_known = key in self._desk.scene.details
        if is_known and self._versions.get(key) == version:
            return
        if steady - self._since < _REST_NANOSECONDS or (is_known and steady - self._asked_at < _AGAIN_NANOSECONDS):
            return
        self._asked_at, self._is_waiting = steady, True
        kind, row_id = key
        self._desk.port.ask("inspect", {"kind": kind, "id": row_id}, partial(self._came, key, version))

    def _forget_other_gateway(self) -> None:
        instance = self._desk.world.instance
        if instance != self._instance:
            self._instance = instance
            self._versions.clear()
            self._desk.scene.details.clear()
            self._desk.scene.failed.clear()

    def _came(self, key: tuple[str, str], version: int, answer: CommandAnswer) -> None:
        self._is_waiting = False
        self._versions[key] = version
        scene = self._desk.scene
        if not answer.ok:
            scene.failed[key] = answer.explanation or "the gateway does not know it any more"
            return
        try:
            scene.details[key] = _TYPES[key[0]].from_json(answer.result)
        except TypeError:
            scene.failed[key] = "the gateway told it in a way that this dashboard does not understand"
            return
        while len(scene.details) > _KEPT:
            scene.details.pop(next(iter(scene.details)))
