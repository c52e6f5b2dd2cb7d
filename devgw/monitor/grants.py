"""Tokens, codes and the grants from which they come: issued, used, rotated, spent, revoked, and shown in vain after."""

from datetime import datetime

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
from devgw.monitor.book import Book, Count, Graveyard
from devgw.monitor.moments import stamp
from devgw.monitor.records import AccessTokenRecord, GrantRecord, Records, RefreshTokenRecord
from devgw.monitor.rows import GrantRow, TokenRow

_KEPT = 20_000
_GOES_ON = "superseded"
"""Why tokens end whose grant gets others in the same moment."""
_REPLAYS = frozenset({"code_replayed", "refresh_token_replayed"})


class GrantBooks:
    """The rows of tokens and grants, kept in step with the events."""

    def __init__(self, count: Count, graveyard: Graveyard) -> None:
        self.tokens: Book[TokenRow] = Book("token", count, graveyard, _KEPT)
        self.grants: Book[GrantRow] = Book("grant", count, graveyard, _KEPT)
        self._families: dict[str, list[str]] = {}

    def family(self, grant_id: str) -> list[TokenRow]:
        """Return the tokens and codes of a grant in order of issue."""
        rows = [row for id_ in self._families.get(grant_id, ()) if (row := self.tokens.get(id_))]
        return sorted(rows, key=lambda row: row.issued)

    # --- what was there before the start ---

    def seed(self, records: Records) -> None:
        """Take over what the store has."""
        for grant in records.grants():
            self.grants.put(grant.id, _grant_row(grant))
        for access in records.access_tokens():
            self._put(_access_row(access, self.grants.get(access.grant_id)))
        for refresh in records.refresh_tokens():
            self._put(_refresh_row(refresh, self.grants.get(refresh.grant_id)))
        for row in self.grants:
            self._count_tokens(row.id)

    def _put(self, row: TokenRow) -> None:
        if row.id not in self.tokens:
            self._families.setdefault(row.grant_id, []).append(row.id)
        self.tokens.put(row.id, row)

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

    def shown_in_vain(self, token_id: str | None, at: datetime) -> None:
        """Note that a token was shown and refused: after a revocation, its proof."""
        row = self.tokens.get(token_id)
        if row is not None:
            row.refused_after += 1
            row.last_refused = stamp(at)
            self.tokens.touch(row.id)

    def code_issued(self, published: Published, event: McpAuthCodeIssued) -> None:
        """Open the grant, with its code."""
        self._grant(published, event)
        self._put(_row(event.code_id, "code", published.at, event.expires_at, event))

    def issued(self, published: Published, event: McpAuthDownstreamTokenIssued) -> None:
        """Spend the code and keep what it paid for."""
        grant = self._grant(published, event)
        grant.resource, grant.scope = event.resource, event.scope
        self._adopt(event.code_id, grant)
        self._spend(event.code_id, published.at)
        self._pair(published, event, event.code_id)

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
        self._pair(published, event, event.spent_token_id)

    def revoked(self, published: Published, event: McpAuthDownstreamTokenRevoked) -> None:
        """End tokens, and their grant where none of it is left."""
        state = "replayed" if event.cause in _REPLAYS else "revoked"
        touched = {self._end(id_, state, event.cause, published.at) for id_ in event.token_ids}
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
        row.subject_id, row.session_id = event.subject_id or "", event.session_id or ""
        row.scope = str(event.claims.get("scope", ""))
        self.tokens.put(row.id, row)

    def prune(self, now: datetime, kept_seconds: float = 3600.0) -> None:
        """Forget tokens that were over long ago."""
        limit = now.timestamp() - kept_seconds
        for row in list(self.tokens):
            over = row.ended or row.expires
            if over and over < limit:
                self.tokens.drop(row.id)
                self._leave_family(row)

    # --- inside ---

    def _leave_family(self, row: TokenRow) -> None:
        family = self._families.get(row.grant_id, [])
        if row.id in family:
            family.remove(row.id)

    def _grant(
        self,
        published: Published,
        event: McpAuthCodeIssued | McpAuthDownstreamTokenIssued | McpAuthDownstreamTokenRefreshed,
    ) -> GrantRow:
        id_ = str(event.grant_id or "")
        row = self.grants.get(id_) or GrantRow(id=id_, state="live", created=stamp(published.at))
        row.client = event.client_name or row.client
        row.client_id = event.client_id or row.client_id
        row.operation_id = event.operation_id or row.operation_id
        row.subject_id = event.subject_id or row.subject_id
        row.session_id = event.session_id or row.session_id
        return self.grants.put(id_, row) if id_ else row

    def _pair(
        self,
        published: Published,
        event: McpAuthDownstreamTokenIssued | McpAuthDownstreamTokenRefreshed,
        parent: str | None,
    ) -> None:
        access = _row(event.access_token_id, "access", published.at, event.access_expires_at, event)
        pair = [access]
        if event.refresh_token_id and event.refresh_token_id not in self.tokens:
            pair.append(_row(event.refresh_token_id, "refresh", published.at, event.refresh_expires_at, event))
        for row in pair:
            row.parent, row.scope, row.resource = parent or "", event.scope, event.resource
            self._put(row)
        self._count_tokens(access.grant_id)

    def _adopt(self, code_id: str | None, grant: GrantRow) -> None:
        """Give a code the grant that came to be when it was redeemed."""
        row = self.tokens.get(code_id)
        if row is not None and not row.grant_id and grant.id:
            self._families[""].remove(row.id)
            self._families.setdefault(grant.id, []).append(row.id)
            row.grant_id = grant.id

    def _spend(self, id_: str | None, at: datetime) -> None:
        row = self.tokens.get(id_)
        if row is not None and row.state == "live":
            row.state, row.ended, row.ended_by = "spent", stamp(at), "redeemed" if row.kind == "code" else "rotated"
            self.tokens.touch(row.id)

    def _end(self, id_: str, state: str, cause: str, at: datetime) -> str:
        row = self.tokens.get(id_)
        if row is None:
            return ""
        if row.state != "spent" or state == "replayed":
            row.state, row.ended, row.ended_by = state, stamp(at), cause
        self.tokens.touch(id_)
        return row.grant_id

    def _count_tokens(self, grant_id: str) -> None:
        grant = self.grants.get(grant_id)
        if grant is not None:
            grant.tokens = sum(row.state == "live" and row.kind != "code" for row in self.family(grant_id))
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


