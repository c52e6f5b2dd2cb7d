"""`devgw doctor`: every probe at once, and the checks in the order in which a login goes."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from devgw import __version__
from devgw.clock import Clock
from devgw.config.project import Project, Route
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts import Check, machine
from devgw.diagnosis.verdicts.check import skipped
from devgw.oauth.urls import Urls
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.probes import machine as here
from devgw.outbound.probes.asking import Asker
from devgw.outbound.probes.provider import Pair, examine_provider
from devgw.outbound.probes.routes import examine_routes, examine_upstream
from devgw.settings import Settings

TIMEOUT = 5.0
QUICK = 1.5
"""Seconds in which a gateway on this machine must have answered."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Who is examined."""

    project: Project
    settings: Settings
    environ: Mapping[str, str]
    dotenv_changed_at: datetime | None = None
    gateway_started_at: datetime | None = None
    """When the running gateway began, None where none runs."""
    is_emulated: bool = False
    """Whether the WorkOS emulator, which starts and stops with the gateway, signs in."""
    client_callback: str = ""
    """A client's redirect URI, to be looked at (`--callback`)."""

    @property
    def origin(self) -> str:
        """Return the gateway's canonical origin."""
        return self.settings.canonical_origin

    @property
    def urls(self) -> Urls:
        """Return the gateway's URLs under it."""
        return Urls(self.origin, self.project.base_path)

    @property
    def callback(self) -> str:
        """Return the redirect URI that has to be registered at the identity provider."""
        return self.urls.callback

    @property
    def mcp_urls(self) -> list[str]:
        """Return the public URLs of the MCP routes that ask for a token."""
        return [self.urls.resource(route) for route in self.project.routes if route.protected]


async def examine(patient: Patient, clock: Clock) -> list[Check]:
    """Return every check. Probes run side by side; each has five seconds."""
    async with http_client(Bounds(TIMEOUT), user_agent=f"devgw-doctor/{__version__}") as http:
        asker = Asker(http, clock)
        try:
            is_running = await asyncio.wait_for(_runs(asker, patient), QUICK)
        except TimeoutError:
            is_running = False
        parts = await asyncio.gather(
            _listed(_machine(patient, is_running=is_running)),
            _listed(_provider(asker, patient, is_running=is_running)),
            _listed(_gateway(asker, patient, is_running=is_running)),
            _listed(_upstreams(asker, patient, is_running=is_running)),
        )
    return [check for part in parts for check in part]


async def _listed(checks: AsyncIterator[Check]) -> list[Check]:
    return [check async for check in checks]


async def _runs(asker: Asker, patient: Patient) -> bool:
    """Tell whether a gateway answers under the canonical origin."""
    answer = await asker.ask("GET", patient.urls.server_metadata(None))
    return answer.status == 200 and "issuer" in answer.document


async def _machine(patient: Patient, *, is_running: bool) -> AsyncIterator[Check]:
    state = await here.port_state(patient.settings.port, is_ours=is_running)
    yield machine.port("machine.port", state, "the gateway")
    yield machine.loopback(state)
    yield here.browser(patient.environ)
    yield here.proxies(patient.environ)
    yield machine.dotenv(patient.dotenv_changed_at, patient.gateway_started_at)
    for host in _hosts(patient):
        yield await here.resolve(host)
    if patient.client_callback:
        port = split_url(patient.client_callback).effective_port
        if port.isdigit():
            yield machine.callback(patient.client_callback, await here.port_state(int(port)))


def _hosts(patient: Patient) -> list[str]:
    """Return the host names that have to resolve, once each, without addresses."""
    policy = patient.project.oauth
    urls = [policy.login.token_url, policy.oidc.jwks_url] if policy and policy.oidc else []
    urls += [route.upstream_url for route in patient.project.routes]
    names = dict.fromkeys(urlsplit(url).hostname or "" for url in urls)
    return [name for name in names if name and not _is_address(name)]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _provider(asker: Asker, patient: Patient, *, is_running: bool) -> AsyncIterator[Check]:
    if patient.is_emulated and not is_running:
        yield skipped("provider", "looked who signs in", "the WorkOS emulator does; it starts with devgw up")
        return
    if patient.project.oauth is None:
        yield skipped("provider", "looked for an MCP OAuth policy", "the project has none")
        return
    async for check in examine_provider(asker, Pair(patient.project.oauth, patient.callback)):
        yield check


async def _gateway(asker: Asker, patient: Patient, *, is_running: bool) -> AsyncIterator[Check]:
    if not is_running:
        yield skipped(
            "metadata", f"asked for metadata under {patient.origin}", "no gateway answers there; start devgw up"
        )
        return
    for route in patient.project.routes:
        if not route.protected:
            yield skipped(
                f"metadata.{route.path.strip('/')}", "looked for metadata", "no OAuth policy guards the route"
            )
    async for check in examine_routes(asker, patient.mcp_urls):
        yield check


async def _upstreams(asker: Asker, patient: Patient, *, is_running: bool) -> AsyncIterator[Check]:
    routes = [route for route in patient.project.routes if is_running or not _is_sample(patient, route)]
    for route in patient.project.routes:
        if route not in routes:
            yield skipped(
                f"upstream.{route.operation_id}", "looked at the route", "the sample server starts with devgw up"
            )
    for check in await asyncio.gather(*(examine_upstream(asker, route) for route in routes)):
        yield check


def _is_sample(patient: Patient, route: Route) -> bool:
    """Tell whether a route leads to a server that devgw itself starts."""
    emulators = patient.settings.emulators
    parts = split_url(route.upstream_url)
    ours = {str(emulators.upstream_port), str(emulators.upstream_auth_port)}
    return emulators.upstream and parts.is_loopback and parts.port.text in ours
