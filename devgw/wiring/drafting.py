"""From the URLs of MCP servers to a project in front of them: looked at, decided, written, loaded and tried.

What is tried is the gateway's own way of connecting, up to the first step that would change something.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devgw.clock import Clock
from devgw.config.dotenv_file import FILE as DOTENV_FILE
from devgw.config.draft import USUAL_PORT, Draft, Fronted, GivenClient, GivenHeader, Login
from devgw.config.finding import Finding
from devgw.config.project import Route
from devgw.diagnosis.verdicts.server_way import Way, way_to
from devgw.files import write_new
from devgw.gateway.connection import ConnectionStore
from devgw.oauth.discovery import without_query
from devgw.oauth.urls import Urls
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.probes.asking import Asker
from devgw.outbound.probes.connecting import Ways
from devgw.outbound.server_doctor import seen_at
from devgw.problems import Problem, Refused
from devgw.problems.server import ClientIdWanted
from devgw.problems.upstream_registration import RegistrationProblem
from devgw.settings import Settings
from devgw.wiring.reading import read_project

SECONDS = 5.0
"""For each answer on the way of connecting."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person wants of the project."""

    urls: tuple[str, ...]
    login: Login = "dev-login"
    headers: tuple[GivenHeader, ...] = ()
    client: GivenClient | None = None


@dataclass(frozen=True, slots=True)
class Drafted:
    """A project that was written."""

    draft: Draft
    says: tuple[str, ...]
    """What was decided, and why."""
    doubts: tuple[Problem, ...] = ()
    """Why an upstream would not be connected as it is."""
    refusals: tuple[Problem, ...] = field(default=())
    """Why there is nothing to be put in front of; nothing is written then."""
    findings: tuple[Finding, ...] = ()
    """What the loader has against it."""


async def draft_for(
    wanted: Wanted, settings: Settings, store: ConnectionStore, environ: Mapping[str, str], clock: Clock
) -> Drafted:
    """Write the project for some servers into the folder of `settings`, which is empty, and say what it is.

    Args:
        wanted: the servers, and how they are opened.
        settings: of the gateway that would run it.
        store: an empty one: what is kept elsewhere of connections is nobody's here.
        environ: the process environment.
        clock: the time.
    """
    ways = await asyncio.gather(*(_way(each, wanted, clock) for each in wanted.urls))
    refusals = tuple(each for each in ways if isinstance(each, Problem))
    found = [each for each in ways if isinstance(each, Way)]
    draft = Draft(tuple(_fronted(each, wanted) for each in found), wanted.login, settings.port or USUAL_PORT)
    says = tuple(sentence for each in found for sentence in each.says)
    if refusals:
        return Drafted(draft, says, refusals=refusals)
    write(settings.root, draft.files())
    loaded = read_project(settings, environ, read_at=clock.now())
    routes = loaded.project.routes if loaded.project else ()
    tried = [await _try(each, settings, store, clock) for each in routes if each.token_exchange]
    doubts = tuple(each for each in tried if isinstance(each, Problem))
    says += tuple(each for each in tried if isinstance(each, str))
    return Drafted(draft, says, doubts, findings=loaded.findings if loaded.project is None else ())


async def _way(url: str, wanted: Wanted, clock: Clock) -> Way | Problem:
    try:
        return way_to(await seen_at(url, clock, {each.name: each.value for each in wanted.headers}))
    except Refused as refused:
        return refused.problem


def _fronted(way: Way, wanted: Wanted) -> Fronted:
    client = wanted.client if way.is_connected else None
    return Fronted(way.url, way.is_connected, wanted.headers, client, way.wants_sessions)


async def _try(route: Route, settings: Settings, store: ConnectionStore, clock: Clock) -> str | Problem:
    """Return how the gateway becomes a client of an upstream's authorization server, or why it does not."""
    urls = Urls(settings.canonical_origin)
    async with http_client(Bounds(SECONDS)) as http:
        try:
            way = await Ways(Asker(http, clock), settings, urls, store, SECONDS).look(route)
        except Refused as refused:
            return _as_typed(refused.problem)
    manual = route.token_exchange.manual_client if route.token_exchange else None
    how = "by naming its own metadata document"
    if way.registers:
        how = "by registering itself when somebody connects it"
    elif manual is not None:
        how = f"as {manual.client_id}"
    return (
        f"Connecting {without_query(route.upstream_url)} leads to {way.issuer}, of which devgw becomes a client {how}."
    )


def _as_typed(problem: Problem) -> Problem:
    """Return the problem in the words of the command line: who typed a URL has no policy to edit."""
    if not isinstance(problem, RegistrationProblem):
        return problem
    return ClientIdWanted(problem.url, problem.redirect_uri, problem.explain())


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder; what holds secrets is for its owner alone.

    Raises:
        OSError: where one cannot be written.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_new(path, content.encode(), 0o600 if name == DOTENV_FILE else 0o666)
