"""One login at somebody's MCP server and one call, by the gateway's own way of connecting: `devgw doctor URL --login`.

A person signs in with a browser, which comes back to a listener on this machine that lives as long as the login. The
credential is taken back afterwards, and what was registered for it deleted, where the server says how.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from devgw.clock import Clock
from devgw.config.project import Route
from devgw.control.folder import new_passing
from devgw.diagnosis.verdicts import Check
from devgw.diagnosis.verdicts.check import refused
from devgw.diagnosis.verdicts.server_login import NAME, called, given_up, left, logged_in, no_login, not_back
from devgw.events import Bus
from devgw.gateway.connecting import Begun, Finished, Ticket, cookie_name_of
from devgw.gateway.connection import ConnectionStore
from devgw.oauth.resource import origin_of
from devgw.oauth.token_claims import read_claims
from devgw.outbound.probes.connecting import NOBODY
from devgw.outbound.probes.outward import outward_of
from devgw.outbound.probes.routes import ACCEPT
from devgw.outbound.probes.upstream import initialize
from devgw.outbound.upstream_oauth.building import UpstreamSide, build_upstream_side
from devgw.outbound.upstream_oauth.deregistration import deregister
from devgw.problems import Problem, Refused
from devgw.problems.foreign_token import TokenKnown
from devgw.settings import Settings
from devgw.store.connections import SealedConnections
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.sealing import Sealer, load_key
from devgw.wiring.browser_callback import BrowserCallback, browser_callback
from devgw.wiring.drafting import Wanted, draft_for
from devgw.wiring.reading import read_project

PATIENCE = 180.0
"""Seconds that a person has."""


@dataclass(frozen=True, slots=True)
class _Login:
    """The parts of one login."""

    route: Route
    side: UpstreamSide
    back: BrowserCallback
    open_page: Callable[[str], object]
    clock: Clock

    @property
    def owner(self) -> str:
        """Return whose fault it is where a good token is refused."""
        return f"the MCP server at {origin_of(self.route.upstream_url)}"


async def log_in_once(
    wanted: Wanted,
    environ: Mapping[str, str],
    clock: Clock,
    open_page: Callable[[str], object],
    *,
    seconds: float = PATIENCE,
) -> list[Check]:
    """Return what a login and a call came to.

    One that is cancelled returns too, once it has taken back what was registered: its task is cancelled no more.

    Args:
        wanted: the server, and a client of the person's own where it registers nobody.
        environ: the process environment.
        clock: the time.
        open_page: shows the person the page at which they sign in.
        seconds: how long the person has.
    """
    folder = new_passing("devgw-")
    sealer = Sealer(load_key(None))
    store = SealedConnections(Database(None, MIGRATIONS), sealer)
    try:
        async with browser_callback() as back:
            settings = Settings(root=folder, port=back.port)
            found = await _route(wanted, settings, store, environ, clock)
            if isinstance(found, Problem):
                return [refused(NAME, f"looked for the way to sign in at {wanted.urls[0]}", found)]
            if found.token_exchange is None:
                return [no_login(found.upstream_url)]
            side = build_upstream_side(settings, store, sealer, clock, Bus(clock))
            return await _log_in(_Login(found, side, back, open_page, clock), store, seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _route(
    wanted: Wanted, settings: Settings, store: ConnectionStore, environ: Mapping[str, str], clock: Clock
) -> Route | Problem:
    """Return the route that would lead to the server, or why there is none."""
    drafted = await draft_for(wanted, settings, store, environ, clock)
    for problem in (*drafted.refusals, *drafted.doubts):
        return problem
    project = read_project(settings, environ).project
    assert project is not None
    return project.routes[0]


async def _log_in(login: _Login, store: ConnectionStore, seconds: float) -> list[Check]:
    """Sign in, and take back what that left, also where the person ends it with Ctrl+C."""
    try:
        checks = await _signed_in(login, seconds)
    except asyncio.CancelledError:
        checks = [given_up()]
        if task := asyncio.current_task():
            task.uncancel()
    clients = [each for each in store.upstream_clients() if each.registered_by == "dcr"]
    return checks + [left(each.issuer, each.client_id, await deregister(each)) for each in clients]


async def _signed_in(login: _Login, seconds: float) -> list[Check]:
    exchange = login.route.token_exchange
    assert exchange is not None
    checks: list[Check] = []
    try:
        begun = await login.side.oauth.begin(login.route, Ticket(NOBODY, exchange.id, login.route.operation_id))
        login.open_page(begun.url)
        finished = await _finished(login, begun, f"/auth/connections/{exchange.id}/callback", seconds)
        checks.append(logged_in(begun.issuer, finished.connection.scope))
        try:
            checks.append(await _call(login, finished))
        finally:
            await login.side.oauth.disconnect(NOBODY, exchange.id)
    except TimeoutError:
        checks.append(not_back(begun.issuer, seconds))
    except Refused as reason:
        checks.append(refused(NAME, "signed in with a browser", reason.problem))
    return checks


async def _finished(login: _Login, begun: Begun, path: str, seconds: float) -> Finished:
    """Wait for the browser and redeem what it brought; an answer to anything else is not taken."""
    login.back.path = path
    login.back.wants = lambda answer: cookie_name_of(answer.get("state", "")) == begun.cookie_name
    answer = await login.back.answer(seconds)
    return await login.side.oauth.finish(login.route, answer, [begun.cookie])


async def _call(login: _Login, finished: Finished) -> Check:
    """Call the server with the token, which goes to the URL that was connected and along no redirect."""
    url = finished.connection.upstream_url
    outward = await outward_of(url, login.clock)
    headers = {"accept": ACCEPT, "authorization": f"Bearer {finished.connection.secrets.access_token}"}
    answer = await outward.own("POST", url, headers, json=initialize())
    if session := answer.headers.get("mcp-session-id", ""):
        await outward.own("DELETE", url, headers | {"mcp-session-id": session})
    claims = read_claims(finished.connection.secrets.access_token)
    return called(url, answer, login.owner, TokenKnown(is_fresh=True, audience=claims.audience))
