"""Which refresh tokens are good: every grant has a tree of them, whose root is the code, and this rule.

A refresh token brings a successor and stays good itself until one of its successors is first presented: only then is it
certain that an answer arrived. Presented again before that it brings another successor, and one of which nothing was
used yet is void, with its access token. Presented after that it is a theft, or looks like one, and ends the grant.
Digests are all that this needs: no clock, no memory; so it holds over kills and restarts.

Decided, since several processes of one client refresh at once and each may keep its own answer:

- Only a refresh counts as use of a refresh token. Would the use of its access token, then whoever refreshes a moment
  after another one's first call ended the grant for both. But a successor whose access token works for somebody is not
  made void by a sibling's birth.
- A void one stands for its predecessor as long as no sibling was presented: a client that sent the same token several
  times may keep whichever answer it likes.
- When one is presented its siblings are void for good, and refused, and the grant goes on: the first one lives. Whether
  the other was a second process or a thief cannot be known, so the grant is contested from then on: it ends when the
  person signs in again for the same client and route.

The price: a stolen predecessor is good for one access token's lifetime longer.

A code is stricter, since no two processes share one: whatever it brought counts, access tokens too (RFC 6749 §4.1.2).

Source: OAuth 2.1 §4.3.1; RFC 6749 §4.1.2, §10.5.
"""

from dataclasses import replace
from datetime import datetime

from devgw.clock import Clock
from devgw.departure import Departure
from devgw.gateway.live_tokens import LiveTokens
from devgw.gateway.records import AccessToken, AuthorizationCode, RefreshToken
from devgw.gateway.revocation import Revocation
from devgw.gateway.store import Store
from devgw.ids import ClientId, GrantId, OperationId, SubjectId, TokenId
from devgw.problems import Refused
from devgw.problems.refresh_token import RefreshTokenExpired, RefreshTokenReplayed, RefreshTokenVoid
from devgw.problems.token import CodeReplayed

REFRESH_TOKENS = Departure(
    name="refresh-tokens",
    here="Each refresh brings another refresh token; the one before it stays good until its successor is first used.",
    deployed="A refresh brings a new access token alone: the first refresh token stays until it expires.",
    why="OAuth 2.1 §4.3.1 and MCP want rotation for public clients, and a client that cannot do it should fail here.",
    source="https://zuplo.com/changelog/2026/06/02/mcp-gateway-public-beta",
    setting='[oauth]\nrefresh_tokens = "as-deployed"',
    is_made=lambda settings: settings.oauth.refresh_tokens == "rotate",
)
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
            self._contest(token.grant_id, now)
            raise Refused(RefreshTokenVoid(token.revoked_at, sibling_used))
        if token.expires_at <= now:
            raise Refused(RefreshTokenExpired(token.expires_at))

    def origin_of(self, token: RefreshToken) -> TokenId | None:
        """Return whose successor the answer to `token` holds: its own, or its predecessor's where it is void."""
        return token.parent_id if self._stands_for_parent(token) else token.id

    def spend(self, token: RefreshToken, successor: RefreshToken | None) -> bool:
        """Write down that `token` was presented and what came of it; tell whether that had happened before."""
        origin = self.origin_of(token)
        earlier = [each for each in self._successors_of(origin) if successor is None or each.id != successor.id]
        self._void([each for each in earlier if not self._works_for_somebody(each)])
        if self._stands_for_parent(token):
            return True
        self._void(self._siblings(token))
        now = self._clock.now()
        self._store.save_refresh_token(
            replace(
                token,
                used_at=token.used_at or now,
                spent_at=now if successor else None,
                successor_id=successor.id if successor else token.successor_id,
                revoked_at=None,
            )
        )
        return bool(earlier)

    def supersede(self, client_id: ClientId, subject_id: SubjectId, operation_id: OperationId) -> None:
        """End what is contested of the same client, person and route, now that the person gives a new grant."""
        for each in self._store.contested_grants(client_id, subject_id):
            if each.operation_id == operation_id:
                self._revocation.end_grant(each.id, "signed_in_again")

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
        """Make void what a code brought before, if anything: its answer was lost."""
        self._revocation.end_tokens(
            code.grant_id,
            SUPERSEDED,
            self._store.access_tokens_of(code.grant_id),
            self._store.refresh_tokens_of(code.grant_id),
        )

    def _void(self, tokens: list[RefreshToken]) -> None:
        """Make `tokens` void, with their access tokens. None was ever presented: else `check` had refused."""
        if tokens:
            access = [issued for each in tokens for issued in self._store.access_tokens_with(each.id)]
            self._revocation.end_tokens(tokens[0].grant_id, SUPERSEDED, access, tokens)

    def _stands_for_parent(self, token: RefreshToken) -> bool:
        return self.rotates and token.revoked_at is not None

    def _successors_of(self, token_id: TokenId | None) -> list[RefreshToken]:
        return [] if token_id is None else self._store.successors_of(token_id)

    def _siblings(self, token: RefreshToken) -> list[RefreshToken]:
        """Return what else came of the code or refresh token that brought `token`."""
        return [each for each in self._successors_of(token.parent_id) if each.id != token.id]

    def _works_for_somebody(self, token: RefreshToken) -> bool:
        """Tell whether an access token that came with a refresh token was used."""
        return any(self._is_used(each) for each in self._store.access_tokens_with(token.id))

    def _contest(self, grant_id: GrantId, now: datetime) -> None:
        """Write down that more than one holds tokens of a grant."""
        grant = self._store.find_grant(grant_id)
        if grant and grant.contested_at is None:
            self._store.save_grant(replace(grant, contested_at=now))

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