def _row(
    id_: str,
    kind: str,
    issued: datetime,
    expires: datetime | None,
    event: McpAuthCodeIssued | McpAuthDownstreamTokenIssued | McpAuthDownstreamTokenRefreshed,
) -> TokenRow:
    return TokenRow(
        id=id_,
        kind=kind,
        state="live",
        issued=stamp(issued),
        expires=stamp(expires),
        client=event.client_name or "",
        client_id=event.client_id or "",
        grant_id=event.grant_id or "",
        subject_id=event.subject_id or "",
        session_id=event.session_id or "",
        operation_id=event.operation_id or "",
    )


def _grant_row(grant: GrantRecord) -> GrantRow:
    return GrantRow(
        id=grant.id,
        state="revoked" if grant.revoked_at else "live",
        created=stamp(grant.created_at),
        client=grant.client_name,
        client_id=grant.client_id,
        operation_id=grant.operation_id,
        subject_id=grant.subject_id,
        email=grant.email or "",
        resource=grant.resource,
        scope=grant.scope,
        session_id=grant.session_id or "",
        ended=stamp(grant.revoked_at),
        ended_by=grant.revoked_because or "",
    )


def _inherit(row: TokenRow, grant: GrantRow | None) -> TokenRow:
    if grant is not None:
        row.client, row.client_id, row.subject_id = grant.client, grant.client_id, grant.subject_id
        row.session_id, row.operation_id = grant.session_id, grant.operation_id
        row.resource, row.scope = grant.resource, grant.scope
    return row


def _access_row(token: AccessTokenRecord, grant: GrantRow | None) -> TokenRow:
    row = TokenRow(token.id, "access", "revoked" if token.revoked_at else "live", stamp(token.issued_at))
    row.expires, row.grant_id, row.ended = stamp(token.expires_at), token.grant_id, stamp(token.revoked_at)
    row.parent, row.uses, row.last_used = token.refresh_token_id or "", token.uses, stamp(token.last_used_at)
    return _inherit(row, grant)


def _refresh_row(token: RefreshTokenRecord, grant: GrantRow | None) -> TokenRow:
    state = "revoked" if token.revoked_at else "spent" if token.spent_at else "live"
    row = TokenRow(token.id, "refresh", state, stamp(token.issued_at), stamp(token.expires_at))
    row.grant_id, row.parent = token.grant_id, token.parent_id or ""
    row.ended = stamp(token.revoked_at or token.spent_at)
    return _inherit(row, grant)
