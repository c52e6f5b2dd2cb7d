"""A client on the official Python SDK 2 that connects, lists the tools, and says how that ended, as `verdict_mcp1.py`.

It is a program, so that it can be given an environment of its own.
"""

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata
from pydantic import AnyUrl

from tests.support.sdk_memory import Memory

URL, REDIRECT_URI, *CALL = sys.argv[1:]


async def open_browser(url: str) -> None:
    print("AUTHORIZE", url, flush=True)


async def read_answer() -> AuthorizationCodeResult:
    line = await asyncio.to_thread(sys.stdin.readline)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(line.strip()).query).items()}
    return AuthorizationCodeResult(code=answer.get("code", ""), state=answer.get("state"), iss=answer.get("iss"))


def innermost(error: BaseException) -> str:
    """Return what really failed, out of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


async def main() -> None:
    metadata = OAuthClientMetadata(client_name="verdict", redirect_uris=[AnyUrl(REDIRECT_URI)])
    auth = OAuthClientProvider(URL, metadata, Memory(), open_browser, read_answer)
    try:
        async with (
            httpx2.AsyncClient(auth=auth, timeout=10) as http,
            Client(streamable_http_client(URL, http_client=http)) as client,
        ):
            await client.list_tools()
            for call in CALL:
                answer = await client.call_tool(**json.loads(call))
                assert "hello" in str(answer.content), answer
        print("VERDICT passes", flush=True)
    except BaseException as error:  # noqa: BLE001  whatever it says is its verdict
        print("VERDICT", innermost(error).replace("\n", " "), flush=True)


asyncio.run(main())
