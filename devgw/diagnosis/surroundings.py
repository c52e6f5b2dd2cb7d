"""What rules may know beyond one flow, from events alone: clients, tokens, keys, configuration, the latest requests."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from devgw.diagnosis.jwks import JwksHistory
from devgw.diagnosis.recent import RecentEvents, RecentRequests
from devgw.events import Published
from devgw.events.flow import Flow
from devgw.events.taxonomy import (
    ClockSkewMeasured,
    ConfigLoaded,
    ConfigRejected,
    GatewayStarted,
    HttpExchanged,
    McpAuthClientDeleted,
    McpAuthClientRegistered,
    McpAuthCodeIssued,
    McpAuthDownstreamTokenIssued,
    McpAuthDownstreamTokenRefreshed,
    McpAuthDownstreamTokenRevoked,
    McpAuthJwksFetched,
    McpAuthProviderProbed,
    McpCapabilityCompleted,
    McpCapabilityInvoked,
    McpRequestAccepted,
)
from devgw.ids import ClientId, TokenId

RECENT = 2_000
"""How many events are remembered: an hour of a busy developer, since those of the hot path are not among them."""
KEPT_TRACES = 500
KEPT_CLIENTS = 20_000
HOT = (HttpExchanged, McpRequestAccepted, McpCapabilityInvoked, McpCapabilityCompleted)
"""Published for every MCP call; a flow's own traces tell the same."""


@dataclass(slots=True)
class KnownClient:
    """What events told about one client."""

    id: ClientId
    name: str
    registered_by: str
    redirect_uris: tuple[str, ...]
    token_endpoint_auth_method: str
    at: datetime


@dataclass(slots=True)
class TokenStory:
    """What became of one code or token."""

    id: TokenId
    at: datetime
    client_id: ClientId | None
    expires_at: datetime | None
    resource: str = ""
    scope: str = ""
    refresh_token_id: TokenId | None = None
    spent_at: datetime | None = None
    revoked_at: datetime | None = None
    cause: str = ""
    client_name: str = ""


