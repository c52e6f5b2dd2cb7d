"""What `devgw login`, `token` and `call` share: the route that is meant, and how a refusal ends them."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from devgw.cli.joining import fail, run, state_dir_of
from devgw.cli.printing import write_line, write_page

if TYPE_CHECKING:
    from devgw.monitor.views import RouteRow
    from devgw.wiring.own_client import OwnClient

T = TypeVar("T")
ANSWER_SECONDS = 120
"""That a tool has."""
_WHY = "`devgw why` names the fault, where it is one, and the change."
_EMULATED = frozenset({"workos-emulator", "dev-login"})
"""Providers whose people are made up: anybody may sign in as any of them."""

route_argument = click.argument("route", required=False, default="")
person_option = click.option(
    "--as", "person", metavar="WHO", help="Sign in without a browser, as this person of the emulator: a name, an email."
)


def client_at(directory: Path, route: str, person: str | None) -> "OwnClient":
    """Return the client for a route, named by its path, its last part, its operation id or its URL; or end.

    Without a name the first route is meant, as everywhere.
    """
    from devgw.clock import SystemClock  # noqa: PLC0415  `--help` must be quick
    from devgw.control.client import snapshot_once, welcome_once  # noqa: PLC0415  the same
    from devgw.monitor.views import ConfigView  # noqa: PLC0415  the same
    from devgw.wiring.own_client import OwnClient  # noqa: PLC0415  the same

    state_dir = state_dir_of(directory)
    facts = run(welcome_once(state_dir)).gateway
    if facts.watched_url:
        fail("This is a server that is only watched: its own clients sign in there.", "Use one of them.")
    if person is not None and facts.provider not in _EMULATED:
        fail(f"People sign in at {facts.provider}: --as is for those of the emulator.", "Leave --as out.")
    views: list[ConfigView] = run(snapshot_once(state_dir, ["config"])).of("config", ConfigView)
    found = _route([each for view in views for each in view.routes if each.url], route)
    return OwnClient(found.url, facts.origin, found.is_protected, person, state_dir, SystemClock(), _show)


def _route(routes: list["RouteRow"], wanted: str) -> "RouteRow":
    if not routes:
        fail("The gateway serves no MCP route.", "`devgw check` says why.")
    if not wanted:
        return routes[0]
    exact = [each for each in routes if wanted in {each.path, each.url, each.operation_id}]
    last = [each for each in routes if each.path.rpartition("/")[2] == wanted]
    if not (found := exact or last):
        fail(f"There is no MCP route {wanted}.", f"There are: {', '.join(each.path for each in routes)}.")
    return found[0]


def run_client(client: "OwnClient", work: Callable[[Any], Awaitable[T]]) -> T:
    """Do some work with a client of HTTP; where a step is refused, end with its words."""
    import httpx2  # noqa: PLC0415  `--help` must be quick

    from devgw.outbound.built_in.login import USER_AGENT, StepRefused  # noqa: PLC0415  the same
    from devgw.outbound.client import Bounds, http_client  # noqa: PLC0415  the same
    from devgw.wiring.own_client import PATIENCE_SECONDS  # noqa: PLC0415  the same

    async def worked() -> T:
        async with http_client(Bounds(ANSWER_SECONDS), user_agent=USER_AGENT) as http:
            return await work(http)

    try:
        return run(worked())
    except StepRefused as refused:
        fail(f"{str(refused).rstrip('.')}.", _WHY)
    except httpx2.TransportError as error:
        fail(f"{client.gateway} gave no answer: {error}.", "`devgw why` says whether it still runs.")
    except TimeoutError:
        fail(f"Nobody came back from the browser within {PATIENCE_SECONDS} s.", "Begin again, or sign in with --as.")


def _show(url: str) -> None:
    from devgw.platforms.here import here  # noqa: PLC0415  `--help` must be quick

    write_line("Sign in here; your browser opens it where there is one:", err=True)
    write_page(url, err=True)
    here().open_page(url, os.environ)
