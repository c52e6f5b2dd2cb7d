"""The built-in client: registers, opens the browser, takes the code, and calls the route, for all faces to watch.

It speaks to the gateway over HTTP as any client does, so that its flow is a real one.
"""

import asyncio
import os
from typing import Any
from urllib.parse import urlencode

from devgw.control.actions import NotPossible
from devgw.entropy import token
from devgw.foreign.challenge import bearer_challenge
from devgw.foreign.json import read_object
from devgw.oauth.discovery import authorization_server_urls
from devgw.oauth.pkce import challenge_of
from devgw.outbound.client import Bounds, http_client
from devgw.platforms.here import here
from devgw.wiring.browser_callback import browser_callback
from devgw.wiring.runtime import Runtime

NAME = "devgw test client"
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
    runtime.supervisor.once("test client", _walk(runtime.urls.resource(route), opened))
    try:
        return await asyncio.wait_for(opened, FIRST_PAGE_SECONDS)
    except TimeoutError as error:
        raise NotPossible("The built-in client did not get as far as the sign-in page; its flow says why.") from error


async def _walk(mcp_url: str, opened: "asyncio.Future[str]") -> None:
    async with browser_callback() as back, http_client(Bounds(ANSWER_SECONDS), user_agent="devgw-test-client") as http:
        verifier, state = token("cv_"), token("st_")
        back.wants = lambda answer: answer.get("state") == state
        callback, back.title = f"http://127.0.0.1:{back.port}{back.path}", "Back to the dashboard"
        metadata = await _discover(http, mcp_url)
        client_id = await _register(http, metadata, callback)
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": callback,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "state": state,
            "resource": mcp_url,
        }
        url = f"{metadata['authorization_endpoint']}?{urlencode(asked)}"
        opened.set_result(url)
        await asyncio.to_thread(here().open_page, url, os.environ)
        answer = await back.answer(PATIENCE_SECONDS)
        if "code" not in answer:
            return
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "client_id": client_id,
            "redirect_uri": callback,
            "code_verifier": verifier,
            "resource": mcp_url,
        }
        tokens = read_object((await http.post(metadata["token_endpoint"], data=form)).content)
        if "access_token" in tokens:
            await _call(http, mcp_url, tokens["access_token"])


async def _register(http: Any, metadata: dict[str, Any], callback: str) -> str:
    document = {"client_name": NAME, "redirect_uris": [callback], "token_endpoint_auth_method": "none"}
    answer = await http.post(metadata["registration_endpoint"], json=document)
    return str(read_object(answer.content)["client_id"])


async def _discover(http: Any, mcp_url: str) -> dict[str, Any]:
    """Walk from the challenge to the authorization server's metadata, as every client does."""
    challenge = await http.post(mcp_url, json=_message("tools/list"))
    named = bearer_challenge([challenge.headers["www-authenticate"]])
    resource = read_object((await http.get(named.resource_metadata if named else "")).content)
    url = authorization_server_urls(resource["authorization_servers"][0])[0]
    return read_object((await http.get(url)).content)


async def _call(http: Any, mcp_url: str, access_token: str) -> None:
    headers = {"authorization": f"Bearer {access_token}", "accept": "application/json, text/event-stream"}
    await http.post(mcp_url, json=_message("tools/list"), headers=headers)


def _message(method: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}
