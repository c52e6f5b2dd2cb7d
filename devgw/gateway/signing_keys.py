"""With which keys issuers sign, seen from the inside: known for longer than one configuration lasts."""

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    import jwt

    from devgw.problems.provider_keys import KeysAskedJustNow


class SigningKeySet(Protocol):
    """The keys behind one JWKS URL."""

    async def find(self, key_id: str | None, algorithm: str | None = None) -> "jwt.PyJWK":
        """Return the key with this id; where the token names none, the only one.

        Raises:
            Refused: with a problem of `problems.provider_keys`.
        """

    def others(self, key_id: str | None, algorithm: str | None) -> "list[jwt.PyJWK]":
        """Return the further keys under this id."""

    async def find_replaced(self, key_id: str | None, algorithm: str | None) -> "jwt.PyJWK | None":
        """Return the key that is published under this id by now, None where it was asked for a moment ago."""

    def asked_before(self, since: "datetime", key_id: str | None, algorithm: str) -> "KeysAskedJustNow | None":
        """Return that they were asked before `since`, and too short a while ago to ask again; None where neither is so.

        For a key that is held under this id and is none for `algorithm`.
        """


class SigningKeySource(Protocol):
    """Keeps what was fetched of every JWKS URL, whatever configuration asks."""

    def at(self, jwks_url: str, timeout: timedelta) -> SigningKeySet:
        """Return the keys behind a URL, to be asked with this timeout."""
