"""What a view may look at while it draws."""

import re
from dataclasses import dataclass, field
from typing import Any

from devgw.dashboard.keys.keymap import Keymap
from devgw.dashboard.look.glyphs import UNICODE, Glyphs
from devgw.dashboard.world import World
from devgw.entropy import fingerprint

_LOOPBACK = re.compile(r"^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$")
_HOST = re.compile(r"(?<=://)[^/\s?#]+")
TIMES = ("since start", "since previous", "wall clock")


@dataclass(slots=True)
class Scene:
    """The mirror of the gateway, the moment, and how the person wants to see it."""

    world: World
    keymap: Keymap
    """How what a view tells to press is written."""
    now: float = 0.0
    """The gateway's clock."""
    glyphs: Glyphs = UNICODE
    is_private: bool = False
    times: int = 0
    """Index into `TIMES`: how a ladder tells time."""
    is_compact: bool = True
    """Hide the lanes of a ladder that say nothing."""
    wraps: bool = True
    details: dict[tuple[str, str], Any] = field(default_factory=dict)
    """What was fetched by kind and id."""
    failed: dict[tuple[str, str], str] = field(default_factory=dict)
    """What could not be fetched, and why."""
    revealed: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    """Secrets opened on purpose, by trace and place, and until when they are shown."""

    def detail(self, kind: str, row_id: str) -> Any | None:
        """Return what was fetched about a record, or None."""
        return self.details.get((kind, row_id))

    def why_missing(self, kind: str, row_id: str) -> str:
        """Say why a detail is not there."""
        return self.failed.get((kind, row_id), f"asking the gateway{self.glyphs.ellipsis}")

    def person(self, text: str) -> str:
        """Return a name or mail address; a stable stand-in where privacy is on."""
        return f"person {fingerprint(text)[:4]}" if self.is_private and text else text

    def url(self, text: str) -> str:
        """Return a URL, its host replaced by a stable stand-in where privacy is on and the host is not this machine."""
        return _HOST.sub(self._host, text) if self.is_private else text

    def _host(self, match: re.Match[str]) -> str:
        host = match[0]
        return host if _LOOPBACK.match(host) else f"host-{fingerprint(host)[:4]}"

    def secret(self, trace_id: str, place: str) -> str | None:
        """Return an opened secret while it may be seen."""
        value, until = self.revealed.get((trace_id, place), ("", 0.0))
        return value if until > self.now else None
