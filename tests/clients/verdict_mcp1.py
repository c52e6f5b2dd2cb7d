# It runs on mcp 1.x, in an interpreter of its own; the type checker knows mcp 2 alone.
# mypy: ignore-errors
"""A client on the official Python SDK 1.x that connects, lists the tools, and says how that ended.

`python verdict_mcp1.py MCP_URL REDIRECT_URI` prints each authorization URL (`AUTHORIZE …`), reads the redirect from its
standard input, and prints `VERDICT …`: `passes`, or the error in the SDK's words. A call (JSON) as a third argument is
made too, and is to be answered with `hello`.
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

URL, REDIRECT_URI, *CALL = sys.argv[1:]


class Memory:
    """Keeps what the SDK wants kept."""

    tokens = client = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


async def open_browser(url: str) -> None:
    print("AUTHORIZE", url, flush=True)


async def read_answer() -> Any:
    line = await asyncio.to_thread(sys.stdin.readline)
    answer = parse_qs(urlsplit(line.strip()).query)
    return answer.get("code", [""])[0], answer.get("state", [None])[0]


def innermost(error: BaseException) -> str:
    """Return what really failed, out of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


async def main() -> None:
    metadata = OAuthClientMetadata(client_name="verdict", redirect_uris=[REDIRECT_URI])
    auth = OAuthClientProvider(URL, metadata, Memory(), open_browser, read_answer)
    try:
        async with (
            streamablehttp_client(URL, auth=auth) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            await session.list_tools()
            for call in CALL:
                answer = await session.call_tool(**json.loads(call))
                assert "hello" in str(answer.content), answer
        print("VERDICT passes", flush=True)
    except BaseException as error:  # noqa: BLE001  whatever it says is its verdict
        print("VERDICT", innermost(error).replace("\n", " "), flush=True)


asyncio.run(main())
