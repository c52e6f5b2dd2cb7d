"""What rules may know beyond one flow, from events alone: clients, tokens, keys, configuration, the latest requests."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from devgw.diagnosis.jwks import JwksHistory
from devgw.events import Published, Trace
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
from devgw.ids import ClientId, TokenId, TraceId

RECENT = 2_000
"""How many events are remembered: an hour of a busy developer, since those of the hot path are not among them."""
KEPT_TRACES = 500
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
    deleted_at: datetime | None = None


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


@dataclass(slots=True)
class Surroundings:
    """A fold of everything that was published; hand each event to `fold`."""

    started: GatewayStarted | None = None
    started_at: datetime | None = None
    clients: dict[ClientId, KnownClient] = field(default_factory=dict)
    tokens: OrderedDict[TokenId, TokenStory] = field(default_factory=OrderedDict)
    loads: list[tuple[datetime, ConfigLoaded]] = field(default_factory=list)
    rejected: tuple[datetime, ConfigRejected] | None = None
    """The last configuration that was refused, until a good one came."""
    skew: ClockSkewMeasured | None = None
    probe: McpAuthProviderProbed | None = None
    """What the provider made of our callback when it was last asked."""
    jwks: JwksHistory = field(default_factory=JwksHistory)
    recent: deque[Published] = field(default_factory=lambda: deque(maxlen=RECENT))
    traces: OrderedDict[TraceId, Trace] = field(default_factory=OrderedDict)

    @property
    def origin(self) -> str:
        """Return the gateway's canonical origin, as far as it is known."""
        return self.started.origin if self.started else ""

    def fold(self, published: Published) -> None:
        """Remember one event."""
        event = published.event
        if isinstance(event, HOT):
            if isinstance(event, HttpExchanged) and event.trace.kind != "mcp":
                self._keep(event.trace)
            return
        self.recent.append(published)
        match event:
            case GatewayStarted() as event:
                self.started, self.started_at = event, published.at
            case McpAuthJwksFetched():
                self.jwks.add(published)
            case ClockSkewMeasured() as event:
                self.skew = event
            case McpAuthProviderProbed() as event:
                self.probe = event
            case _:
                self._fold_state(published)

    def _keep(self, trace: Trace) -> None:
        """Keep a request that is not an MCP call; those come by the thousand, and the monitor keeps them."""
        self.traces[trace.id] = trace
        if len(self.traces) > KEPT_TRACES:
            self.traces.popitem(last=False)

    def _fold_state(self, published: Published) -> None:
        """Remember what changed a client, a token or the configuration."""
        match published.event:
            case ConfigLoaded() as event:
                self.loads.append((published.at, event))
                self.rejected = None
            case ConfigRejected() as event:
                self.rejected = published.at, event
            case McpAuthClientRegistered() as event:
                self._know_client(event, published.at)
            case McpAuthClientDeleted(client_id=client_id) if client_id in self.clients:
                self.clients[client_id].deleted_at = published.at
            case _:
                self._fold_token(published)

    def _know_client(self, event: McpAuthClientRegistered, at: datetime) -> None:
        if event.client_id is None:
            return
        self.clients[event.client_id] = KnownClient(
            event.client_id,
            event.client_name or "",
            event.registered_by,
            event.redirect_uris,
            event.token_endpoint_auth_method,
            at,
        )

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
        self.tokens[story.id] = story
        if len(self.tokens) > RECENT:
            self.tokens.popitem(last=False)

    def _spend(self, token_id: TokenId | None, at: datetime) -> None:
        if token_id is not None and token_id in self.tokens:
            self.tokens[token_id].spent_at = at

    def events_of(self, flow: Flow) -> Iterator[Published]:
        """Yield what was published about `flow`, oldest first."""
        traces, transactions = set(flow.trace_ids), set(flow.transaction_ids)
        for published in self.recent:
            event = published.event
            mine = event.trace_id in traces or event.transaction_id in transactions
            if mine or (flow.grant_id is not None and event.grant_id == flow.grant_id):
                yield published
