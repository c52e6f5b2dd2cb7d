"""The built-in client: registers, opens the browser, takes the code, and calls the route, for all faces to watch.

It speaks to the gateway over HTTP as any client does, so that its flow is a real one.
"""

import asyncio
import contextlib
import os

from devgw.clock import Clock
from devgw.control.actions import NotPossible
from devgw.outbound.built_in.calling import McpSession
from devgw.outbound.built_in.login import USER_AGENT, BuiltInClient, StepRefused
from devgw.outbound.client import Bounds, http_client
from devgw.platforms.here import here
from devgw.wiring.browser_callback import browser_callback
from devgw.wiring.runtime import Runtime

PATIENCE_SECONDS = 300
ANSWER_SECONDS = 30
FIRST_PAGE_SECONDS = 10


async def begin_sign_in(runtime: Runtime, operation_id: str) -> str:
    """Start the walk on a route (the first one where empty) and return the URL at which the person signs in.

    The browser is opened where there is one; over SSH the URL is what helps. The walk goes on by itself.

    Raises:
        NotPossible: where there is no such route, or the walk ends before its first page.
    """
    routes = runtime.gateway.project.routes
    route = next((each for each in routes if operation_id in ("", each.operation_id)), None)
    if route is None:
        raise NotPossible(f"There is no route {operation_id}.")
    opened: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    walk = _walk(runtime.urls.resource(route), runtime.clock, opened)
    runtime.supervisor.once("test client", walk)
    try:
        return await asyncio.wait_for(opened, FIRST_PAGE_SECONDS)
    except TimeoutError as error:
        raise NotPossible("The built-in client did not get as far as the sign-in page; its flow says why.") from error


async def _walk(mcp_url: str, clock: Clock, opened: "asyncio.Future[str]") -> None:
    async with browser_callback() as back, http_client(Bounds(ANSWER_SECONDS), user_agent=USER_AGENT) as http:
        client = BuiltInClient(http, mcp_url, clock)
        try:
            asked = await client.ask(f"http://127.0.0.1:{back.port}{back.path}")
        except StepRefused as refused:
            opened.set_exception(NotPossible(f"The built-in client was refused before the sign-in page: {refused}"))
            return
        back.wants, back.title = lambda answer: answer.get("state") == asked.state, "Back to the dashboard"
        opened.set_result(asked.url)
        await asyncio.to_thread(here().open_page, asked.url, os.environ)
        try:
            answer = await back.answer(PATIENCE_SECONDS)
        except TimeoutError:  # nobody signed in, which is no fault of ours: its flow says how far it came
            return
        with contextlib.suppress(StepRefused):  # its flow says which step, and why
            login = await client.redeem(asked, answer)
            session = McpSession(http, mcp_url, login.access_token)
            await session.open()
            await session.tools()
