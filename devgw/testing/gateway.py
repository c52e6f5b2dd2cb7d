"""The gateway of a test: its process, and what a test does with it."""

import asyncio
import contextlib
import os
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from devgw.clock import SystemClock
from devgw.config.emulator import NAMES_OF_WORKOS
from devgw.control.client import Lost, ask_once, snapshot_once, welcome_once
from devgw.control.messages import CaseView, ConfigView, FlowRow, GatewayFacts, RouteRow, WhyDetail
from devgw.outbound.built_in.calling import McpSession
from devgw.outbound.built_in.login import USER_AGENT
from devgw.outbound.client import http_client
from devgw.platforms.own_program import own_command
from devgw.problems import Refused
from devgw.wiring.own_client import OwnClient

T = TypeVar("T")
_SECONDS = 30.0
"""Until a gateway that was started has to answer."""
_END_SECONDS = 10.0
_PAUSE_SECONDS = 0.02
_OURS = "DEVGW_"
_STDIN = 0
"""Where the gateway hears that whoever runs it has ended, killed or not."""


class GatewayFailed(Exception):  # noqa: N818  it reads as what happened
    """The gateway did not start, or refused what a test asked of it; the text says why."""


class GatewayUnderTest:
    """A gateway that runs, and everything a test may do with it; each method waits until it is done."""

    def __init__(self, facts: GatewayFacts, state_dir: Path, routes: list[RouteRow]) -> None:
        self.origin = facts.origin
        self.state_dir = state_dir
        self._routes = routes

    def url(self, route: str = "") -> str:
        """Return the URL of a route, named by its path, the last part of that, or its operation id; else the first one.

        Raises:
            GatewayFailed: where there is no such route.
        """
        return self._route(route).url

    def token(self, route: str = "", person: str = "ada") -> str:
        """Return an access token of a person for a route: for a client of the test's own.

        Raises:
            StepRefused: where the login is refused, with the words of who did.
        """
        return self._with_session(route, person, _token)

    def tools(self, route: str = "", person: str = "ada") -> list[dict[str, Any]]:
        """Return the tools of a route as somebody sees them; raises what `token` does."""
        return self._with_session(route, person, McpSession.tools)

    def call(self, route: str, tool: str, /, person: str = "ada", **arguments: Any) -> dict[str, Any]:
        """Call a tool as a person, who signs in first, and return its result; raises what `token` does."""
        return self._with_session(route, person, lambda session: session.call(tool, arguments))

    def set_fault(self, name: str, times: int = 1, seconds: float = 1.0) -> None:
        """Let something go wrong at an emulator (`devgw fault` lists what), so often; 0 until `clear_faults`.

        Raises:
            GatewayFailed: where there is no such fault.
        """
        self._ask("set_fault", fault=name, times=times, seconds=seconds)

    def clear_faults(self) -> None:
        """Let nothing go wrong on purpose any more."""
        self._ask("clear_faults")

    def travel(self, by: timedelta) -> None:
        """Move the clock of gateway and emulators forwards, so that what lives that long expires."""
        self._ask("travel", seconds=by.total_seconds())

    def why(self) -> list[CaseView]:
        """Return what went wrong, the newest certain failure first: `case.diagnoses[0].id`, `.cause`, `.fix`."""
        return WhyDetail.from_json(self._ask("inspect", kind="why", id="newest")).cases

    def flows(self) -> list[FlowRow]:
        """Return the flows so far."""
        return wait(snapshot_once(self.state_dir, ["flow"])).of("flow", FlowRow)

    def _route(self, wanted: str) -> RouteRow:
        for each in self._routes:
            if wanted in {"", each.path, each.url, each.operation_id, each.path.rpartition("/")[2]}:
                return each
        known = ", ".join(each.path for each in self._routes)
        raise GatewayFailed(f"There is no MCP route {wanted}; there are: {known or 'none'}.")

    def _with_session(self, route: str, person: str, work: Callable[[McpSession], Awaitable[T]]) -> T:
        found = self._route(route)
        client = OwnClient(
            found.url, self.origin, found.is_protected, person, self.state_dir, SystemClock(), lambda _url: None
        )

        async def worked() -> T:
            async with http_client(user_agent=USER_AGENT) as http:
                return await work(await client.session(http))

        return wait(worked())

    def _ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        answer = wait(ask_once(self.state_dir, command, **arguments))
        if not answer.ok:
            raise GatewayFailed(" ".join(filter(None, (answer.explanation, answer.hint))))
        return answer.result


@contextmanager
def run_gateway(project: str | Path | None = None, **environ: str) -> Iterator[GatewayUnderTest]:
    """Run a gateway until the block ends, or this process does, however that is.

    Args:
        project: the folder of a project; the sample without one.
        environ: variables for it, such as `DEVGW_PROXY_STATEFUL="true"`; the shell's own are left out, of
            that kind and those of a WorkOS account, at which the sample would sign in.

    Raises:
        GatewayFailed: where it does not start, with what it printed.
    """
    with tempfile.TemporaryDirectory(prefix="devgw-test-") as folder:
        state_dir, log = Path(folder, "state"), Path(folder, "log")
        options = ("--headless", "--port=0", f"--parent-pipe={_STDIN}", f"--state-dir={state_dir}")
        command = own_command("up", *options, "--", str(project or folder))
        with log.open("wb") as printed:
            process = subprocess.Popen(  # noqa: S603  this program itself
                command, stdin=subprocess.PIPE, stdout=printed, stderr=printed, env=gateway_environ(environ)
            )
        assert process.stdin is not None
        try:
            facts = _started(process, state_dir, log)
            views = wait(snapshot_once(state_dir, ["config"])).of("config", ConfigView)
            routes = [each for view in views for each in view.routes if each.url]
            yield GatewayUnderTest(facts, state_dir, routes)
        finally:
            process.terminate()
            process.stdin.close()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def gateway_environ(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the gateway: what a developer's shell sets for theirs is not this one's."""
    own = {name: value for name, value in os.environ.items() if not _is_of_theirs(name)}
    return own | {f"{_OURS}EMULATORS_TAKES_CALLBACK": "true"} | dict(given)


def _is_of_theirs(name: str) -> bool:
    """Tell whether a variable is there for the gateway that a developer runs, or for the account that it signs in at.

    Names of variables know no case on some systems.
    """
    return name.upper().startswith(_OURS) or name.upper() in NAMES_OF_WORKOS


def _started(process: "subprocess.Popen[bytes]", state_dir: Path, log: Path) -> GatewayFacts:
    facts = wait(_until_it_answers(process, state_dir))
    if facts is None:
        why = "It did not answer in time." if process.poll() is None else f"It ended with {process.returncode}."
        raise GatewayFailed(f"{why} It printed:\n{log.read_text('utf-8', 'replace').strip() or 'nothing'}")
    return facts


async def _until_it_answers(process: "subprocess.Popen[bytes]", state_dir: Path) -> GatewayFacts | None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS):
            while process.poll() is None:
                try:
                    return (await welcome_once(state_dir)).gateway
                except (Refused, Lost, OSError):
                    await asyncio.sleep(_PAUSE_SECONDS)
    return None


def wait(work: Coroutine[Any, Any, T]) -> T:
    """Return what some work comes to, also where a loop runs already: in a test that is a coroutine."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _token(session: McpSession) -> str:
    return session.access_token
