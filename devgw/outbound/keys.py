"""The identity provider's signing keys: cached, and fetched once more when a token names one that is not there.

A floor between fetches keeps strangers from making us hammer the provider. Source: RFC 7517 §5; OpenID Connect Core
§10.1.1.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from devgw.clock import Clock, has_passed
from devgw.events import Bus, Outcome
from devgw.events.taxonomy import FailureOrigin, McpAuthJwksFetched
from devgw.foreign.json import AN_OBJECT, JsonRefused, find_refusal, read_object
from devgw.gateway.jose import usable_keys
from devgw.limits import Limits
from devgw.oauth.jwk import find_published_private, why_not_verifying
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.provider_reach import keys_not_reached
from devgw.problems import Problem, Refused
from devgw.problems.base import Fault
from devgw.problems.limit import limit_id
from devgw.problems.provider_keys import KeysAskedJustNow, KeysUnavailable, PrivateKeyPublished, SigningKeyUnknown

if TYPE_CHECKING:
    import jwt

NO_ID = "(a key without kid)"
_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
FRESH = timedelta(hours=1)
"""How long keys are used without asking again."""
FLOOR = timedelta(seconds=10)
"""The least time between two fetches while keys are held, whether they succeed or fail."""


@dataclass(frozen=True, slots=True)
class _Key:
    """A published key that can verify something."""

    id: str | None
    members: dict[str, Any]

    def may_have_signed(self, algorithm: str | None) -> bool:
        """Tell whether this key is of the kind that the algorithm asks for (RFC 7518 §3.1, RFC 8037 §3.1)."""
        kind = _KINDS.get((algorithm or "")[:2])
        return kind is None or self.members.get("kty") == kind

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
        """Return the key with this id; where the token or the key names none, the only one that can be meant.

        Args:
            key_id: `kid` of the token.
            algorithm: `alg` of the token, for keys that name none.

        Raises:
            Refused: with a problem of `problems.provider_keys`.
        """
        async with self._fetching:
            began, failure = self._asked_at, None
            if self._fetched is None or (self._is_old(self._fetched) and self._may_ask()):
                failure = await self._fetch(key_id)
            found = self._lookup(key_id, algorithm)
            if found is None and self._may_ask():
                failure = await self._fetch(key_id)
                found = self._lookup(key_id, algorithm)
        if found is None:
            raise Refused(failure or self._unknown(key_id, was_asked=self._asked_at != began))
        return found.reading(algorithm)

    def _unknown(self, key_id: str | None, *, was_asked: bool) -> SigningKeyUnknown | KeysAskedJustNow:
        """Return that there is no such key, or that it was asked too short a while ago to know."""
        if was_asked or self._asked_at is None or key_id is None:
            return SigningKeyUnknown(self.url, key_id, self.key_ids)
        return self._asked_just_now(self._asked_at, key_id)

    def _asked_just_now(self, asked_at: datetime, key_id: str | None, unfit_for: str = "") -> KeysAskedJustNow:
        ago = self._clock.now() - asked_at
        rest = (FLOOR - ago).total_seconds()
        return KeysAskedJustNow(self.url, key_id, self.key_ids, ago.total_seconds(), rest, unfit_for)

    def asked_before(self, since: datetime, key_id: str | None, algorithm: str) -> KeysAskedJustNow | None:
        """Return that they were asked before `since`, and too short a while ago to ask again; None where neither is so.

        For a key that is held under this id and is none for `algorithm`.
        """
        if self._asked_at is None or self._asked_at >= since or self._may_ask():
            return None
        return self._asked_just_now(self._asked_at, key_id, algorithm)

    def others(self, key_id: str | None, algorithm: str | None) -> "list[jwt.PyJWK]":
        """Return the further keys that are held under this id: an issuer may give one to several (RFC 7517 §4.5)."""
        keys = self._fetched.keys if self._fetched else ()
        named = [each for each in keys if key_id is not None and each.id == key_id]
        return [each.reading(algorithm) for each in named[1:] if each.may_have_signed(algorithm)]

    async def find_replaced(self, key_id: str | None, algorithm: str | None) -> "jwt.PyJWK | None":
        """Return the key that is published under this id by now, None where it was asked for a moment ago.

        For a signature that the held key did not make: local providers make new keys under fixed ids at each start.
        """
        async with self._fetching:
            if not self._may_ask():
                return None
            await self._fetch(key_id)
            found = self._lookup(key_id, algorithm)
        return found.reading(algorithm) if found else None

    def _may_ask(self) -> bool:
        """Tell whether the last fetch is long enough ago."""
        return self._asked_at is None or has_passed(self._asked_at, self._clock.now(), FLOOR)

    def _is_old(self, fetched: _Fetched) -> bool:
        return has_passed(fetched.at, self._clock.now(), FRESH)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the ids of the keys that are held; what a key without an id is called, where there are such."""
        return tuple(each.id or NO_ID for each in self._fetched.keys) if self._fetched else ()

    def _lookup(self, key_id: str | None, algorithm: str | None) -> _Key | None:
        """Return the key that a token means: by its id; where either has none, the only one that can be meant.

        `kid` is optional in a key and in a token (RFC 7517 §4.5, RFC 7515 §4.1.4).
        """
        keys = self._fetched.keys if self._fetched else ()
        named = next((each for each in keys if key_id is not None and each.id == key_id), None)
        meant = [each for each in keys if (key_id is None or each.id is None) and each.may_have_signed(algorithm)]
        return named or (meant[0] if len(meant) == 1 else None)

    async def _fetch(self, wanted: str | None) -> Problem | None:
        """Fetch the keys; return why that failed where keys are held all the same.

        Raises:
            Refused: where it failed and none are held.
        """
        import httpx2  # noqa: PLC0415  140 ms that only a login needs

        began = self._clock.ticks()
        self._asked_at = self._clock.now()
        status: int | None = None
        try:
            async with http_client(Bounds(self.timeout.total_seconds(), blamed=Fault.PROVIDER)) as client:
                response = await client.get(self.url, headers={"accept": "application/json"})
            status = response.status_code
            keys = read_keys(self.url, status, response.content, str(response.headers.get("content-type", "")))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            problem = await keys_not_reached(error, self.url, self.timeout)
            return self._fail(problem, status, wanted, began, error)
        except Refused as refused:
            return self._fail(refused.problem, status, wanted, began, refused)
        self._fetched = _Fetched(keys, self._clock.now())
        self._publish(status, wanted, began, None)
        return None

    def _fail(self, problem: Problem, status: int | None, wanted: str | None, began: int, error: Exception) -> Problem:
        """Keep the keys that are held, if any: a provider that is down must not end logins whose key is known."""
        self._publish(status, wanted, began, problem)
        if self._fetched is None:
            raise Refused(problem) from error
        return problem

    def _publish(self, status: int | None, wanted: str | None, began: int, problem: Problem | None) -> None:
        self._bus.publish(
            McpAuthJwksFetched(
                url=self.url,
                status=status,
                key_ids=self.key_ids if problem is None else (),
                duration_ms=(self._clock.ticks() - began) / 1e6,
                wanted_key_id=wanted,
                error=(getattr(problem, "failure", "") or problem.explain()) if problem else None,
                outcome=Outcome.FAILURE if problem else Outcome.SUCCESS,
                failure_origin=FailureOrigin.IDENTITY_PROVIDER if problem else None,
                problem=problem,
            )
        )


