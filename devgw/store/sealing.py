"""The key file, and what is sealed with it.

The key stands beside the database in a file of its own (mode 0600), so that a copied database opens nothing.
"""

import base64
import json
import os
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devgw.entropy import random_bytes
from devgw.files import MOVE_AWAY, FileRefused, own, todo_of, write_new
from devgw.foreign.json import read_object
from devgw.store.failure import StateUnusable, advice_on
from devgw.store.tracked import is_tracked, untrack

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

KEY_BYTES = 32
_READ_BYTES = 128
"""More than any key is long."""
_BEGUN = re.compile(rb"[\w-]{0,43}")
"""A key without its end."""
_OTHERWISE = "a new key is made, and upstreams have to be connected again."


def load_key(path: Path | None, *, is_used: bool = True) -> bytes:
    """Return the key in the file at `path`, made there (mode 0600) if there is none; without a path, a passing one.

    Args:
        path: of the file.
        is_used: whether something may be sealed with it. Where nothing is, a file in which a key was only begun, by a
            start that was killed, is finished.

    Raises:
        StateUnusable: where the file cannot be read or is no key.
    """
    if path is None:
        return _new_key()
    try:
        key = _read_or_make(path, is_used=is_used)
    except OSError as error:
        why = error.strerror or str(error)
        if not os.path.lexists(path):  # there is nothing to move away
            raise StateUnusable(f"The key file {path} cannot be made: {why}. {advice_on(error)}") from error
        raise _unusable(path, why, todo_of(error)) from error
    if not _is_key(key):
        raise _unusable(path, "it is no key that devgw made")
    return key


def _unusable(path: Path, why: str, todo: str = MOVE_AWAY) -> StateUnusable:
    return StateUnusable(f"The key file {path} cannot be used: {why}. {todo}: {_OTHERWISE}")


def _read_or_make(path: Path, *, is_used: bool) -> bytes:
    if is_tracked(path):
        why = "git tracks it, so that everybody who has the repository knows it"
        raise FileRefused(path, why, untrack(path))
    key = _new_key()
    try:
        write_new(path, key)
    except FileExistsError:
        with own(path, is_secret=True) as known:
            found = known.read(_READ_BYTES).strip()
            if is_used or not _BEGUN.fullmatch(found):
                return found
            known.seek(0)
            known.truncate()
            known.write(key)
    return key


def keep_key(path: Path, key: bytes) -> None:
    """Write the key again where somebody removed its file: what it sealed could be opened by nobody after a restart.

    Raises:
        OSError: where it cannot be written.
    """
    if not os.path.lexists(path):
        write_new(path, key)


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, altchars=b"-_", validate=True)) == KEY_BYTES
    except ValueError:
        return False


def _new_key() -> bytes:
    """Return a fresh Fernet key: 32 bytes in base64url."""
    return base64.urlsafe_b64encode(random_bytes(KEY_BYTES))


class Sealer:
    """Seals secrets into text and opens them again."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @cached_property
    def _fernet(self) -> "Fernet":
        """Return the cipher, loaded when the first secret is sealed or opened."""
        from cryptography.fernet import Fernet  # noqa: PLC0415  9 MB and 0.05 s that a start need not pay

        return Fernet(self._key)

    def seal(self, content: dict[str, Any]) -> str:
        """Return `content` encrypted and authenticated. The stamp is zero: lifetimes are the clock's business."""
        return self._fernet.encrypt_at_time(json.dumps(content).encode(), 0).decode()

    def open(self, sealed: str) -> dict[str, Any] | None:
        """Return what was sealed, or None where it was sealed with another key or changed since."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415  loaded with the cipher

        try:
            return read_object(self._fernet.decrypt(sealed.encode()))
        except (InvalidToken, ValueError):
            return None
