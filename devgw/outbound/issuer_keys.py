"""Signing keys of all issuers, each behind a JWKS URL of its own, for as long as the gateway runs."""

from datetime import timedelta

from devgw.clock import Clock
from devgw.events import Bus
from devgw.outbound.keys import SigningKeys


class IssuerKeys:
    """Keeps the keys of each JWKS URL; see `gateway.signing_keys.SigningKeySource`.

    A saved file is no reason to forget them: neither the keys, nor when they were asked for last.
    """

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._by_url: dict[str, SigningKeys] = {}

    def at(self, jwks_url: str, timeout: timedelta) -> SigningKeys:
        """Return the keys behind a URL, to be asked with this timeout."""
        keys = self._by_url.setdefault(jwks_url, SigningKeys(jwks_url, timeout, self._bus, self._clock))
        keys.timeout = timeout
        return keys
