"""The signing keys of one environment: made when first needed, in a thread, so that the start does not pay for them."""

import asyncio
from typing import TYPE_CHECKING, Any

from devgw.clock import Clock

if TYPE_CHECKING:
    from devgw.emulators.workos.signing import SigningKey


class KeyRing:
    """The key that signs, and every key that is published."""

    def __init__(self, clock: Clock, pem: bytes | None = None) -> None:
        self._clock = clock
        self._pem = pem
        self._published: list[SigningKey] = []
        self._making = asyncio.Lock()

    @property
    def has_been_needed(self) -> bool:
        """Tell whether a key was made or read yet."""
        return bool(self._published)

    async def current(self) -> "SigningKey":
        """Return the key that signs; the first call makes it."""
        async with self._making:
            if not self._published:
                self._published.append(await asyncio.to_thread(_make, self._clock, self._pem))
            return self._published[0]

    async def rotate(self, *, keep_old: bool = False) -> "SigningKey":
        """Sign with a fresh key from now on; the old ones stay published only where `keep_old`."""
        await self.current()
        fresh = await self.stranger()
        self._published[:] = [fresh, *self._published] if keep_old else [fresh]
        return fresh

    async def stranger(self) -> "SigningKey":
        """Return a fresh key that is published nowhere."""
        return await asyncio.to_thread(_make, self._clock, None)

    async def key_set(self) -> dict[str, Any]:
        """Return the JWKS."""
        await self.current()
        return {"keys": [key.jwk() for key in self._published]}


def _make(clock: Clock, pem: bytes | None) -> "SigningKey":
    # Cryptography is imported here: it costs a start 40 ms, and the first token none that anybody would notice.
    from devgw.emulators.workos.signing import SigningKey  # noqa: PLC0415

    return SigningKey.from_pem(pem, clock) if pem else SigningKey.generate(clock)