@dataclass(slots=True)
class Surroundings:
    """A fold of everything that was published; hand each event to `fold`."""

    started: GatewayStarted | None = None
    started_at: datetime | None = None
    clients: OrderedDict[ClientId, KnownClient] = field(default_factory=OrderedDict)
    configured: dict[ClientId, KnownClient] = field(default_factory=dict)
    """Those of `clients` that the configuration names."""
    newest: OrderedDict[str, KnownClient] = field(default_factory=OrderedDict)
    """The client that became known last under each name."""
    tokens: OrderedDict[TokenId, TokenStory] = field(default_factory=OrderedDict)
    tokens_by_name: dict[str, dict[TokenId, TokenStory]] = field(default_factory=dict)
    """The same, by the name of the client that got them."""
    loaded_at: datetime | None = None
    """When the configuration that holds now was taken."""
    rejected: tuple[datetime, ConfigRejected] | None = None
    """The last configuration that was refused, until a good one came."""
    skew: ClockSkewMeasured | None = None
    promised_issuer: str = ""
    """The `iss` that the provider's metadata promises with each answer; empty for none, and where it was not read."""
    jwks: JwksHistory = field(default_factory=JwksHistory)
    recent: RecentEvents = field(default_factory=lambda: RecentEvents(RECENT))
    requests: RecentRequests = field(default_factory=lambda: RecentRequests(KEPT_TRACES))
    """Those that are no MCP calls: these come by the thousand, and the monitor keeps them."""

    @property
    def origin(self) -> str:
        """Return the gateway's canonical origin, as far as it is known."""
        return self.started.origin if self.started else ""

    def fold(self, published: Published) -> None:
        """Remember one event."""
        event = published.event
        if isinstance(event, HOT):
            if isinstance(event, HttpExchanged) and event.trace.kind != "mcp":
                self.requests.add(event.trace)
            return
        self.recent.add(published)
        match event:
            case GatewayStarted() as event:
                self.started, self.started_at = event, published.at
            case McpAuthJwksFetched():
                self.jwks.add(published)
            case ClockSkewMeasured() as event:
                self.skew = event
            case McpAuthProviderProbed(promised_issuer=str() as promised):
                self.promised_issuer = promised
            case _:
                self._fold_state(published)

    def _fold_state(self, published: Published) -> None:
        """Remember what changed a client, a token or the configuration."""
        match published.event:
            case ConfigLoaded():
                self.loaded_at, self.rejected, self.promised_issuer = published.at, None, ""
            case ConfigRejected() as event:
                self.rejected = published.at, event
            case McpAuthClientRegistered() as event:
                self._know_client(event, published.at)
            case McpAuthClientDeleted(client_id=client_id) if client_id is not None:
                self.configured.pop(client_id, None)
            case _:
                self._fold_token(published)

    def _know_client(self, event: McpAuthClientRegistered, at: datetime) -> None:
        if event.client_id is None:
            return
        method = event.token_endpoint_auth_method
        name, uris = event.client_name or "", event.redirect_uris
        client = KnownClient(event.client_id, name, event.registered_by, uris, method, at)
        _keep(self.clients, client.id, client, KEPT_CLIENTS)
        _keep(self.newest, client.name, client, RECENT)
        if client.registered_by == "configured":
            self.configured[client.id] = client

    def _fold_token(self, published: Published) -> None:
        at = published.at
        match published.event:
            case McpAuthCodeIssued() as event:
                self._tell(TokenStory(event.code_id, at, event.client_id, event.expires_at))
            case McpAuthDownstreamTokenIssued() as event:
                self._issue(event, at)
                self._spend(event.code_id, at)
            case McpAuthDownstreamTokenRefreshed() as event:
                self._issue(event, at)
                if event.refresh_token_id != event.spent_token_id:
                    self._spend(event.spent_token_id, at)
            case McpAuthDownstreamTokenRevoked() as event:
                for token_id in event.token_ids:
                    if token_id in self.tokens:
                        self.tokens[token_id].revoked_at, self.tokens[token_id].cause = at, event.cause

    def _issue(self, event: McpAuthDownstreamTokenIssued | McpAuthDownstreamTokenRefreshed, at: datetime) -> None:
        access = TokenStory(event.access_token_id, at, event.client_id, event.access_expires_at)
        access.resource, access.scope, access.refresh_token_id = event.resource, event.scope, event.refresh_token_id
        self._tell(access)
        if event.refresh_token_id:
            self._tell(
                TokenStory(event.refresh_token_id, at, event.client_id, event.refresh_expires_at, event.resource)
            )

    def _tell(self, story: TokenStory) -> None:
        before = self.tokens.get(story.id)
        gone = _keep(self.tokens, story.id, story, RECENT)
        for each in (before, gone):
            if each is not None:
                self._leave_name(each)
        known = self.clients.get(story.client_id) if story.client_id else None
        story.client_name = known.name if known else ""
        self.tokens_by_name.setdefault(story.client_name, {})[story.id] = story

    def _leave_name(self, story: TokenStory) -> None:
        same = self.tokens_by_name.get(story.client_name, {})
        same.pop(story.id, None)
        if not same:
            self.tokens_by_name.pop(story.client_name, None)

    def _spend(self, token_id: TokenId | None, at: datetime) -> None:
        if token_id is not None and token_id in self.tokens:
            self.tokens[token_id].spent_at = at

    def events_of(self, flow: Flow) -> list[Published]:
        """Return what was published about `flow`, oldest first."""
        return self.recent.about([*flow.trace_ids, *flow.transaction_ids, *filter(None, [flow.grant_id])])


K = TypeVar("K")
T = TypeVar("T")


def _keep(kept: OrderedDict[K, T], key: K, value: T, most: int) -> T | None:
    """Keep `value` as the newest of `most`; return the one that had to go."""
    kept[key] = value
    kept.move_to_end(key)
    return kept.popitem(last=False)[1] if len(kept) > most else None
