"""Ending what was allowed: a token, a grant with all its tokens, a session, a client, everything of a subject.

Revoking any token of a grant ends the grant (RFC 7009 §2.1 SHOULD for refresh tokens, MAY for access tokens): a person
who presses "revoke" means the client's access, not one string. Each act can first be asked what else it would end.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from devgw.clock import Clock
from devgw.events import Bus
from devgw.events.taxonomy import (
    McpAuthClientDeleted,
    McpAuthDownstreamTokenRestored,
    McpAuthDownstreamTokenRevoked,
    McpAuthSessionEnded,
)
from devgw.gateway.live_tokens import LiveTokens
from devgw.gateway.records import AccessToken, Client, Grant, RefreshToken, Session
from devgw.gateway.store import Store
from devgw.ids import ClientId, GrantId, SessionId, SubjectId, TokenId


@dataclass(frozen=True, slots=True)
class RevocationReach:
    """What an act of revocation ends, or would end."""

    grants: tuple[GrantId, ...] = ()
    tokens: tuple[TokenId, ...] = ()
    sessions: tuple[SessionId, ...] = ()
    clients: tuple[ClientId, ...] = ()


@dataclass(frozen=True, slots=True)
class Restorable:
    """The records as they were before something ended, so that it can be taken back."""

    ending: RevocationReach
    grants: tuple[Grant, ...]
    access_tokens: tuple[AccessToken, ...]
    refresh_tokens: tuple[RefreshToken, ...]
    sessions: tuple[Session, ...]
    clients: tuple[Client, ...]


class Revocation:
    """Ends things, in one commit each, and tells what ended: all endings before their time pass through here."""

    def __init__(self, store: Store, live: LiveTokens, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._live = live
        self._bus = bus
        self._clock = clock
        self._listeners: list[Callable[[RevocationReach], object]] = []

    def on_end(self, listener: Callable[[RevocationReach], object]) -> None:
        """Have `listener` called with whatever has ended, after its commit; what it raises stops nobody else."""
        self._listeners.append(listener)

    def grant_of(self, token_id: TokenId) -> GrantId | None:
        """Return the grant to which an access or refresh token belongs."""
        found = self._store.find_refresh_token_by_id(token_id) or self._store.find_access_token_by_id(token_id)
        return found.grant_id if found else None

    def of_grants(self, grant_ids: Iterable[GrantId]) -> RevocationReach:
        """Return what ending these grants would end."""
        grants = tuple(grant_ids)
        return RevocationReach(
            grants=grants, tokens=tuple(each for grant in grants for each in self._live_token_ids(grant))
        )

    def of_session(self, session_id: SessionId) -> RevocationReach:
        """Return what ending this session, with the grants given in it, would end."""
        ending = self._of(self._store.live_grants_in(session_id, self._clock.now()))
        return replace(ending, sessions=(session_id,))

    def of_client(self, client_id: ClientId) -> RevocationReach:
        """Return what deleting this client would end."""
        ending = self._of(self._store.live_grants_to(client_id, self._clock.now()))
        return replace(ending, clients=(client_id,))

    def of_subject(self, subject_id: SubjectId) -> RevocationReach:
        """Return what ending everything of this subject would end."""
        ending = self._of(self._store.live_grants_by(subject_id, self._clock.now()))
        return replace(ending, sessions=tuple(each.id for each in self._store.sessions_of(subject_id)))

    def end(self, ending: RevocationReach, cause: str) -> RevocationReach:
        """Carry out `ending` and return it."""
        with self._store.transaction():
            ended = [(grant_id, self._end_grant(grant_id, cause)) for grant_id in ending.grants]
            for session_id in ending.sessions:
                self._end_session(session_id)
            for client_id in ending.clients:
                self._store.delete_client(client_id)
                self._store.forget_consents(client_id)
        self._store.after_commit(lambda: self._tell(ending, ended, cause))
        return ending

    def end_tokens(
        self, grant_id: GrantId, cause: str, access: Iterable[AccessToken], refresh: Iterable[RefreshToken]
    ) -> None:
        """End some tokens of a grant that goes on without them."""
        now = self._clock.now()
        with self._store.transaction():
            ending = [each for each in access if not each.revoked_at]
            ending_refresh = [each for each in refresh if not each.revoked_at]
            _save_all(self._store.save_access_token, [replace(each, revoked_at=now) for each in ending])
            _save_all(self._store.save_refresh_token, [replace(each, revoked_at=now) for each in ending_refresh])
        token_ids = (*(each.id for each in ending), *(each.id for each in ending_refresh))

        def tell() -> None:
            for each in ending:
                self._live.drop(each.digest)
            self._call_listeners(RevocationReach(tokens=token_ids))
            self._publish(grant_id, token_ids, cause)

        self._store.after_commit(tell)

    def _tell(self, ending: RevocationReach, ended: list[tuple[GrantId, tuple[TokenId, ...]]], cause: str) -> None:
        """Let what ended work no more, and tell everybody; called after the commit."""
        for grant_id, _ in ended:
            self._live.drop_grant(grant_id)
        self._call_listeners(ending)
        for grant_id, token_ids in ended:
            self._publish(grant_id, token_ids, cause)
        for session_id in ending.sessions:
            self._bus.publish(McpAuthSessionEnded(session_id=session_id, cause=cause))
        for client_id in ending.clients:
            self._bus.publish(McpAuthClientDeleted(client_id=client_id, cause=cause))

    def _call_listeners(self, ending: RevocationReach) -> None:
        for listener in self._listeners:
            who = getattr(listener, "__qualname__", type(listener).__qualname__)
            self._bus.guard.call(who, "revocation", listener, ending)

    def remember(self, ending: RevocationReach) -> Restorable:
        """Return what is needed to take `ending` back; ask before it is carried out."""
        store = self._store
        return Restorable(
            ending,
            tuple(each for each in map(store.find_grant, ending.grants) if each),
            tuple(each for key in ending.grants for each in store.access_tokens_of(key)),
            tuple(each for key in ending.grants for each in store.refresh_tokens_of(key)),
            tuple(each for each in map(store.find_session, ending.sessions) if each),
            tuple(each for each in map(store.find_client, ending.clients) if each),
        )

    def restore(self, kept: Restorable) -> None:
        """Let everything live again that an ending took, as it was before."""
        with self._store.transaction():
            for save, records in (
                (self._store.save_client, kept.clients),
                (self._store.save_session, kept.sessions),
                (self._store.save_grant, kept.grants),
                (self._store.save_access_token, kept.access_tokens),
                (self._store.save_refresh_token, kept.refresh_tokens),
            ):
                _save_all(save, records)
        now = self._clock.now()
        by_id = {grant.id: grant for grant in kept.grants}
        for access in kept.access_tokens:
            if not access.revoked_at and access.expires_at > now:
                self._live.add(access, by_id[access.grant_id])
        for grant in kept.grants:
            live = self._live_token_ids(grant.id)
            self._bus.publish(
                McpAuthDownstreamTokenRestored(
                    grant_id=grant.id,
                    client_id=grant.client_id,
                    client_name=grant.client_name,
                    subject_id=grant.subject_id,
                    operation_id=grant.operation_id,
                    token_ids=live,
                )
            )

    def end_grant(self, grant_id: GrantId, cause: str) -> None:
        """End one grant with all its tokens."""
        self.end(self.of_grants([grant_id]), cause)

    def sign_out(self, session: Session) -> None:
        """End a browser's session but none of the grants given in it: the person only wants to be somebody else."""
        with self._store.transaction():
            self._end_session(session.id)
        event = McpAuthSessionEnded(session_id=session.id, subject_id=session.subject_id, cause="signed_out")
        self._store.after_commit(lambda: self._bus.publish(event))

    def _end_grant(self, grant_id: GrantId, cause: str) -> tuple[TokenId, ...]:
        grant = self._store.find_grant(grant_id)
        if grant is None or grant.revoked_at:
            return ()
        now = self._clock.now()
        ended = self._live_token_ids(grant_id)
        self._store.save_grant(replace(grant, revoked_at=now, revoked_because=cause))
        for access in self._store.access_tokens_of(grant_id):
            self._store.save_access_token(replace(access, revoked_at=access.revoked_at or now))
        for refresh in self._store.refresh_tokens_of(grant_id):
            self._store.save_refresh_token(replace(refresh, revoked_at=refresh.revoked_at or now))
        for consent in self._store.consents_of(grant.subject_id, grant.client_id):
            self._store.forget_consents(consent.client_id, consent.subject_id)
        return ended

    def _end_session(self, session_id: SessionId) -> None:
        session = self._store.find_session(session_id)
        if session and not session.ended_at:
            self._store.save_session(replace(session, ended_at=self._clock.now()))

    def _of(self, grants: Iterable[Grant]) -> RevocationReach:
        return self.of_grants(each.id for each in grants)

    def _live_token_ids(self, grant_id: GrantId) -> tuple[TokenId, ...]:
        now = self._clock.now()
        access = (
            each.id for each in self._store.access_tokens_of(grant_id) if not each.revoked_at and each.expires_at > now
        )
        refresh = (
            each.id
            for each in self._store.refresh_tokens_of(grant_id)
            if not each.revoked_at and not each.spent_at and each.expires_at > now
        )
        return (*access, *refresh)

    def _publish(self, grant_id: GrantId, token_ids: tuple[TokenId, ...], cause: str) -> None:
        grant = self._store.find_grant(grant_id)
        if grant is None or not token_ids:
            return
        self._bus.publish(
            McpAuthDownstreamTokenRevoked(
                grant_id=grant_id,
                client_id=grant.client_id,
                client_name=grant.client_name,
                subject_id=grant.subject_id,
                operation_id=grant.operation_id,
                token_ids=token_ids,
                cause=cause,
            )
        )


def _save_all(save: Callable[[Any], None], records: Iterable[Any]) -> None:
    for record in records:
        save(record)
