"""The key file, and what is sealed with it.

The key stands beside the database in a file of its own (mode 0600), so that a copied database opens nothing.
"""

import base64
import json
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devgw.entropy import random_bytes
from devgw.store.failure import StateUnusable

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

KEY_BYTES = 32


def load_key(path: Path | None) -> bytes:
    """Return the key in the file at `path`, made there (mode 0600) if there is none; without a path, a passing one.

    Raises:
        StateUnusable: where the file cannot be read or is no key.
    """
    if path is None:
        return _new_key()
    try:
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_new_key())
        path.chmod(0o600)
        key = path.read_bytes().strip()
        if len(base64.urlsafe_b64decode(key)) != KEY_BYTES:
            raise ValueError("it is no Fernet key")  # noqa: TRY301  one way to say so
    except (OSError, ValueError) as error:
        raise StateUnusable(
            f"The key file {path} cannot be used ({error}). Move it away: a new key is made, "
            "and upstreams have to be connected again."
        ) from error
    return key


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
            content = json.loads(self._fernet.decrypt(sealed.encode()))
        except (InvalidToken, ValueError):
            return None
        return content if isinstance(content, dict) else None
