"""Whose the tokens are that passed: told by their digests, so that a call finds its flow."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime

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
    """Whose endpoint gave them."""
    ends: datetime | None = None
    """When the access token ends, as its answer says; None where it says nothing."""


class WatchedTokens:
    """The holders of tokens that were seen to be issued."""

    def __init__(self) -> None:
        self._holders: OrderedDict[str, TokenHolder] = OrderedDict()

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
        return self._keep(tokens, replace(holder, ends=ends)) if holder else self.issue(tokens, client_id, None)

    def find(self, token: str) -> TokenHolder | None:
        """Return whose a token is; None where it was not seen to be issued."""
        return self._holders.get(digest(token))

    def _keep(self, tokens: list[str], holder: TokenHolder) -> TokenHolder:
        for each in tokens:
            self._holders[digest(each)] = holder
        while len(self._holders) > Limits.WATCHED_SECRETS:
            self._holders.popitem(last=False)
        return holder


def token_id(kind: str, token: str) -> TokenId:
    """Return what a token is called: `at`, `rt` or `code`, and its fingerprint."""
    return TokenId(f"{kind}:{fingerprint(token)}")
