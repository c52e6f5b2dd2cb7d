"""Minting codes and tokens: the secret goes out once, its digest stays."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from devgw.clock import Clock
from devgw.config.project import TokenSettings
from devgw.entropy import ACCESS_PREFIX, REFRESH_PREFIX, digest, fingerprint, short_id, token
from devgw.gateway.live_tokens import LiveTokens
from devgw.gateway.oauth_request import ServerRequest
from devgw.gateway.records import AccessToken, AuthorizationCode, Grant, PendingAuthorization, RefreshToken, Session
from devgw.gateway.store import Store
from devgw.ids import GrantId, TokenId

CODE_TTL = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Issued:
    """What an answer of the token endpoint stands for."""

    grant: Grant
    access: AccessToken
    refresh: RefreshToken | None
    """What brings the next one: a new one, or the one that was presented."""


class Issuing:
    """Mints codes and tokens and keeps their records."""

    def __init__(self, settings: TokenSettings, store: Store, live: LiveTokens, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._live = live
        self._clock = clock

    def save_code(self, code: str, request: ServerRequest) -> None:
        """Save the grant of `request.facts["pending"]` and the code for it; called by Authlib's code grant."""
        pending: PendingAuthorization = request.facts["pending"]
        session: Session = request.facts["session"]
        now = self._clock.now()
        claims = session.claims or {}
        grant = Grant(
            id=GrantId(short_id("g-", 12)),
            client_id=pending.client_id,
            client_name=pending.client_name,
            subject_id=session.subject_id,
            session_id=session.id,
            email=session.email,
            operation_id=pending.operation_id,
            resource=pending.resource,
            scope=pending.scope,
            issuer=pending.issuer,
            created_at=now,
            expires_at=now + max(self._settings.refresh_token_ttl, self._settings.access_token_ttl),
            roles=tuple(claims.get("roles", ())),
            groups=tuple(claims.get("groups", ())),
        )
        record = AuthorizationCode(
            id=TokenId(f"code:{fingerprint(code)}"),
            digest=digest(code),
            grant_id=grant.id,
            client_id=pending.client_id,
            redirect_uri=pending.parameters.get("redirect_uri"),
            code_challenge=pending.parameters["code_challenge"],
            resource=pending.resource,
            issued_at=now,
            expires_at=now + CODE_TTL,
        )
        self._store.save_grant(grant)
        self._store.save_code(record)
        request.facts["grant"] = grant
        request.facts["code"] = record

    def mint(self, grant: Grant, *, include_refresh_token: bool) -> dict[str, Any]:
        """Return a token response (RFC 6749 §5.1, with `resource`) for `grant`; nothing is saved yet."""
        now = self._clock.now()
        ends_at = self._renewed(grant, now) if include_refresh_token else grant.expires_at
        lifetime = min(self._settings.access_token_ttl, ends_at - now)
        answer: dict[str, Any] = {
            "access_token": token(ACCESS_PREFIX),
            "token_type": "Bearer",
            "expires_in": round(lifetime.total_seconds()),
            "scope": grant.scope,
            "resource": grant.resource,
        }
        if include_refresh_token:
            answer["refresh_token"] = token(REFRESH_PREFIX)
        return answer

    def save(
        self,
        answer: dict[str, Any],
        grant: Grant,
        spent: RefreshToken | None,
        parent_id: TokenId | None,
    ) -> Issued:
        """Save the records of a minted answer.

        Args:
            answer: what `mint` returned.
            grant: the grant that it is for.
            spent: the refresh token that brought it; it stays in use where the answer has no other.
            parent_id: of the code or refresh token that brought it.
        """
        now = self._clock.now()
        renewed = replace(grant, expires_at=self._renewed(grant, now)) if "refresh_token" in answer else grant
        refresh = self._refresh_record(answer, renewed, parent_id, now) or spent
        access = AccessToken(
            id=TokenId(f"at:{fingerprint(answer['access_token'])}"),
            digest=digest(answer["access_token"]),
            grant_id=grant.id,
            issued_at=now,
            expires_at=min(now + timedelta(seconds=answer["expires_in"]), renewed.expires_at),
            refresh_token_id=refresh.id if refresh else None,
        )
        self._store.save_grant(renewed)
        self._store.save_access_token(access)
        if refresh and refresh is not spent:
            self._store.save_refresh_token(refresh)
        return Issued(renewed, access, refresh)

    def let_work(self, issued: Issued) -> None:
        """Let the access token of a committed answer open its route."""
        self._live.add(issued.access, issued.grant)

    def _renewed(self, grant: Grant, now: datetime) -> datetime:
        """Return when the grant ends if it is renewed now: each rotation begins the refresh lifetime anew."""
        return max(grant.expires_at, now + self._settings.refresh_token_ttl)

    def _refresh_record(
        self, answer: dict[str, Any], grant: Grant, parent_id: TokenId | None, now: datetime
    ) -> RefreshToken | None:
        secret = answer.get("refresh_token")
        if secret is None:
            return None
        return RefreshToken(
            id=TokenId(f"rt:{fingerprint(secret)}"),
            digest=digest(secret),
            grant_id=grant.id,
            issued_at=now,
            expires_at=now + self._settings.refresh_token_ttl,
            parent_id=parent_id,
        )
