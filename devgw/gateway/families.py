"""Which refresh tokens are good: every grant has a tree of them, whose root is the code, and this rule.

A refresh token brings a successor and stays good itself until one of its successors is first presented: only then is it
certain that an answer arrived. Presented again before that, it brings another successor, and the one that was never
presented is void with its access tokens. Presented after that it is a theft, or looks like one, and ends the grant.
Digests are all that this needs: no clock, no memory; so it holds over kills and restarts.

Decided: only a refresh counts as use of a refresh token, the use of its access token does not. Two processes of a
client that refresh at once call their routes at once too: would that count, whoever came a moment later would end the
grant for both. The price: a stolen predecessor is good for one access token's lifetime longer; its use makes the honest
client's tokens void, which then presents its own, and by that the thief's are void.

A void one that is presented while none of its siblings was, comes to life again and makes those void: a client that
sent the same token several times may keep whichever answer it likes. After a sibling was presented it is refused, and
the grant goes on: of those who hold a copy the first one lives.

A code is stricter, since no two processes share one: whatever it brought counts, access tokens too (RFC 6749 §4.1.2).

Source: OAuth 2.1 §4.3.1; RFC 6749 §4.1.2, §10.5.
"""

from dataclasses import replace
from datetime import datetime

from devgw.clock import Clock
from devgw.gateway.live_tokens import LiveTokens
from devgw.gateway.records import AccessToken, AuthorizationCode, RefreshToken
from devgw.gateway.revocation import Revocation
from devgw.gateway.store import Store
from devgw.problems import Refused
from devgw.problems.token import CodeReplayed, RefreshTokenExpired, RefreshTokenReplayed, RefreshTokenVoid

SUPERSEDED = "superseded"
"""Why tokens end that were never used when the code or refresh token behind them came again."""


class Families:
    """Says which tokens of a grant may be presented, and grows its tree; every method within the caller's commit."""

    def __init__(
        self, store: Store, live: LiveTokens, revocation: Revocation, clock: Clock, *, rotates: bool = True
    ) -> None:
        self._store = store
        self._live = live
        self._revocation = revocation
        self._clock = clock
        self.rotates = rotates
        """Whether each refresh brings another refresh token; the deployed gateway keeps the one that it gave first."""

    def check(self, token: RefreshToken) -> None:
        """Refuse a refresh token of a live grant that is good no more; a theft ends the grant first.

        Raises:
            Refused: with `RefreshTokenReplayed`, `RefreshTokenVoid` or `RefreshTokenExpired`.
        """
        now = self._clock.now()
        used = _first_use(self._store.successors_of(token.id))
        if used:
            self._revocation.end_grant(token.grant_id, "refresh_token_replayed")
            raise Refused(RefreshTokenReplayed(used, now))
        if token.revoked_at and (sibling_used := self._sibling_used(token)):
            raise Refused(RefreshTokenVoid(token.revoked_at, sibling_used))
        if token.expires_at <= now:
            raise Refused(RefreshTokenExpired(token.expires_at))

    def spend(self, token: RefreshToken, successor: RefreshToken | None) -> bool:
        """Write down that `token` was presented and what came of it; tell whether it had brought something before."""
        now = self._clock.now()
        earlier = [each for each in self._store.successors_of(token.id) if successor is None or each.id != successor.id]
        rivals = self._siblings(token) if token.used_at is None else []
        self._void([*earlier, *rivals])
        self._store.save_refresh_token(
            replace(
                token,
                used_at=token.used_at or now,
                spent_at=token.spent_at or (now if successor else None),
                successor_id=successor.id if successor else token.successor_id,
                revoked_at=None,
            )
        )
        return bool(earlier)

    def check_code(self, code: AuthorizationCode) -> None:
        """Refuse a code that was redeemed, once something that it brought was used; the grant ends first.

        Raises:
            Refused: with `CodeReplayed`.
        """
        if code.redeemed_at is None:
            return
        was_used = any(each.used_at for each in self._store.successors_of(code.id))
        if was_used or any(self._is_used(each) for each in self._store.access_tokens_of(code.grant_id)):
            self._revocation.end_grant(code.grant_id, "code_replayed")
            raise Refused(CodeReplayed(code.redeemed_at))

    def begin_again(self, code: AuthorizationCode) -> None:
        """Make void what a code brought before: its answer was lost."""
        if code.redeemed_at:
            self._revocation.end_tokens(
                code.grant_id,
                SUPERSEDED,
                self._store.access_tokens_of(code.grant_id),
                self._store.refresh_tokens_of(code.grant_id),
            )

    def _void(self, tokens: list[RefreshToken]) -> None:
        """Make void those that were never presented, with their access tokens."""
        void = [each for each in tokens if each.used_at is None and each.revoked_at is None]
        if void:
            access = [issued for each in void for issued in self._store.access_tokens_with(each.id)]
            self._revocation.end_tokens(void[0].grant_id, SUPERSEDED, access, void)

    def _siblings(self, token: RefreshToken) -> list[RefreshToken]:
        """Return what else came of the code or refresh token that brought `token`."""
        if token.parent_id is None:
            return []
        return [each for each in self._store.successors_of(token.parent_id) if each.id != token.id]

    def _sibling_used(self, token: RefreshToken) -> datetime | None:
        """Return when a sibling was first presented; for one without a known origin, when it became void."""
        return token.revoked_at if token.parent_id is None else _first_use(self._siblings(token))

    def _is_used(self, token: AccessToken) -> bool:
        """Tell whether an access token opened its route; the newest uses are in memory alone."""
        live = self._live.find(token.digest)
        return bool(token.uses or (live and live.uses))


def _first_use(tokens: list[RefreshToken]) -> datetime | None:
    """Return when the first of `tokens` was presented."""
    return min((each.used_at for each in tokens if each.used_at), default=None)
