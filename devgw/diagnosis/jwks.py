"""The history of signing keys: every fetch, which keys were there, and what that says about a token.

`key_sentence` answers the question a developer has before a token that does not verify: was the key rotated, is this
the key set of another environment, or could it not be fetched at all?
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from devgw.events import Published
from devgw.events.taxonomy import McpAuthJwksFetched
from devgw.problems import Problem

KEPT = 100


@dataclass(frozen=True, slots=True)
class KeyFetch:
    """One fetch of a key set."""

    at: datetime
    url: str
    status: int | None
    key_ids: tuple[str, ...]
    wanted: str | None
    error: str | None
    problem: Problem | None = None

    @property
    def succeeded(self) -> bool:
        """Tell whether a key set came back."""
        return self.status == 200 and self.error is None


@dataclass(slots=True)
class JwksHistory:
    """The latest fetches of all key sets, oldest first."""

    fetches: deque[KeyFetch] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(self, published: Published) -> None:
        """Remember a fetch."""
        event = published.event
        if isinstance(event, McpAuthJwksFetched):
            self.fetches.append(
                KeyFetch(
                    published.at,
                    event.url,
                    event.status,
                    event.key_ids,
                    event.wanted_key_id,
                    event.error,
                    event.problem,
                )
            )

    def last(self, url: str = "") -> KeyFetch | None:
        """Return the newest fetch, of `url` alone where one is given."""
        return next((fetch for fetch in reversed(self.fetches) if not url or fetch.url == url), None)

    def age(self, now: datetime, url: str = "") -> timedelta | None:
        """Return how old the newest good copy is, None where there is none."""
        good = (each for each in reversed(self.fetches) if each.succeeded and (not url or each.url == url))
        fetch = next(good, None)
        return now - fetch.at if fetch else None

    def rotations(self, url: str = "") -> list[tuple[datetime, tuple[str, ...], tuple[str, ...]]]:
        """Return each change of keys: when it was noticed, which went, which came."""
        found: list[tuple[datetime, tuple[str, ...], tuple[str, ...]]] = []
        before: dict[str, tuple[str, ...]] = {}
        for fetch in self.fetches:
            if not fetch.succeeded or (url and fetch.url != url):
                continue
            old = before.get(fetch.url)
            if old is not None and set(old) != set(fetch.key_ids):
                gone = tuple(key for key in old if key not in fetch.key_ids)
                came = tuple(key for key in fetch.key_ids if key not in old)
                found.append((fetch.at, gone, came))
            before[fetch.url] = fetch.key_ids
        return found

    def key_sentence(self, key_id: str, url: str = "") -> str:
        """Say what the history knows about the key `key_id` that a token names."""
        fetch = self.last(url)
        if fetch is None:
            return "The identity provider's keys were never fetched."
        if not fetch.succeeded:
            return f"The keys at {fetch.url} could not be fetched ({fetch.error or f'status {fetch.status}'})."
        if key_id in fetch.key_ids:
            return f"The key {key_id} is in the set fetched at {fetch.at:%H:%M:%S} from {fetch.url}."
        for at, gone, came in reversed(self.rotations(url)):
            if key_id in gone:
                new = ", ".join(came) or "none"
                return f"The keys were rotated at {at:%H:%M:%S}; this token is from before ({key_id}), new is {new}."
        known = ", ".join(fetch.key_ids) or "none"
        return (
            f"The key {key_id} was in no set that was fetched from {fetch.url}, last at {fetch.at:%H:%M:%S} (there: "
            f"{known}): these keys may belong to another client id or environment than the token, or the provider does "
            "not publish the key with which it signs."
        )

    def lines(self) -> list[str]:
        """Return one line per fetch, newest first, for Health and `devgw doctor`."""
        return [
            f"{each.at:%H:%M:%S}  {each.status or each.error}  {', '.join(each.key_ids) or '(no keys)'}  {each.url}"
            + (f"  wanted {each.wanted}" if each.wanted else "")
            for each in reversed(self.fetches)
        ]
