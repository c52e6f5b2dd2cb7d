"""What a watched server's ports must remember across a restart, in one small file: ports, endpoints, clients.

The ports, since clients keep their tokens under the local URL; the endpoints, since they read documents once; the
clients, since only a known one is sent a code (`gateway.watched.clients`). No secret is among it.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devgw.files import check_own, write_new
from devgw.foreign.json import JsonRefused, read_object
from devgw.gateway.watched.clients import WatchedClient, read_client
from devgw.gateway.watched.legs import Learnt, Leg
from devgw.limits import Limits

_MOST_PORT = 65_535
_LEGS = frozenset(map(str, Leg))


@dataclass(frozen=True, slots=True)
class WatchedRecord:
    """What was kept."""

    ports: dict[str, int] = field(default_factory=dict)
    legs: tuple[Learnt, ...] = ()
    clients: tuple[WatchedClient, ...] = ()
    lost: str = ""
    """Why nothing is known of what was kept before, as the end of a sentence; empty where all of it is."""


class WatchedFile:
    """The file, in a state folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = b""

    def read(self) -> WatchedRecord:
        """Return what was kept; nothing where there is no such file, or what stands there says nothing.

        Raises:
            OSError: where it cannot be read, or is not this user's own.
        """
        try:
            check_own(self._path, self._path.lstat())
            with self._path.open("rb") as file:
                content = file.read(Limits.JSON_BYTES + 1)
            kept = read_object(content, most_bytes=Limits.JSON_BYTES, most_values=Limits.JSON_VALUES)
        except (FileNotFoundError, NotADirectoryError):
            return WatchedRecord()
        except JsonRefused as refused:
            return WatchedRecord(lost=f"{self._path} cannot be read: {refused}")
        clients = (read_client(each) for each in _listed(kept, "clients") if isinstance(each, dict))
        return WatchedRecord(
            _ports(kept.get("ports")),
            tuple(each for each in map(_leg, _listed(kept, "legs")) if each is not None),
            tuple(each for each in clients if each is not None),
        )

    def write(self, record: WatchedRecord) -> None:
        """Replace the file as a whole, where anything changed.

        Raises:
            OSError: where it cannot be written; what was there stays.
        """
        told = {
            "ports": record.ports,
            "legs": record.legs,
            "clients": [each.as_kept() for each in record.clients],
        }
        content = json.dumps(told, indent=1).encode()
        if content == self._written:
            return
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.unlink(missing_ok=True)
        write_new(beside, content)
        beside.replace(self._path)
        self._written = content


def _listed(kept: dict[str, Any], name: str) -> list[Any]:
    found = kept.get(name)
    return found if isinstance(found, list) else []


def _ports(kept: object) -> dict[str, int]:
    if not isinstance(kept, dict):
        return {}
    return {
        origin: port
        for origin, port in kept.items()
        if isinstance(port, int) and not isinstance(port, bool) and 0 < port <= _MOST_PORT
    }


def _leg(kept: object) -> Learnt | None:
    if not isinstance(kept, list) or len(kept) != 4 or not all(isinstance(each, str) for each in kept):
        return None
    origin, path, leg, issuer = kept
    return (origin, path, leg, issuer) if leg in _LEGS else None
