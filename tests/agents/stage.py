"""A gateway, a model and agents on one loopback; and what must be true of what devgw says about them."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from devgw.clock import SystemClock
from devgw.events.flow import Flow, FlowState
from devgw.ids import ClientId
from devgw.monitor.flow_view import name_of
from devgw.monitor.why import why_of
from tests.agents.agent import Agent
from tests.agents.model import serve_model
from tests.support.gateway import Running, running_gateway
from tests.support.serving import listen

SAMPLE = Path(__file__).parents[2] / "sample_config"
_LATER = timedelta(minutes=10)
_PATIENCE = 40.0


@dataclass
class Stage:
    """What one test has."""

    folder: Path
    model: str
    port: int
    clock: SystemClock
    root: Path | None = None

    def agent(self, kind: type[Agent], name: str = "home") -> Agent:
        """Return an agent in a home of its own."""
        return kind(self.folder / name, self.model)

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[Running]:
        """Run the gateway while the block runs; the next one has its port."""
        async with running_gateway(self.root, clock=self.clock, port=self.port) as gateway:
            yield gateway

    def configure(self, **options: object) -> None:
        """Give the gateway's policy some options, for the gateways that start from now on."""
        self.root = self.folder / "project"
        shutil.copytree(SAMPLE, self.root)
        path = self.root / "config" / "policies.json"
        document = json.loads(path.read_text())
        document["policies"][0]["handler"]["options"]["gateway"] |= options
        path.write_text(json.dumps(document))


@asynccontextmanager
async def set_up(folder: Path) -> AsyncIterator[Stage]:
    """Serve the model while the block runs."""
    with listen() as probe:
        port = int(probe.getsockname()[1])
    async with serve_model() as model:
        yield Stage(folder, model, port, SystemClock())


async def until(is_so: Callable[[], bool]) -> None:
    """Return when it is so."""
    async with asyncio.timeout(_PATIENCE):
        while not is_so():
            await asyncio.sleep(0.05)


def flows(gateway: Running) -> list[Flow]:
    """Return the flows, oldest first."""
    gateway.runtime.bus.drain()
    return sorted(gateway.runtime.monitor.flow_book.flows, key=lambda flow: flow.started_at)


def done_flows(gateway: Running) -> list[Flow]:
    """Return the flows of clients with an id that came to their end."""
    return [flow for flow in flows(gateway) if flow.client_id and flow.state is FlowState.DONE]


def revoke_all(gateway: Running) -> None:
    """Revoke every client's grants, as a person does in the dashboard."""
    revocation = gateway.runtime.ground.revocation
    for client_id in {flow.client_id for flow in flows(gateway) if flow.client_id}:
        revocation.end(revocation.of_client(ClientId(client_id)), "revoked_by_user")


def accusations(gateway: Running, clock: SystemClock, *, but: frozenset[str]) -> list[str]:
    """Return what `devgw why` says now and ten minutes on, of what is not mended, but for some ids."""
    said = _said(gateway, but)
    clock.travel(_LATER)
    return list(dict.fromkeys([*said, *_said(gateway, but)]))


def _said(gateway: Running, but: frozenset[str]) -> list[str]:
    gateway.runtime.bus.drain()
    gateway.runtime.monitor.tick()
    told = why_of(gateway.runtime.monitor, "newest")
    assert told is not None
    return [
        f"{case.flow.client if case.flow else 'nobody'}: {each.id} {each.cause}"
        for case in told.cases
        if not case.mended
        for each in case.diagnoses
        if each.id not in but
    ]


def names(gateway: Running) -> set[str]:
    """Return the names under which flows are shown of clients that said who they are."""
    return {name_of(flow) for flow in flows(gateway) if flow.client_id or flow.client_name or flow.client_info}
