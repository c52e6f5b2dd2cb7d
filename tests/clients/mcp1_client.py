# It runs on mcp 1.x, in an interpreter of its own; the type checker knows mcp 2 alone.
# mypy: ignore-errors
"""A client on the official Python SDK 1.x: goes the whole way, is refreshed silently, returns once revoked.

`python mcp1_client.py MCP_URL REDIRECT_URI` prints each authorization URL on a line of its own (`AUTHORIZE …`), reads
the redirect from its standard input, and prints what it got. It asks for the revocation with `REVOKE` and waits.
"""

import asyncio
import json
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamablehttp_client
from mcp.shared.auth import OAuthClientMetadata

URL, REDIRECT_URI = sys.argv[1:]


class Memory:
    """Keeps what the SDK wants kept."""

    def __init__(self) -> None:
        self.tokens: Any = None
        self.client: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


def say(word: str, told: str = "") -> None:
    print(word, told, flush=True)


async def heard() -> str:
    return (await asyncio.to_thread(sys.stdin.readline)).strip()


async def open_browser(url: str) -> None:
    say("AUTHORIZE", url)


async def read_answer() -> tuple[str, str]:
    answer = parse_qs(urlsplit(await heard()).query)
    return answer["code"][0], answer["state"][0]


async def echo(auth: OAuthClientProvider, message: str) -> str:
    """Connect, list the tools, call one, and return what came."""
    async with (
        streamablehttp_client(URL, auth=auth) as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        tools = [tool.name for tool in (await session.list_tools()).tools]
        called = await session.call_tool("echo", {"message": message})
        return json.dumps({"tools": tools, "text": called.content[0].text})


async def main() -> None:
    metadata = OAuthClientMetadata(client_name="python sdk 1", redirect_uris=[REDIRECT_URI])
    auth = OAuthClientProvider(URL, metadata, Memory(), open_browser, read_answer)
    say("RESULT", await echo(auth, "hello"))
    auth.context.token_expiry_time = 1.0  # its token has expired, as far as it knows
    say("REFRESHED", await echo(auth, "again"))
    say("REVOKE")
    await heard()
    say("RETURNED", await echo(auth, "after all"))


asyncio.run(main())
