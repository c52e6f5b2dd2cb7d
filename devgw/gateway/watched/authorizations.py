"""Authorizations that are under way at a watched server: where its answer goes on to, and which codes came through us.

Each is known by a word that is made for it and works once.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from devgw.clock import Clock
from devgw.entropy import digest, token
from devgw.gateway.watched.parameters import exchanged
from devgw.ids import TransactionId
from devgw.limits import Limits

LIFETIME = timedelta(minutes=15)
"""As long as a login at devgw's own server may take; nobody's takes longer."""


@dataclass(frozen=True, slots=True)
class WatchedAuthorization:
    """One authorization request that went on with our callback."""

    transaction_id: TransactionId
    endpoint: str
    """The URL of the authorization endpoint."""
    client_id: str
    redirect_uri: str
    """The client's own, found to be one of those that it registered."""
    state: str | None
    name: str
    """The loopback name under which the client asked."""
    until: datetime
    challenge: str = ""
    """The S256 challenge; empty where it sent none, or another kind."""


@dataclass(slots=True)
class WatchedCode:
    """A code that came to our callback, and what it has to be redeemed with."""

    authorization: WatchedAuthorization
    is_spent: bool = False


class WatchedAuthorizations:
    """Those that are under way, by the digest of their word."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: OrderedDict[str, WatchedAuthorization] = OrderedDict()
        self._codes: OrderedDict[str, WatchedCode] = OrderedDict()
        self._pushed: OrderedDict[str, WatchedAuthorization] = OrderedDict()

    def begin(self, authorization: WatchedAuthorization) -> str:
        """Return the word that is sent as `state`."""
        word = token("w_")
        self._open[digest(word)] = authorization
        if len(self._open) > Limits.AUTHORIZATIONS_OPEN:
            self._open.popitem(last=False)
        return word

    def push(self, request_uri: str, authorization: WatchedAuthorization) -> None:
        """Remember under which reference an authorization was pushed (RFC 9126 §2.2)."""
        self._pushed[digest(request_uri)] = authorization
        if len(self._pushed) > Limits.AUTHORIZATIONS_OPEN:
            self._pushed.popitem(last=False)

    def find_pushed(self, request_uri: str | None) -> WatchedAuthorization | None:
        """Return the authorization that was pushed with our callback under a reference; None for any other."""
        return self._pushed.get(digest(request_uri)) if request_uri is not None else None

    def until(self) -> datetime:
        """Return until when one that begins now may be answered."""
        return self._clock.now() + LIFETIME

    def finish(self, word: str | None) -> WatchedAuthorization | None:
        """Return the authorization of a word; None where there is none, it was answered, or too long ago.

        A server that loses `state` answers without a word: where one client alone waits for an answer it is that one's,
        and it sees the loss as it would without us.
        """
        found = self._only_one() if word is None else self._open.pop(digest(word), None)
        return found if found is not None and self._clock.now() < found.until else None

    def _only_one(self) -> WatchedAuthorization | None:
        """Return the newest authorization where all that are open lead to one place.

        It stays open: a page can send the browser here without a word, and must not end a login by that.
        """
        places = {(each.client_id, each.redirect_uri) for each in self._open.values()}
        return next(reversed(self._open.values())) if len(places) == 1 else None

    def keep_code(self, code: str, authorization: WatchedAuthorization) -> None:
        """Remember that a code was sent to our callback, and has to be redeemed with it."""
        self._codes[digest(code)] = WatchedCode(authorization)
        if len(self._codes) > Limits.WATCHED_SECRETS:
            self._codes.popitem(last=False)

    def find_code(self, code: str) -> WatchedCode | None:
        """Return what is known of a code that was sent to our callback; None for any other."""
        return self._codes.get(digest(code))


def with_answer(redirect_uri: str, answer: str, state: str | None, issuers: dict[str, str]) -> str:
    """Return the client's redirect URI with the server's answer, as the server would have sent it there.

    Args:
        redirect_uri: the client's.
        answer: the query that came to our callback.
        state: the client's own.
        issuers: what each `iss` in it becomes.
    """
    query = exchanged(answer, {"state": state, "iss": issuers})
    joint = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{joint}{query}" if query else redirect_uri
