"""Rows of grants and tokens: from the events that tell them, and from what the store has."""

from datetime import datetime

from devgw.events.taxonomy import McpAuthCodeIssued, McpAuthDownstreamTokenIssued, McpAuthDownstreamTokenRefreshed
from devgw.monitor.masking import mask_sentence
from devgw.monitor.moments import stamp
from devgw.monitor.records import AccessTokenRecord, GrantRecord, RefreshTokenRecord
from devgw.monitor.rows import GrantRow, TokenRow


def token_row(
    id_: str,
    kind: str,
    issued: datetime,
    expires: datetime | None,
    event: McpAuthCodeIssued | McpAuthDownstreamTokenIssued | McpAuthDownstreamTokenRefreshed,
    email: str = "",
) -> TokenRow:
    """Return the row of a token or code that was issued now."""
    return TokenRow(
        id=id_,
        kind=kind,
        state="live",
        issued=stamp(issued),
        expires=stamp(expires),
        client=mask_sentence(event.client_name or ""),
        client_id=event.client_id or "",
        grant_id=event.grant_id or "",
        subject_id=event.subject_id or "",
        email=email,
        session_id=event.session_id or "",
        operation_id=event.operation_id or "",
    )


def grant_row(grant: GrantRecord) -> GrantRow:
    """Return the row of a grant that was there before the start."""
    return GrantRow(
        id=grant.id,
        state="revoked" if grant.revoked_at else "live",
        created=stamp(grant.created_at),
        client=mask_sentence(grant.client_name),
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


def inherit(row: TokenRow, grant: GrantRow | None) -> TokenRow:
    """Write into a token's row what its grant has; whose grant is not known stays without. Return the row."""
    if grant is not None:
        row.client, row.client_id, row.subject_id = grant.client, grant.client_id, grant.subject_id
        row.email = grant.email
        row.session_id, row.operation_id = grant.session_id, grant.operation_id
        row.resource, row.scope = grant.resource, grant.scope
    return row


def access_row(token: AccessTokenRecord) -> TokenRow:
    """Return the row of an access token that was there before the start."""
    row = TokenRow(token.id, "access", "revoked" if token.revoked_at else "live", stamp(token.issued_at))
    row.expires, row.grant_id, row.ended = stamp(token.expires_at), token.grant_id, stamp(token.revoked_at)
    row.parent, row.uses, row.last_used = token.refresh_token_id or "", token.uses, stamp(token.last_used_at)
    return row


def refresh_row(token: RefreshTokenRecord) -> TokenRow:
    """Return the row of a refresh token that was there before the start."""
    state = "revoked" if token.revoked_at else "spent" if token.spent_at else "live"
    row = TokenRow(token.id, "refresh", state, stamp(token.issued_at), stamp(token.expires_at))
    row.grant_id, row.parent = token.grant_id, token.parent_id or ""
    row.ended = stamp(token.revoked_at or token.spent_at)
    return row
