"""Everything that stands once a gateway is built."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from devgw import __version__
from devgw.clock import Clock
from devgw.config.load import Loaded
from devgw.config.nearby import nearby_project
from devgw.config.outflow import Outflow
from devgw.control.lock import ProjectLock
from devgw.diagnosis.diagnose import RuleDiagnoser
from devgw.events import Bus
from devgw.gateway.gateway import Gateway, Ground
from devgw.monitor.monitor import Monitor
from devgw.monitor.views import GatewayFacts
from devgw.oauth.urls import CanonicalUrls, Urls
from devgw.outbound.proxy import ProxyClient
from devgw.outbound.upstream_oauth.building import UpstreamSide
from devgw.platforms.here import here
from devgw.settings import Settings
from devgw.store.database import Database
from devgw.web.front import Front
from devgw.web.listening import Listeners
from devgw.web.serving import Serving
from devgw.wiring.companions import Companions
from devgw.wiring.flow_archive import FlowArchive
from devgw.wiring.seat_notes import seat_notes
from devgw.wiring.supervisor import Supervisor

_UNSEEN = (
    "Without a control socket `devgw attach`, `why`, `tokens`, `trace` and `tail` find no gateway here, and nothing "
    "keeps a second one from this project."
)


@dataclass
class Runtime:
    """A gateway that is ready to be served, and everything that stands behind it."""

    settings: Settings
    environ: Mapping[str, str]
    clock: Clock
    bus: Bus
    monitor: Monitor
    diagnoser: RuleDiagnoser
    database: Database
    ground: Ground
    upstreams: UpstreamSide
    companions: Companions
    loaded: Loaded
    served: Serving
    front: Front
    client: ProxyClient
    listeners: Listeners
    lock: ProjectLock | None
    started: datetime
    supervisor: Supervisor
    """Where helpers are started and stopped."""
    canonical: CanonicalUrls
    """What those see who outlive a generation."""
    archive: FlowArchive | None = None
    """Where flows are kept; None where nothing is."""
    unlocked: str = ""
    """Why there is neither lock nor control socket, in a sentence; empty where there are."""
    lost: str = ""
    """What of the state of before is lost, in a sentence; empty where nothing is known to be."""
    allowed: frozenset[Outflow] | None = None
    """What of the shell's environment may go where, as the person said at the start; None means all of it."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whoever wants the gateway to end: nothing new is taken."""

    @property
    def gateway(self) -> Gateway:
        """Return the generation that new requests get."""
        return self.served.gateway

    @property
    def urls(self) -> Urls:
        """Return the URLs of that generation under the canonical origin."""
        return self.gateway.urls(self.settings.canonical_origin)

    @property
    def facts(self) -> GatewayFacts:
        """Return which gateway this is and how it runs now, for whoever attaches."""
        return GatewayFacts(
            version=__version__,
            origin=self.settings.canonical_origin,
            pid=os.getpid(),
            started=self.started.timestamp(),
            provider=self.provider_name,
            emulator_origin=self.companions.workos.origin if self.loaded.wants_emulator else "",
            mcp_urls=[self.urls.resource(route) for route in self.gateway.project.routes],
            root=str(self.settings.root),
            state_dir="" if self.settings.ephemeral else str(self.settings.state_path),
            is_sample=self.loaded.is_sample,
            notes=self.notes,
        )

    @property
    def sample_note(self) -> str:
        """Say that the sample runs, and where the project is that may have been meant; empty where a project runs."""
        if not self.loaded.is_sample:
            return ""
        said = f"none in {self.settings.root}: the built-in sample runs. `devgw init` copies it here."
        meant = nearby_project(self.settings.root)
        return f"{said} There is one in {meant}: `{here().shell_line(['devgw', 'up', str(meant)])}`." if meant else said

    @property
    def notes(self) -> list[str]:
        """Return what a person should know of how this gateway runs."""
        opened = self.lock.opened if self.lock is not None else [f"{self.unlocked} {_UNSEEN}"]
        return [*filter(None, [self.lost]), *opened, *self.seat_notes, *self.companions.notes]

    @property
    def seat_notes(self) -> list[str]:
        """Return how it is reached from elsewhere."""
        return seat_notes(self.environ, [self.settings.port, *self.companions.page_ports])

    @property
    def provider_name(self) -> str:
        """Return by whom people are signed in, as the faces call it."""
        return "workos-emulator" if self.loaded.wants_emulator else self.gateway.policy.provider
