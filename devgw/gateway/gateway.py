"""One generation of the gateway: everything that one configuration decides, over the store that outlives it."""

from dataclasses import dataclass

from devgw.clock import Clock
from devgw.config.project import Project, Route
from devgw.events import Bus
from devgw.gateway.admission import Admission
from devgw.gateway.authorization import Authorization
from devgw.gateway.bearer import BearerAdmission
from devgw.gateway.clients import ClientDocuments, Clients
from devgw.gateway.completion import Completion
from devgw.gateway.consent import CONSENT_MEMORY, ConnectedUpstreams, Consents, NoConnections
from devgw.gateway.families import REFRESH_TOKENS, Families
from devgw.gateway.id_jag import IdJag
from devgw.gateway.identity_provider import IdentityProvider
from devgw.gateway.issuing import Issuing
from devgw.gateway.live_tokens import LiveTokens
from devgw.gateway.login import Login
from devgw.gateway.page_proof import PageProofs
from devgw.gateway.resources import HOST_NAMES, TOKEN_RESOURCE
from devgw.gateway.revocation import Revocation
from devgw.gateway.server import OAuthServer
from devgw.gateway.signing_keys import SigningKeySource
from devgw.gateway.store import SpentAssertions, Store
from devgw.gateway.upstream import NoCredentials, UpstreamCredentials
from devgw.oauth.urls import Urls
from devgw.settings import Settings


@dataclass(frozen=True, slots=True)
class Ground:
    """What outlives every generation."""

    settings: Settings
    store: Store
    live: LiveTokens
    bus: Bus
    clock: Clock
    documents: ClientDocuments
    revocation: Revocation
    spent_assertions: SpentAssertions
    signing_keys: SigningKeySource
    completion: Completion


class Gateway:
    """The services of one configuration. A request keeps the generation it began with."""

    def __init__(
        self,
        project: Project,
        ground: Ground,
        provider: IdentityProvider | None,
        *,
        generation: int = 1,
        credentials: UpstreamCredentials | None = None,
        connections: ConnectedUpstreams | None = None,
        id_jag: IdJag | None = None,
    ) -> None:
        policy = project.oauth
        if policy is None or (provider is None and policy.provider != "dev-login"):
            raise ValueError("a gateway needs an MCP OAuth policy and its identity provider")
        store, bus, clock = ground.store, ground.bus, ground.clock
        self.project = project
        self.policy = policy
        self.ground = ground
        self.generation = generation
        self.clients = Clients(
            store,
            ground.documents,
            bus,
            clock,
            cimd_enabled=policy.tokens.cimd_enabled,
            own_id=policy.login.client_id,
        )
        self.authorization = Authorization(project, self.clients, store, bus, clock)
        issuing = Issuing(policy.tokens, store, ground.live, clock)
        settings = ground.settings
        rotates = REFRESH_TOKENS.is_made(settings)
        families = Families(store, ground.live, ground.revocation, clock, rotates=rotates)
        self.server = OAuthServer(
            project, self.clients, store, issuing, families, ground.revocation, clock, ground.spent_assertions
        )
        self.server.may_omit_resource = TOKEN_RESOURCE.is_made(settings)
        self.server.names_are_one = HOST_NAMES.is_made(settings)
        self.id_jag = id_jag
        if id_jag and id_jag.is_enabled:
            self.server.accept_id_jag(id_jag)
        self.proofs = PageProofs(store, clock)
        self.login = Login(
            policy,
            provider,  # type: ignore[arg-type]  # dev-login asks no provider
            settings.canonical_origin,
            self.proofs,
            store,
            ground.completion,
            bus,
            clock,
        )
        self.consents = Consents(
            project,
            self.server,
            store,
            connections or NoConnections(),
            bus,
            clock,
            remembers=CONSENT_MEMORY.is_made(settings),
        )
        names_are_one = HOST_NAMES.is_made(settings)
        self.admission: Admission = BearerAdmission(
            project, ground.live, store, bus, clock, names_are_one=names_are_one
        )
        self.credentials: UpstreamCredentials = credentials or NoCredentials()

    def urls(self, origin: str) -> Urls:
        """Return the URLs under the origin at which a request came."""
        return Urls(origin, self.project.base_path)

    def route_of(self, path: str) -> Route | None:
        """Return the route at `path`, as it stands behind a well-known segment or the authorization endpoint."""
        return self.project.route_at(path)
