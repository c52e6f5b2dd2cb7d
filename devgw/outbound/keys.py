"""The identity provider's signing keys: cached, and fetched once more when a token names one that is not there.

A floor between fetches keeps strangers from making us hammer the provider. Source: RFC 7517 §5; OpenID Connect Core
§10.1.1.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from devgw.clock import Clock
from devgw.events import Bus, Outcome
from devgw.events.taxonomy import FailureOrigin, McpAuthJwksFetched
from devgw.foreign.json import read_object
from devgw.gateway.jose import usable_keys
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.transport import describe_failure
from devgw.problems import Problem, Refused
from devgw.problems.base import Fault
from devgw.problems.provider import KeysUnavailable, SigningKeyUnknown

if TYPE_CHECKING:
    import jwt

FRESH = timedelta(hours=1)
"""How long keys are used without asking again."""
FLOOR = timedelta(seconds=10)
"""The least time between two fetches while keys are held, whether they succeed or fail."""


@dataclass(frozen=True, slots=True)
class _Key:
    """A published key that can verify something."""

    id: str | None
    members: dict[str, Any]

    def reading(self, algorithm: str | None) -> "jwt.PyJWK":
        """Return the key for signatures of its own algorithm; where it names none, of the one asked for."""
        import jwt  # noqa: PLC0415  9 MB and 0.05 s that a start need not pay

        if "alg" not in self.members and algorithm:
            try:
                return jwt.PyJWK(self.members, algorithm=algorithm)
            except jwt.PyJWTError:  # of another kind: whoever verifies says so
                pass
        return jwt.PyJWK(self.members)


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: tuple[_Key, ...]
    at: datetime


class SigningKeys:
    """The keys behind one JWKS URL."""

    def __init__(self, url: str, timeout: timedelta, bus: Bus, clock: Clock) -> None:
        self.url = url
        self.timeout = timeout
        self._bus = bus
        self._clock = clock
        self._fetched: _Fetched | None = None
        self._asked_at: datetime | None = None
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str | None, algorithm: str | None = None) -> "jwt.PyJWK":
        """Return the key with this id; where the token names none, the only one.

        Args:
            key_id: `kid` of the token.
            algorithm: `alg` of the token, for keys that name none.

        Raises:
            Refused: with `KeysUnavailable` or `SigningKeyUnknown`.
        """
        async with self._fetching:
            if self._fetched is None or (self._clock.now() - self._fetched.at > FRESH and self._may_ask()):
                await self._fetch(key_id)
            found = self._lookup(key_id)
            if found is None and self._may_ask():
                await self._fetch(key_id)
                found = self._lookup(key_id)
        if found is None:
            raise Refused(SigningKeyUnknown(self.url, str(key_id or "none"), self.key_ids))
        return found.reading(algorithm)

    async def find_replaced(self, key_id: str | None, algorithm: str | None) -> "jwt.PyJWK | None":
        """Return the key that is published under this id by now, None where it was asked for a moment ago.

        For a signature that the held key did not make: local providers make new keys under fixed ids at each start.
        """
        async with self._fetching:
            if not self._may_ask():
                return None
            await self._fetch(key_id)
            found = self._lookup(key_id)
        return found.reading(algorithm) if found else None

    def _may_ask(self) -> bool:
        """Tell whether the last fetch is long enough ago."""
        return self._asked_at is None or self._clock.now() - self._asked_at >= FLOOR

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the ids of the keys that are held."""
        return tuple(str(each.id) for each in self._fetched.keys) if self._fetched else ()

    def _lookup(self, key_id: str | None) -> _Key | None:
        keys = self._fetched.keys if self._fetched else ()
        if key_id is None:
            return keys[0] if len(keys) == 1 else None
        return next((each for each in keys if each.id == key_id), None)

    async def _fetch(self, wanted: str | None) -> None:
        import httpx2  # noqa: PLC0415  140 ms that only a login needs

        began = self._clock.ticks()
        self._asked_at = self._clock.now()
        status: int | None = None
        try:
            async with http_client(Bounds(self.timeout.total_seconds(), blamed=Fault.PROVIDER)) as client:
                response = await client.get(self.url, headers={"accept": "application/json"})
            status = response.status_code
            response.raise_for_status()
            keys = _signing(read_object(response.content))
        except httpx2.HTTPStatusError as error:
            self._fail(f"it answered {status}", status, wanted, began, error)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self._fail(describe_failure(error), status, wanted, began, error)
        except ValueError as error:
            self._fail(f"what it answered is no JSON Web Key Set ({error})", status, wanted, began, error)
        except Refused as refused:
            self._fail(refused.problem, status, wanted, began, refused)
        else:
            self._fetched = _Fetched(keys, self._clock.now())
            self._publish(status, wanted, began, None)

    def _fail(
        self, failure: str | Problem, status: int | None, wanted: str | None, began: int, error: Exception
    ) -> None:
        """Keep the keys that are held, if any: a provider that is down must not end logins whose key is known."""
        problem = failure if isinstance(failure, Problem) else KeysUnavailable(self.url, failure)
        self._publish(status, wanted, began, failure if isinstance(failure, str) else failure.explain())
        if self._fetched is None:
            raise Refused(problem) from error

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


def _signing(document: dict[str, Any]) -> tuple[_Key, ...]:
    """Return the keys of a key set that can verify signatures; those of other kinds or for encryption are passed over.

    Raises:
        ValueError: where there is none.
    """
    usable = [(members, key) for members, key in usable_keys(document) if members.get("use", "sig") == "sig"]
    keys = tuple(_Key(key.key_id, members) for members, key in usable if members.get("kty") != "oct")
    if not keys:
        raise ValueError("no key in it can verify a signature")
    return keys
