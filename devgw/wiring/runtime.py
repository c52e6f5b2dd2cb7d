"""Everything that stands once a gateway is built."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from devgw.clock import Clock
from devgw.config.load import Loaded
from devgw.control.lock import ProjectLock
from devgw.diagnosis.diagnose import RuleDiagnoser
from devgw.events import Bus
from devgw.gateway.gateway import Gateway, Ground
from devgw.monitor.monitor import Monitor
from devgw.outbound.proxy import ProxyClient
from devgw.outbound.upstream_oauth.building import UpstreamSide
from devgw.settings import Settings
from devgw.store.database import Database
from devgw.web.front import Front
from devgw.web.listening import Listeners
from devgw.web.serving import Serving
from devgw.wiring.companions import Companions


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
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    background: set["asyncio.Future[Any]"] = field(default_factory=set)
    """What is under way beside the requests; kept so that none is collected early."""

    @property
    def gateway(self) -> Gateway:
        """Return the generation that new requests get."""
        return self.served.gateway

    @property
    def notes(self) -> list[str]:
        """Return what a person should know of how this gateway runs."""
        return self.companions.notes

    @property
    def provider_name(self) -> str:
        """Return by whom people are signed in, as the faces call it."""
        return "workos-emulator" if self.loaded.wants_emulator else self.gateway.policy.provider

    def in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let `work` go on by itself; what it raises concerns nobody else."""
        task = asyncio.ensure_future(work)
        self.background.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Future[Any]") -> None:
        self.background.discard(task)
        if not task.cancelled():
            task.exception()
