"""Tokens, codes and the grants from which they come: issued, used, rotated, spent, revoked, and shown in vain after."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from devgw.events.bus import Published
from devgw.events.taxonomy import (
    McpAuthCodeIssued,
    McpAuthDownstreamTokenIssued,
    McpAuthDownstreamTokenRefreshed,
    McpAuthDownstreamTokenRefused,
    McpAuthDownstreamTokenRestored,
    McpAuthDownstreamTokenRevoked,
    McpAuthProviderTokenChecked,
    McpRequestAccepted,
)
from devgw.limits import Limits
from devgw.monitor.book import Book, Count, Graveyard
from devgw.monitor.grant_rows import access_row, grant_row, inherit, refresh_row, token_row
from devgw.monitor.masking import mask_sentence
from devgw.monitor.moments import stamp
from devgw.monitor.records import Records
from devgw.monitor.rows import GrantRow, TokenRow
from devgw.problems.refresh_token import RefreshTokenReplayed
from devgw.problems.token import CodeReplayed

R = TypeVar("R")
_MANY = 5_000
"""From so many tokens on, those that are over are remembered for a shorter time."""
_REMEMBERED = 3600.0
"""Seconds that a token is shown after it was over."""
_REMEMBERED_OF_MANY = 60.0
_GOES_ON = "superseded"
"""Why tokens end whose grant gets others in the same moment."""


class GrantBooks:
    """The rows of tokens and grants, kept in step with the events."""

    def __init__(self, count: Count, graveyard: Graveyard) -> None:
        self.tokens: Book[TokenRow] = Book("token", count, graveyard, Limits.LISTED_ROWS)
        self.grants: Book[GrantRow] = Book("grant", count, graveyard, Limits.LISTED_ROWS)
        self.tokens.left = self._leave_family
        self.grants.left = self._leave_client
        self._families: dict[str, dict[str, TokenRow]] = {}
        self._of_client: dict[str, dict[str, GrantRow]] = {}
        self._to_weigh: list[str] = []
        self.email_of: Callable[[str], str] = lambda _session_id: ""
        """Tells the mail address of whoever a session is; whoever keeps the people says it."""

    def family(self, grant_id: str) -> list[TokenRow]:
        """Return the tokens and codes of a grant in order of issue."""
        return sorted(self._families.get(grant_id, {}).values(), key=lambda row: row.issued)

    def of_client(self, client_id: str) -> list[GrantRow]:
        """Return the grants of a client in order of beginning."""
        return list(self._of_client.get(client_id, {}).values())

    # --- what was there before the start ---

    def seed(self, records: Records) -> None:
        """Take over what the store has; of more tokens than are kept the newest, of whatever kind."""
        most = Limits.LISTED_ROWS
        rows = [*map(access_row, records.newest_access_tokens(most))]
        rows += map(refresh_row, records.newest_refresh_tokens(most))
        rows = sorted(rows, key=lambda row: row.issued)[-most:]
        wanted = {row.grant_id for row in rows}
        for grant in sorted(records.grants(), key=lambda each: each.id in wanted)[-most:]:
            self._keep(grant_row(grant))
        for row in rows:
            self._put(inherit(row, self.grants.get(row.grant_id)))
        for grant_id in self.grants.ids():
            self._count_tokens(grant_id)

    def _put(self, row: TokenRow) -> None:
        before = self.tokens.get(row.id)
        if before is not None:
            self._leave_family(before)
        self._families.setdefault(row.grant_id, {})[row.id] = row
        self.tokens.put(row.id, row)

    def _keep(self, grant: GrantRow) -> GrantRow:
        """Keep a grant, found by its client too."""
        self._of_client.setdefault(grant.client_id, {})[grant.id] = grant
        return self.grants.put(grant.id, grant)

    # --- events ---

    def accepted(self, published: Published, event: McpRequestAccepted) -> None:
        """Count one use. On the hot path."""
        row = self.tokens.get(event.token_id)
        if row is None:
            return
        row.uses += 1
        row.last_used = published.at.timestamp()
        self.tokens.touch(row.id)
        grant = self.grants.get(row.grant_id)
        if grant is not None:
            grant.last_used = row.last_used
            self.grants.touch(grant.id)

    def rejected(self, published: Published, event: McpAuthDownstreamTokenRefused) -> None:
        """Note that a code or refresh token was shown in vain."""
        self.shown_in_vain(event.token_id, published.at)
        row = self.tokens.get(event.token_id)
        if row is not None and isinstance(event.problem, CodeReplayed | RefreshTokenReplayed):
            row.state, row.ended, row.ended_by = "replayed", stamp(published.at), event.reason_code or ""

    def shown_in_vain(self, token_id: str | None, at: datetime) -> None:
        """Note that a token was shown and refused: after a revocation, its proof."""
        row = self.tokens.get(token_id)
        if row is not None:
            row.refused_after += 1
            row.last_refused = stamp(at)
            self.tokens.touch(row.id)

    def code_issued(self, published: Published, event: McpAuthCodeIssued) -> None:
        """Open the grant, with its code."""
        grant = self._grant(published, event)
        self._put(token_row(event.code_id, "code", published.at, event.expires_at, event, grant.email))

    def issued(self, published: Published, event: McpAuthDownstreamTokenIssued) -> None:
        """Spend the code and keep what it paid for."""
        grant = self._grant(published, event)
        grant.resource, grant.scope = event.resource, event.scope
        self._adopt(event.code_id, grant)
        self._spend(event.code_id, published.at)
        self._pair(published, event, event.code_id, grant.email)

    def refreshed(self, published: Published, event: McpAuthDownstreamTokenRefreshed) -> None:
        """Spend the refresh token and keep its successors."""
        grant = self._grant(published, event)
        grant.rotations += 0 if event.repeated else 1
        if event.refresh_token_id and event.refresh_token_id != event.spent_token_id:
            self._spend(event.spent_token_id, published.at)
        spent = self.tokens.get(event.spent_token_id)
        if spent is not None:
            spent.uses, spent.last_used = spent.uses + 1, stamp(published.at)
            self.tokens.touch(spent.id)
        self._pair(published, event, event.spent_token_id, grant.email)

    def revoked(self, published: Published, event: McpAuthDownstreamTokenRevoked) -> None:
        """End tokens, and their grant where none of it is left."""
        touched = {self._end(id_, event.cause, published.at) for id_ in event.token_ids}
        for grant_id in {event.grant_id, *touched} - {None, ""}:
            self._count_tokens(str(grant_id))
            if event.cause != _GOES_ON:
                self._close(str(grant_id), event.cause, published.at)

    def restored(self, event: McpAuthDownstreamTokenRestored) -> None:
        """Take a revocation back."""
        for id_ in event.token_ids:
            row = self.tokens.get(id_)
            if row is not None:
                row.state, row.ended, row.ended_by = "live", 0.0, ""
                self.tokens.touch(id_)
                self._reopen(row.grant_id)

    def provider_token(self, published: Published, event: McpAuthProviderTokenChecked) -> None:
        """Show a JWT of the identity provider beside our own."""
        row = TokenRow(event.token_id, "idp", "live", stamp(published.at), stamp(event.expires_at))
        subject = event.subject_id or event.claims.get("sub", "")
        row.subject_id = mask_sentence(subject) if isinstance(subject, str) else ""
        row.session_id = event.session_id or ""
        scope = event.claims.get("scope", "")
        row.scope = mask_sentence(scope) if isinstance(scope, str) else ""
        self.tokens.put(row.id, row)

    def prune(self, now: datetime, most: int = 1_000) -> bool:
        """Forget what was over long ago, looking at `most` tokens; tell whether more are to be looked at."""
        if not self._to_weigh:
            self._to_weigh = self.tokens.ids()[::-1]
        looked_at, self._to_weigh = self._to_weigh[-most:], self._to_weigh[:-most]
        limit = now.timestamp() - (_REMEMBERED_OF_MANY if len(self.tokens) > _MANY else _REMEMBERED)
        for row in filter(None, map(self.tokens.get, looked_at)):
            over = row.ended or row.expires
            if over and over < limit:
                self.tokens.drop(row.id)
        if not self._to_weigh:
            self._prune_grants(limit)
        return bool(self._to_weigh)

    def _prune_grants(self, limit: float) -> None:
        for row in [each for each in self.grants if each.ended and each.ended < limit]:
            if row.id not in self._families:
                self.grants.drop(row.id)

    # --- inside ---

    def _leave_family(self, row: TokenRow) -> None:
        _leave(self._families, row.grant_id, row.id)

    def _leave_client(self, row: GrantRow) -> None:
        _leave(self._of_client, row.client_id, row.id)

    def _grant(
        self,
        published: Published,
        event: McpAuthCodeIssued | McpAuthDownstreamTokenIssued | McpAuthDownstreamTokenRefreshed,
    ) -> GrantRow:
        id_ = str(event.grant_id or "")
        row = self.grants.get(id_) or GrantRow(id=id_, state="live", created=stamp(published.at))
        row.client = mask_sentence(event.client_name or "") or row.client
        if event.client_id and event.client_id != row.client_id:
            self._leave_client(row)
            row.client_id = event.client_id
        row.operation_id = event.operation_id or row.operation_id
        row.subject_id = event.subject_id or row.subject_id
        row.session_id = event.session_id or row.session_id
        row.email = row.email or self.email_of(row.session_id)
        return self._keep(row) if id_ else row

    def _pair(
        self,
        published: Published,
        event: McpAuthDownstreamTokenIssued | McpAuthDownstreamTokenRefreshed,
        parent: str | None,
        email: str,
    ) -> None:
        access = token_row(event.access_token_id, "access", published.at, event.access_expires_at, event, email)
        pair = [access]
        if event.refresh_token_id and event.refresh_token_id not in self.tokens:
            refresh = event.refresh_token_id, "refresh", published.at, event.refresh_expires_at
            pair.append(token_row(*refresh, event, email))
        for row in pair:
            row.parent, row.scope, row.resource = parent or "", event.scope, event.resource
            self._put(row)
        self._count_tokens(access.grant_id)

    def _adopt(self, code_id: str | None, grant: GrantRow) -> None:
        """Give a code the grant that came to be when it was redeemed."""
        row = self.tokens.get(code_id)
        if row is not None and not row.grant_id and grant.id:
            self._leave_family(row)
            row.grant_id = grant.id
            self._families.setdefault(grant.id, {})[row.id] = row

    def _spend(self, id_: str | None, at: datetime) -> None:
        row = self.tokens.get(id_)
        if row is not None and row.state == "live":
            row.state, row.ended, row.ended_by = "spent", stamp(at), "redeemed" if row.kind == "code" else "rotated"
            self.tokens.touch(row.id)

    def _end(self, id_: str, cause: str, at: datetime) -> str:
        row = self.tokens.get(id_)
        if row is None:
            return ""
        if row.state != "spent":
            row.state, row.ended, row.ended_by = "revoked", stamp(at), cause
        self.tokens.touch(id_)
        return row.grant_id

    def _count_tokens(self, grant_id: str) -> None:
        grant = self.grants.get(grant_id)
        if grant is not None:
            family = self._families.get(grant_id, {}).values()
            grant.tokens = sum(row.state == "live" and row.kind != "code" for row in family)
            self.grants.touch(grant_id)

    def _close(self, grant_id: str, cause: str, at: datetime) -> None:
        grant = self.grants.get(grant_id)
        if grant is not None and not grant.tokens and grant.state == "live":
            grant.state, grant.ended, grant.ended_by = "revoked", stamp(at), cause
            self.grants.touch(grant_id)

    def _reopen(self, grant_id: str) -> None:
        grant = self.grants.get(grant_id)
        if grant is not None:
            grant.state, grant.ended, grant.ended_by = "live", 0.0, ""
            self._count_tokens(grant_id)


def _leave(index: dict[str, dict[str, R]], key: str, id_: str) -> None:
    """Take `id_` out of what `index` has under `key`."""
    found = index.get(key, {})
    found.pop(id_, None)
    if not found:
        index.pop(key, None)
