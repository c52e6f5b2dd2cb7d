"""Whose the tokens are that passed: told by their digests, so that a call finds its flow."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from devgw.entropy import digest, fingerprint, short_id
from devgw.ids import ClientId, GrantId, TokenId
from devgw.limits import Limits


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """For whom tokens were issued."""

    grant_id: GrantId
    client_id: ClientId | None
    client_name: str | None
    issuer: str = ""
    """Whose endpoint gave them, where that is none that the resource names."""
    ends: datetime | None = None
    """When the access token ends, as its answer says; None where it says nothing."""


class WatchedTokens:
    """The holders of tokens that were seen to be issued."""

    def __init__(self) -> None:
        self._holders: OrderedDict[str, TokenHolder] = OrderedDict()
        self._taken: OrderedDict[str, None] = OrderedDict()
        self._spent: OrderedDict[str, None] = OrderedDict()
        self._ended: OrderedDict[GrantId, None] = OrderedDict()

    def issue(
        self,
        tokens: list[str],
        client_id: ClientId | None,
        client_name: str | None,
        issuer: str = "",
        ends: datetime | None = None,
    ) -> TokenHolder:
        """Remember for whom new tokens are; a grant begins."""
        return self._keep(tokens, TokenHolder(GrantId(short_id("g-", 6)), client_id, client_name, issuer, ends))

    def renew(self, spent: str, tokens: list[str], client_id: ClientId | None, ends: datetime | None) -> TokenHolder:
        """Remember new tokens for the holder of the one that was spent."""
        holder = self.find(spent)
        _note(self._spent, digest(spent))
        return self._keep(tokens, replace(holder, ends=ends)) if holder else self.issue(tokens, client_id, None)

    def find(self, token: str) -> TokenHolder | None:
        """Return whose a token is; None where it was not seen to be issued."""
        return self._holders.get(digest(token))

    def note_taken(self, token: str) -> None:
        """Remember that the MCP server took a token."""
        _note(self._taken, digest(token))

    def was_taken(self, token: str) -> bool:
        """Tell whether the MCP server took this token before."""
        return digest(token) in self._taken

    def is_spent(self, refresh_token: str) -> bool:
        """Tell whether a refresh token was exchanged for a newer one before."""
        return digest(refresh_token) in self._spent

    def end(self, refresh_token: str) -> None:
        """Remember that a refresh was refused: servers take back then what they gave before."""
        if (holder := self.find(refresh_token)) is not None:
            _note(self._ended, holder.grant_id)

    def has_ended(self, holder: TokenHolder) -> bool:
        """Tell whether a refresh of the same login was refused."""
        return holder.grant_id in self._ended

    def _keep(self, tokens: list[str], holder: TokenHolder) -> TokenHolder:
        for each in tokens:
            self._holders[digest(each)] = holder
        while len(self._holders) > Limits.WATCHED_SECRETS:
            self._holders.popitem(last=False)
        return holder


K = TypeVar("K")


def _note(known: OrderedDict[K, None], key: K) -> None:
    known[key] = None
    known.move_to_end(key)
    if len(known) > Limits.WATCHED_SECRETS:
        known.popitem(last=False)


def token_id(kind: str, token: str) -> TokenId:
    """Return what a token is called: `at`, `rt` or `code`, and its fingerprint."""
    return TokenId(f"{kind}:{fingerprint(token)}")
