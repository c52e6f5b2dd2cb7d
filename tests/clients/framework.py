# It runs in an interpreter of its own, with the frameworks and the mcp 1.x that they want.
# mypy: ignore-errors
# ruff: noqa: PLC0415  only the framework that is asked for is imported
"""One call of `echo` through a Python framework, with the SDK's sign-in.

`python framework.py FRAMEWORK MCP_URL MESSAGE` prints what came back.

It opens the browser that $BROWSER names, and keeps tokens and registration in `tokens.json` beside where it runs.
"""

import asyncio
import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

FRAMEWORK, URL, MESSAGE = sys.argv[1:]
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


async def langchain() -> Any:
    from langchain_mcp_adapters.client import MultiServerMCPClient

    client = MultiServerMCPClient({"server": {"transport": "streamable_http", "url": URL, "auth": provider()}})
    tools = await client.get_tools()
    return await next(each for each in tools if each.name == "echo").ainvoke({"message": MESSAGE})


async def openai_agents() -> Any:
    from agents.mcp import MCPServerStreamableHttp

    async with MCPServerStreamableHttp(params={"url": URL, "auth": provider(), "timeout": 60}) as server:
        return await server.call_tool("echo", {"message": MESSAGE})


async def pydantic_ai() -> Any:
    from pydantic_ai.mcp import MCPToolset

    async with MCPToolset(URL, auth=provider()) as toolset:
        return await toolset.direct_call_tool("echo", {"message": MESSAGE})


async def strands() -> Any:
    from mcp.client.streamable_http import streamablehttp_client
    from strands.tools.mcp import MCPClient

    def call() -> Any:
        with MCPClient(lambda: streamablehttp_client(URL, auth=provider()), startup_timeout=60) as client:
            return client.call_tool_sync("1", "echo", {"message": MESSAGE})

    return await asyncio.to_thread(call)


async def fastmcp() -> Any:
    from fastmcp import Client
    from fastmcp.client.auth import OAuth
    from key_value.aio.stores.filetree import FileTreeStore

    auth = OAuth(token_storage=FileTreeStore(data_directory="kept"))
    async with Client(URL, auth=auth) as client:
        return await client.call_tool("echo", {"message": MESSAGE})


CALLS = {each.__name__: each for each in (langchain, openai_agents, pydantic_ai, strands, fastmcp)}
print(asyncio.run(CALLS[FRAMEWORK]()))
