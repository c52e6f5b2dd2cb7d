"""The key file, and what is sealed with it.

The key stands beside the database in a file of its own (mode 0600), so that a copied database opens nothing.
"""

import json
import os
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from devgw.store.database import StateUnusable


def load_key(path: Path | None) -> bytes:
    """Return the key in the file at `path`, made there (mode 0600) if there is none; without a path, a passing one.

    Raises:
        StateUnusable: where the file cannot be read or is no key.
    """
    if path is None:
        return Fernet.generate_key()
    try:
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key())
        path.chmod(0o600)
        key = path.read_bytes().strip()
        Fernet(key)
    except (OSError, ValueError) as error:
        raise StateUnusable(
            f"The key file {path} cannot be used ({error}). Move it away: a new key is made, "
            "and upstreams have to be connected again."
        ) from error
    return key


class Sealer:
    """Seals secrets into text and opens them again."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def seal(self, content: dict[str, Any]) -> str:
        """Return `content` encrypted and authenticated. The stamp is zero: lifetimes are the clock's business."""
        return self._fernet.encrypt_at_time(json.dumps(content).encode(), 0).decode()

    def open(self, sealed: str) -> dict[str, Any] | None:
        """Return what was sealed, or None where it was sealed with another key or changed since."""
        try:
            content = json.loads(self._fernet.decrypt(sealed.encode()))
        except (InvalidToken, ValueError):
            return None
        return content if isinstance(content, dict) else None
