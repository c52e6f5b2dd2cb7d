"""Signing keys of several issuers, each behind a JWKS URL of its own."""

from datetime import timedelta
from typing import TYPE_CHECKING

from devgw.clock import Clock
from devgw.events import Bus
from devgw.outbound.keys import SigningKeys

if TYPE_CHECKING:
    import jwt


class IssuerKeys:
    """Finds keys by JWKS URL and id; each URL is cached for itself. See `gateway.id_jag.SigningKeySource`."""

    def __init__(self, timeout: timedelta, bus: Bus, clock: Clock) -> None:
        self._timeout = timeout
        self._bus = bus
        self._clock = clock
        self._by_url: dict[str, SigningKeys] = {}

    async def find(self, jwks_url: str, key_id: str | None) -> "jwt.PyJWK":
        """Return the key.

        Raises:
            Refused: with `KeysUnavailable` or `SigningKeyUnknown`.
        """
        keys = self._by_url.get(jwks_url)
        if keys is None:
            keys = self._by_url[jwks_url] = SigningKeys(jwks_url, self._timeout, self._bus, self._clock)
        return await keys.find(key_id)
