# It runs in an interpreter of its own, with the frameworks and the mcp 1.x that they want.
# mypy: ignore-errors
# ruff: noqa: PLC0415  only the framework that is asked for is imported
"""One call of `echo` through a Python framework, with the SDK's sign-in.

`python framework.py FRAMEWORK MCP_URL MESSAGE [SECONDS]` prints what came back, also of a call so many seconds later.

It opens the browser that $BROWSER names, and keeps tokens and registration in `tokens.json` beside where it runs.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

FRAMEWORK, URL, MESSAGE, *LATER = sys.argv[1:]
KEPT = Path("tokens.json")


class Kept:
    """Keeps what the SDK wants kept."""

    def _read(self) -> dict[str, Any]:
        return json.loads(KEPT.read_text()) if KEPT.exists() else {}

    def _write(self, name: str, value: Any) -> None:
        KEPT.write_text(json.dumps(self._read() | {name: value.model_dump(mode="json", exclude_none=True)}))

    async def get_tokens(self) -> OAuthToken | None:
        kept = self._read().get("tokens")
        return OAuthToken.model_validate(kept) if kept else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self._write("tokens", tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        kept = self._read().get("client")
        return OAuthClientInformationFull.model_validate(kept) if kept else None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._write("client", client_info)


class Callback(BaseHTTPRequestHandler):
    """Takes the answer of the authorization server."""

    answer: dict[str, list[str]] = {}  # noqa: RUF012  one answer for the one server

    def do_GET(self) -> None:
        Callback.answer = parse_qs(urlsplit(self.path).query)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def provider() -> OAuthClientProvider:
    server = HTTPServer(("127.0.0.1", 0), Callback)
    callback = f"http://127.0.0.1:{server.server_port}/callback"

    async def open_browser(url: str) -> None:
        await asyncio.to_thread(subprocess.run, [os.environ["BROWSER"], url], check=True)

    async def wait() -> tuple[str, str | None]:
        await asyncio.to_thread(server.handle_request)
        return Callback.answer["code"][0], Callback.answer["state"][0]

    metadata = OAuthClientMetadata(client_name=f"{FRAMEWORK} program", redirect_uris=[callback])
    return OAuthClientProvider(URL, metadata, Kept(), open_browser, wait)


Call = Callable[[], Awaitable[Any]]


async def twice(call: Call) -> None:
    """Call, and once more where that is asked for."""
    print(await call())
    for seconds in LATER:
        await asyncio.sleep(float(seconds))
        print("AND AGAIN", await call())


async def langchain() -> None:
    from langchain_mcp_adapters.client import MultiServerMCPClient

    client = MultiServerMCPClient({"server": {"transport": "streamable_http", "url": URL, "auth": provider()}})
    tools = await client.get_tools()
    echo = next(each for each in tools if each.name == "echo")
    await twice(lambda: echo.ainvoke({"message": MESSAGE}))


async def openai_agents() -> None:
    from agents.mcp import MCPServerStreamableHttp

    async with MCPServerStreamableHttp(params={"url": URL, "auth": provider(), "timeout": 60}) as server:
        await twice(lambda: server.call_tool("echo", {"message": MESSAGE}))


async def pydantic_ai() -> None:
    from pydantic_ai.mcp import MCPToolset

    async with MCPToolset(URL, auth=provider()) as toolset:
        await twice(lambda: toolset.direct_call_tool("echo", {"message": MESSAGE}))


async def strands() -> None:
    from mcp.client.streamable_http import streamablehttp_client
    from strands.tools.mcp import MCPClient

    client = MCPClient(lambda: streamablehttp_client(URL, auth=provider()), startup_timeout=60)
    await asyncio.to_thread(client.__enter__)
    await twice(lambda: asyncio.to_thread(client.call_tool_sync, "1", "echo", {"message": MESSAGE}))
    await asyncio.to_thread(client.__exit__, None, None, None)


async def fastmcp() -> None:
    from fastmcp import Client
    from fastmcp.client.auth import OAuth
    from key_value.aio.stores.filetree import FileTreeStore, FileTreeV1KeySanitizationStrategy

    kept = Path("kept")
    kept.mkdir(exist_ok=True)  # noqa: ASYNC240  nothing else runs yet
    names = FileTreeV1KeySanitizationStrategy(kept)
    auth = OAuth(token_storage=FileTreeStore(data_directory="kept", key_sanitization_strategy=names))
    async with Client(URL, auth=auth) as client:
        await twice(lambda: client.call_tool("echo", {"message": MESSAGE}))


async def mcp_use() -> None:
    from mcp_use import MCPClient

    client = MCPClient.from_dict({"mcpServers": {"server": {"url": URL, "auth": {}}}})
    session = await client.create_session("server")
    await twice(lambda: session.call_tool("echo", {"message": MESSAGE}))
    await client.close_all_sessions()


CALLS = {each.__name__: each for each in (langchain, openai_agents, pydantic_ai, strands, fastmcp, mcp_use)}
asyncio.run(CALLS[FRAMEWORK]())