def read_keys(url: str, status: int, content: bytes, content_type: str = "") -> tuple[_Key, ...]:
    """Return the keys of an answer that can verify signatures; those of other kinds or for encryption are passed over.

    Raises:
        Refused: with `KeysUnavailable` where it is no key set, or there is no such key in it; with
            `PrivateKeyPublished` where anybody can sign with one of them.
    """
    if not 200 <= status < 300:
        raise Refused(KeysUnavailable(url, f"it answered {status}", status))
    try:
        document = read_object(content)
    except JsonRefused as refused:
        raise Refused(_not_taken(url, status, content, content_type, refused)) from refused
    if not isinstance(document.get("keys"), list):
        raise Refused(KeysUnavailable(url, "what it answered is no JSON Web Key Set (it has no list `keys`)", status))
    if private := find_published_private(document["keys"][: Limits.KEYS]):
        raise Refused(PrivateKeyPublished(url, private))
    keys = tuple(_Key(key.key_id, members) for members, key in usable_keys(document) if not why_not_verifying(members))
    if not keys:
        raise Refused(KeysUnavailable(url, "no key in it can verify a signature", status, is_empty=True))
    return keys


def _not_taken(url: str, status: int, content: bytes, content_type: str, refused: JsonRefused) -> KeysUnavailable:
    """Return what is wrong with an answer that is no object of JSON, or none that is taken."""
    media_type = content_type.partition(";")[0].strip().lower()
    if find_refusal(content, media_type) is None:
        return KeysUnavailable(url, f"what it answered is no JSON Web Key Set ({refused})", status)
    change = f"Let the provider publish its keys there with {refused.wanted}."
    if refused.wanted == AN_OBJECT:
        change = f"Use the provider's jwks_uri as jwksUrl: under this URL is not its key set, which is {AN_OBJECT}."
    why = f"what it answered is not taken ({refused})"
    return KeysUnavailable(url, why, status, change=change, passes=limit_id(refused.limit))
