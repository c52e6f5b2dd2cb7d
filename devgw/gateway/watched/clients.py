"""The clients that registered at watched servers, and to which redirect URIs a code of theirs may go.

Our callback at the server switches its own check of the redirect URI off, so the check is made here, by what the client
itself registered. It has to outlive a restart: with a forgotten list, a page could send somebody's code to a stranger.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from devgw.limits import Limits
from devgw.oauth.redirect_uri import find_fitting

NEW = timedelta(minutes=5)
"""How long a registration belongs to the login that follows it at once."""


@dataclass(frozen=True, slots=True)
class WatchedClient:
    """One registration at a third party."""

    issuer: str
    """Of whose endpoints the registration endpoint is one."""
    client_id: str
    redirect_uris: tuple[str, ...]
    """The client's own."""
    callback: str = ""
    """Ours, where the server registered it, too."""
    name: str = ""
    management: str = ""
    """Where the registration can be deleted (RFC 7592); empty where the server says no such place."""

    def may_have(self, redirect_uri: str) -> bool:
        """Tell whether a code may go there: one of its own, any port on loopback (RFC 8252 §7.3).

        What no header may have is nobody's: the browser is led there by one.
        """
        is_sendable = redirect_uri.isascii() and redirect_uri.isprintable()
        return is_sendable and find_fitting(self.redirect_uris, redirect_uri) is not None

    def as_kept(self) -> dict[str, Any]:
        """Return what is written to disk; nothing of it is a secret."""
        return {
            "issuer": self.issuer,
            "client_id": self.client_id,
            "redirect_uris": list(self.redirect_uris),
            "callback": self.callback,
            "name": self.name,
            "management": self.management,
        }


def read_client(kept: Mapping[str, Any]) -> WatchedClient | None:
    """Return a client as it was kept; None where that is none."""
    texts = {name: kept.get(name, "") for name in ("issuer", "client_id", "callback", "name", "management")}
    uris = kept.get("redirect_uris")
    if not isinstance(uris, list) or not all(isinstance(each, str) for each in (*texts.values(), *uris)):
        return None
    return WatchedClient(redirect_uris=tuple(uris), **texts) if texts["client_id"] and texts["issuer"] else None


class WatchedClients:
    """Those that are known, the newest last."""

    def __init__(self, kept: Iterable[WatchedClient] = ()) -> None:
        self._clients = {(each.issuer, each.client_id): each for each in kept}
        self.registered: list[WatchedClient] = []
        """Those since the start."""
        self._registered_at: dict[tuple[str, str], datetime] = {}

    def __iter__(self) -> Iterator[WatchedClient]:
        """Give all of them."""
        return iter(list(self._clients.values()))

    def add(self, client: WatchedClient, now: datetime) -> None:
        """Remember a registration; the oldest goes where there are too many."""
        key = client.issuer, client.client_id
        self._clients.pop(key, None)
        self._clients[key], self._registered_at[key] = client, now
        if len(self._clients) > Limits.WATCHED_CLIENTS:
            oldest = next(iter(self._clients))
            self._clients.pop(oldest)
            self._registered_at.pop(oldest, None)
        self.registered = [*self.registered[1 - Limits.WATCHED_CLIENTS :], client]

    def find(self, issuer: str, client_id: str) -> WatchedClient | None:
        """Return the client that an issuer knows by this id, None where it did not register through us."""
        return self._clients.get((issuer, client_id))

    def is_new(self, issuer: str, client_id: str, now: datetime) -> bool:
        """Tell whether a client registered through us at most `NEW` ago."""
        since = self._registered_at.get((issuer, client_id))
        return since is not None and now - since <= NEW
