"""The servers: each a context that yields the URL, what `devgw up` is told beside it, and the call of its tool."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastmcp import FastMCP
from fastmcp.server.auth.auth import ClientRegistrationOptions
from fastmcp.server.auth.oauth_proxy import OAuthProxy
from fastmcp.server.auth.providers.debug import DebugTokenVerifier
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider

from tests.outbound.upstream import running_upstream
from tests.support.node import FOLDER, node_command
from tests.support.serving import listen, origin_of, serve

KEY = "k3y"
WORKERS = "@cloudflare/workers-oauth-provider"
ECHO = {"name": "echo", "arguments": {"message": "hello"}}
GREET = {"name": "greet", "arguments": {"name": "hello"}}
EXAMPLE = "dist/esm/examples/server/simpleStreamableHttp.js"
App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


@dataclass(frozen=True)
class Third:
    """A server that runs."""

    url: str
    call: dict[str, Any]
    told: tuple[str, ...] = ()


@asynccontextmanager
async def fastmcp(kind: str) -> AsyncIterator[Third]:
    """Serve FastMCP in this process: `open`, `in-memory`, `proxy` or `key`."""
    with listen() as socket:
        origin = origin_of(socket, "localhost")
        async with running_upstream() as upstream:
            auth: Any = None
            if kind == "in-memory":
                options = ClientRegistrationOptions(enabled=True)
                auth = InMemoryOAuthProvider(base_url=origin, client_registration_options=options)
            if kind == "proxy":
                auth = OAuthProxy(
                    upstream_authorization_endpoint=f"{upstream.origin}/authorize",
                    upstream_token_endpoint=f"{upstream.origin}/token",
                    upstream_client_id="c1",
                    upstream_client_secret="s",
                    token_verifier=DebugTokenVerifier(),
                    base_url=origin,
                    jwt_signing_key="x" * 40,
                    require_authorization_consent=False,
                )
            server = FastMCP("third", auth=auth)
            server.tool(_echo, name="echo")
            app: App = server.http_app(path="/mcp")
            keyed = kind == "key"
            async with serve(_with_key(app) if keyed else app, on=socket):
                yield Third(f"{origin}/mcp", ECHO, (f"--header=X-API-Key: {KEY}",) if keyed else ())


def _echo(message: str) -> str:
    """Say it again."""
    return message


def _with_key(app: App) -> App:
    async def asked(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or (b"x-api-key", KEY.encode()) in scope["headers"]:
            await app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b"no key"})

    return asked


@asynccontextmanager
async def example(folder: Path, *, is_open: bool) -> AsyncIterator[Third]:
    """Run the TypeScript SDK's example, open or with its own login."""
    command = node_command("@modelcontextprotocol/sdk", EXAMPLE) + ([] if is_open else ["--oauth"])
    port, other = _free_port(), _free_port()
    async with _running(command, port, folder, MCP_PORT=str(port), MCP_AUTH_PORT=str(other)):
        yield Third(f"http://localhost:{port}/mcp", GREET)


@asynccontextmanager
async def on_npm(folder: Path, kind: str, *packages: str) -> AsyncIterator[Third]:
    """Run a server of `third.mjs` on its packages."""
    node, *_ = (node_command(each, "package.json")[0] for each in ("@modelcontextprotocol/sdk", *packages))
    script, port = folder / "third.mjs", _free_port()
    script.write_text(Path(__file__).with_name("third.mjs").read_text())
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(FOLDER.resolve())
    async with _running([node, str(script), kind, str(port)], port, folder):
        yield Third(f"http://localhost:{port}/mcp", ECHO)


def _free_port() -> int:
    with listen() as listener:
        return int(listener.getsockname()[1])


@asynccontextmanager
async def _running(command: list[str], port: int, folder: Path, **environ: str) -> AsyncIterator[None]:
    with (folder / "server.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, env=os.environ | environ)
    try:
        async with asyncio.timeout(20):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("localhost", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        assert process.returncode is None, (folder / "server.log").read_text()[-500:]
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


SERVERS: dict[str, Callable[[Path], AbstractAsyncContextManager[Third]]] = {
    "FastMCP, sessions": lambda _: fastmcp("open"),
    "FastMCP, in-memory": lambda _: fastmcp("in-memory"),
    "FastMCP, OAuthProxy": lambda _: fastmcp("proxy"),
    "FastMCP behind an API key": lambda _: fastmcp("key"),
    "TypeScript example, open": lambda folder: example(folder, is_open=True),
    "TypeScript example, OAuth": lambda folder: example(folder, is_open=False),
    "2025-03-26": lambda folder: on_npm(folder, "2025-03-26", "express"),
    "oidc-provider": lambda folder: on_npm(folder, "oidc-provider", "oidc-provider"),
    "better-auth": lambda folder: on_npm(folder, "better-auth", "better-auth", "@better-auth/oauth-provider"),
    "workers-oauth-provider": lambda folder: on_npm(folder, WORKERS, WORKERS),
}
