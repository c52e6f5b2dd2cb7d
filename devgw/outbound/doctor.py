"""`devgw doctor`: every probe at once, and the checks in the order in which a login goes.

Beside a running gateway the gateway itself examines what it runs with: its configuration, its ports, its environment.
"""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from devgw import __version__
from devgw.clock import Clock
from devgw.config.project import Project, Route
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts import Check, machine
from devgw.diagnosis.verdicts.check import said_once, skipped
from devgw.gateway.connection import ConnectionStore
from devgw.oauth.urls import Urls
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.probes import machine as here
from devgw.outbound.probes.asking import Asker
from devgw.outbound.probes.calling import Caller, caller
from devgw.outbound.probes.connecting import Ways
from devgw.outbound.probes.provider import Measured, Pair, discovery_url, examine_provider, ignored
from devgw.outbound.probes.routes import examine_routes
from devgw.outbound.probes.upstream import examine_upstream
from devgw.outbound.proxies import find_proxy
from devgw.problems import Refused
from devgw.settings import Settings

TIMEOUT = 5.0
_AGENT = f"devgw-doctor/{__version__}"
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Patient:
    """Who is examined."""

    project: Project
    settings: Settings
    environ: Mapping[str, str]
    store: ConnectionStore
    """What is kept of connections to upstreams; it is read alone."""
    is_running: bool = False
    """Whether the gateway of this project runs, on the port of `settings`."""
    word: str = ""
    """By which it knows that it is examined (`events.unseen`)."""
    is_emulated: bool = False
    """Whether the WorkOS emulator, which starts and stops with the gateway, signs in."""
    client_callback: str = ""
    """A client's redirect URI, to be looked at (`--callback`)."""

    @property
    def origin(self) -> str:
        """Return the gateway's canonical origin."""
        return self.settings.canonical_origin

    @property
    def origins(self) -> frozenset[str]:
        """Return every origin under which it answers on this machine, and the canonical one."""
        return frozenset({self.origin, *(f"http://{name}:{self.settings.port}" for name in LOOPBACK)})

    @property
    def urls(self) -> Urls:
        """Return the gateway's URLs under the canonical one."""
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
    """Return every check, of this machine and of the login."""
    here_ = Machine(patient.settings.port, patient.environ, patient.client_callback, is_running=patient.is_running)
    return [*await examine_machine(here_), *await examine_login(patient, clock)]


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a gateway runs, or would, and the person's shell there."""

    port: int
    environ: Mapping[str, str]
    client_callback: str = ""
    is_running: bool = False


async def examine_machine(machine_: Machine) -> list[Check]:
    """Return the checks of this machine, as the person's own shell sees it."""
    return [check async for check in _machine(machine_)]


async def examine_login(patient: Patient, clock: Clock, measured: Measured = ignored, only: str = "") -> list[Check]:
    """Return the checks of all that a login passes, or of one of `PARTS`.

    Probes run side by side; each request has five seconds.
    """
    async with http_client(Bounds(TIMEOUT), user_agent=_AGENT) as http:
        asker = Asker(http, clock, patient.word, patient.origins)
        parts = {
            "names": partial(_names, patient),
            "provider": partial(_provider, asker, patient, measured),
            "metadata": partial(_gateway, asker, patient),
            "upstreams": partial(_upstreams, asker, patient),
        }
        found = await asyncio.gather(*(_listed(part()) for name, part in parts.items() if only in {"", name}))
    return said_once(check for part in found for check in part)


async def why_silent(patient: Patient, clock: Clock) -> str:
    """Return why the identity provider cannot be asked anything now, in words; empty where it answers at all."""
    policy = patient.project.oauth
    if policy is None or policy.oidc is None:
        return ""
    async with http_client(Bounds(TIMEOUT), user_agent=_AGENT) as http:
        answer = await Asker(http, clock).ask("GET", discovery_url(policy.oidc.issuer), is_body_read=False)
    return answer.failure


async def _listed(checks: AsyncIterator[Check]) -> list[Check]:
    return [check async for check in checks]


async def _machine(patient: Machine) -> AsyncIterator[Check]:
    state = await here.port_state(patient.port, is_ours=patient.is_running)
    yield machine.port("machine.port", state, "the gateway")
    yield machine.loopback(state)
    yield here.browser(patient.environ)
    yield here.proxies(patient.environ)
    if patient.client_callback:
        port = split_url(patient.client_callback).effective_port
        if port.isdigit():
            yield machine.callback(patient.client_callback, await here.port_state(int(port)))


async def _names(patient: Patient) -> AsyncIterator[Check]:
    for host in _hosts(patient):
        yield await here.resolve(host)


def _hosts(patient: Patient) -> list[str]:
    """Return the host names that this machine has to resolve, once each: no addresses, none that a proxy resolves."""
    policy = patient.project.oauth
    urls = [policy.login.token_url, policy.oidc.jwks_url] if policy and policy.oidc else []
    urls += [route.upstream_url for route in patient.project.routes]
    names = dict.fromkeys(urlsplit(url).hostname or "" for url in urls if not _is_proxied(url))
    return [name for name in names if name and not _is_address(name)]


def _is_proxied(url: str) -> bool:
    try:
        return find_proxy(url) is not None
    except Refused:
        return True


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _provider(asker: Asker, patient: Patient, measured: Measured) -> AsyncIterator[Check]:
    if patient.is_emulated and not patient.is_running:
        yield skipped("provider", "looked who signs in", "the WorkOS emulator does; it starts with devgw up")
        return
    if patient.project.oauth is None:
        yield skipped("provider", "looked for an MCP OAuth policy", "the project has none")
        return
    async for check in examine_provider(
        asker, Pair(patient.project.oauth, patient.callback, patient.is_emulated), measured
    ):
        yield check


async def _gateway(asker: Asker, patient: Patient) -> AsyncIterator[Check]:
    if not patient.is_running:
        yield skipped("metadata", "looked for the running gateway of this folder", "none runs; start devgw up")
        return
    for route in patient.project.routes:
        if not route.protected:
            yield skipped(
                f"metadata.{route.path.strip('/')}", "looked for metadata", "no OAuth policy guards the route"
            )
    async for check in examine_routes(asker, patient.mcp_urls):
        yield check


async def _upstreams(asker: Asker, patient: Patient) -> AsyncIterator[Check]:
    routes = [route for route in patient.project.routes if patient.is_running or not _is_sample(patient, route)]
    for route in patient.project.routes:
        if route not in routes:
            yield skipped(
                f"upstream.{route.operation_id}", "looked at the route", "the sample server starts with devgw up"
            )
    ways = Ways(asker, patient.settings, patient.urls, patient.store, TIMEOUT)
    is_stateful = patient.settings.proxy.stateful
    asking = (
        examine_upstream(_caller(asker, patient, route), route, ways, is_stateful=is_stateful) for route in routes
    )
    for check in await asyncio.gather(*asking):
        yield check


def _caller(asker: Asker, patient: Patient, route: Route) -> Caller:
    """Return who calls a route's upstream as the gateway does."""
    certificate = str(patient.project.root / route.mtls_certificate) if route.mtls_certificate else None
    return caller(asker.clock, TIMEOUT, certificate, asker.word, asker.told)


def _is_sample(patient: Patient, route: Route) -> bool:
    """Tell whether a route leads to a server that devgw itself starts."""
    emulators = patient.settings.emulators
    parts = split_url(route.upstream_url)
    ours = {str(emulators.upstream_port), str(emulators.upstream_auth_port)}
    return emulators.upstream and parts.is_loopback and parts.port.text in ours
