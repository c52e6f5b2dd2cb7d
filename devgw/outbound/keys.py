"""The identity provider's signing keys: cached, and fetched once more when a token names one that is not there.

A floor between fetches keeps strangers from making us hammer the provider. Source: RFC 7517 §5; OpenID Connect Core
§10.1.1.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from devgw.clock import Clock
from devgw.events import Bus, Outcome
from devgw.events.taxonomy import FailureOrigin, McpAuthJwksFetched
from devgw.outbound.transport import describe_failure
from devgw.problems import Refused
from devgw.problems.provider import KeysUnavailable, SigningKeyUnknown

if TYPE_CHECKING:
    import jwt

FRESH = timedelta(hours=1)
"""How long keys are used without asking again."""
FLOOR = timedelta(seconds=10)
"""The least time between two fetches for an unknown key."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: "tuple[jwt.PyJWK, ...]"
    at: datetime


class SigningKeys:
    """The keys behind one JWKS URL."""

    def __init__(self, url: str, timeout: timedelta, bus: Bus, clock: Clock) -> None:
        self.url = url
        self._timeout = timeout
        self._bus = bus
        self._clock = clock
        self._fetched: _Fetched | None = None
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str | None) -> "jwt.PyJWK":
        """Return the key with this id; where the token names none, the only one.

        Raises:
            Refused: with `KeysUnavailable` or `SigningKeyUnknown`.
        """
        async with self._fetching:
            now = self._clock.now()
            if self._fetched is None or now - self._fetched.at > FRESH:
                await self._fetch(key_id)
            found = self._lookup(key_id)
            if found is None and self._fetched and now - self._fetched.at >= FLOOR:
                await self._fetch(key_id)
                found = self._lookup(key_id)
        if found is None:
            raise Refused(SigningKeyUnknown(self.url, str(key_id or "none"), self.key_ids))
        return found

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the ids of the keys that are held."""
        return tuple(str(each.key_id) for each in self._fetched.keys) if self._fetched else ()

    def _lookup(self, key_id: str | None) -> "jwt.PyJWK | None":
        keys = self._fetched.keys if self._fetched else ()
        if key_id is None:
            return keys[0] if len(keys) == 1 else None
        return next((each for each in keys if each.key_id == key_id), None)

    async def _fetch(self, wanted: str | None) -> None:
        import httpx2  # noqa: PLC0415  140 ms that only a login needs
        import jwt  # noqa: PLC0415  9 MB and 0.05 s that a start need not pay

        began = self._clock.ticks()
        status: int | None = None
        try:
            async with httpx2.AsyncClient(timeout=self._timeout.total_seconds()) as client:
                response = await client.get(self.url, headers={"accept": "application/json"})
            status = response.status_code
            response.raise_for_status()
            keys = tuple(jwt.PyJWKSet.from_dict(response.json()).keys)
        except httpx2.HTTPStatusError as error:
            self._fail(f"it answered {status}", status, wanted, began, error)
        except httpx2.HTTPError as error:
            self._fail(describe_failure(error), status, wanted, began, error)
        except (ValueError, KeyError, AttributeError, jwt.PyJWTError) as error:
            self._fail("what it answered is no JSON Web Key Set", status, wanted, began, error)
        else:
            self._fetched = _Fetched(keys, self._clock.now())
            self._publish(status, wanted, began, None)

    def _fail(self, failure: str, status: int | None, wanted: str | None, began: int, error: Exception) -> None:
        """Keep the keys that are held, if any: a provider that is down must not end logins whose key is known."""
        self._publish(status, wanted, began, failure)
        if self._fetched is None:
            raise Refused(KeysUnavailable(self.url, failure)) from error

    def _publish(self, status: int | None, wanted: str | None, began: int, error: str | None) -> None:
        self._bus.publish(
            McpAuthJwksFetched(
                url=self.url,
                status=status,
                key_ids=self.key_ids if error is None else (),
                duration_ms=(self._clock.ticks() - began) / 1e6,
                wanted_key_id=wanted,
                error=error,
                outcome=Outcome.FAILURE if error else Outcome.SUCCESS,
                failure_origin=FailureOrigin.IDENTITY_PROVIDER if error else None,
            )
        )
