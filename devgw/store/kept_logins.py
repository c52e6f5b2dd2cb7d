"""What the built-in client of the command line keeps between two commands: its logins, by the URL of their route.

A file of its owner's alone in the state folder, as any client keeps its tokens; the gateway never reads it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from devgw.entropy import short_id
from devgw.files import check_own, write_new
from devgw.foreign.json import JsonRefused, read_object

_MOST_BYTES = 1_000_000
_VISIBLE = re.compile(r"[\x21-\x7e]*")
_LAST = 253_370_764_800
"""Seconds from 1970 to the year 9999."""


@dataclass(frozen=True, slots=True)
class KeptLogin:
    """One login: whom it was given by, and what it was given."""

    client_id: str
    token_endpoint: str
    access_token: str
    refresh_token: str
    """Empty where none was given."""
    expires_at: float
    """Seconds since 1970."""
    person: str = ""
    """Who was to sign in without a browser; empty where somebody did with one."""


class LoginFile:
    """The file, in a state folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, resource: str) -> KeptLogin | None:
        """Return the login of a route; None where there is none, or what stands there says nothing.

        Raises:
            OSError: where the file cannot be read, or is not this user's own.
        """
        return _read(self._all().get(resource))

    def keep(self, resource: str, login: KeptLogin | None) -> None:
        """Put a login in the place of the one before it; None forgets it.

        Raises:
            OSError: where it cannot be written; what was there stays.
        """
        found = {url: asdict(kept) for url, each in self._all().items() if (kept := _read(each)) is not None}
        found.pop(resource, None)
        if login is not None:
            found[resource] = asdict(login)
        beside = self._path.with_name(f"{self._path.name}.{short_id('', 12)}")  # another command may write, too
        write_new(beside, json.dumps({"logins": found}, indent=1).encode())
        try:
            beside.replace(self._path)
        finally:
            beside.unlink(missing_ok=True)

    def _all(self) -> dict[str, Any]:
        try:
            check_own(self._path, self._path.lstat())
            with self._path.open("rb") as file:
                found = read_object(file.read(_MOST_BYTES)).get("logins")
        except (FileNotFoundError, NotADirectoryError, JsonRefused):
            return {}
        return found if isinstance(found, dict) else {}


def _read(kept: object) -> KeptLogin | None:
    if not isinstance(kept, Mapping):
        return None
    until, person = kept.get("expires_at"), kept.get("person", "")
    names = ("client_id", "token_endpoint", "access_token", "refresh_token")
    client_id, endpoint, access_token, refresh_token = (kept.get(name) for name in names)
    match client_id, endpoint, access_token, refresh_token, until, person:
        case str(), str(), str(), str(), int() | float(), str():
            login = KeptLogin(client_id, endpoint, access_token, refresh_token, float(until), person)
            return login if _is_sound(login) else None
    return None


def _is_sound(login: KeptLogin) -> bool:
    """Tell whether it can be used: what is sent has letters that a header may have, and the moment is on a calendar."""
    sent = (login.client_id, login.token_endpoint, login.access_token, login.refresh_token)
    return all(_VISIBLE.fullmatch(each) for each in sent) and 0 <= login.expires_at < _LAST
