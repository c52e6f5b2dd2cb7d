"""The books of what lives on between requests, and which event goes into which."""

from collections.abc import Callable
from typing import Any

from devgw.events import taxonomy as told
from devgw.events.bus import Published
from devgw.monitor.book import Count, Graveyard
from devgw.monitor.grants import GrantBooks
from devgw.monitor.people import PeopleBooks
from devgw.monitor.records import Records
from devgw.monitor.upstreams import UpstreamBooks

_MOST_CLAIMS = 200


class Books:
    """Tokens, grants, sessions, clients and upstreams, kept in step with one another."""

    def __init__(self, count: Count, graveyard: Graveyard) -> None:
        self.grants = GrantBooks(count, graveyard)
        self.people = PeopleBooks(count, graveyard)
        self.grants.email_of = self.people.email_of
        self.upstreams = UpstreamBooks(count, graveyard, self.grants.tokens)
        self.claims: dict[str, told.McpAuthProviderTokenChecked] = {}
        """The newest checked JWTs of the identity provider, by token id."""
        self._fold = self._folders()

    def seed(self, records: Records) -> None:
        """Take over what the store has from before the start."""
        self.grants.seed(records)
        self.people.seed(records)
        for row in self.people.clients:
            self._count_client(row.id)

    def fold(self, published: Published) -> None:
        """Put one event into the book where it belongs. On the hot path."""
        folder = self._fold.get(type(published.event))
        if folder is not None:
            folder(published, published.event)

    def _folders(self) -> dict[type[told.Event], Callable[[Published, Any], None]]:
        """Return who takes in which kind of event."""
        grants, people, upstreams = self.grants, self.people, self.upstreams
        return {
            told.McpRequestAccepted: grants.accepted,
            told.McpAuthDownstreamTokenRefused: grants.rejected,
            told.McpAuthCodeIssued: self._code_issued,
            told.McpAuthAuthorizationBegun: lambda _, event: people.set_out(event.client_id, None),
            told.McpAuthDownstreamTokenIssued: self._issued,
            told.McpAuthDownstreamTokenRefreshed: grants.refreshed,
            told.McpAuthDownstreamTokenRevoked: self._revoked,
            told.McpAuthDownstreamTokenRestored: self._restored,
            told.McpAuthClientRegistered: people.registered,
            told.McpAuthClientRefused: people.refused,
            told.McpAuthClientDeleted: lambda _, event: people.deleted(event),
            told.McpAuthLoginFinished: people.signed_in,
            told.McpAuthSessionEnded: people.signed_out,
            told.McpAuthUpstreamConnectionEstablished: upstreams.connected,
            told.McpAuthUpstreamConnectionRefreshed: upstreams.connected,
            told.McpAuthUpstreamConnectionLost: upstreams.lost,
            told.McpCapabilityCompleted: lambda _, event: upstreams.completed(event),
            told.McpAuthProviderTokenChecked: self._checked,
        }

    def _code_issued(self, published: Published, event: told.McpAuthCodeIssued) -> None:
        self.grants.code_issued(published, event)
        self.people.set_out(None, event.session_id)

    def _issued(self, published: Published, event: told.McpAuthDownstreamTokenIssued) -> None:
        self.grants.issued(published, event)
        self._count_grant(event)
        self._count_client(event.client_id)

    def _count_grant(self, event: told.McpAuthDownstreamTokenIssued) -> None:
        """Count one grant more of the session that gave it."""
        grant = self.grants.grants.get(event.grant_id)
        session = self.people.sessions.get(grant.session_id) if grant is not None else None
        if grant is not None and session is not None:
            session.grants += 1
            self.people.sessions.touch(session.id)

    def _revoked(self, published: Published, event: told.McpAuthDownstreamTokenRevoked) -> None:
        self.grants.revoked(published, event)
        self._count_client(event.client_id)

    def _restored(self, published: Published, event: told.McpAuthDownstreamTokenRestored) -> None:
        del published
        self.grants.restored(event)
        self._count_client(event.client_id)

    def _count_client(self, client_id: str | None) -> None:
        client = self.people.clients.get(client_id)
        if client is not None:
            own = self.grants.of_client(client.id)
            client.tokens, client.grants = sum(grant.tokens for grant in own), len(own)
            self.people.clients.touch(client.id)

    def _checked(self, published: Published, event: told.McpAuthProviderTokenChecked) -> None:
        self.grants.provider_token(published, event)
        self.claims[event.token_id] = event
        while len(self.claims) > _MOST_CLAIMS:
            self.claims.pop(next(iter(self.claims)))
