"""An upstream whose every answer is written in bytes, a gateway in front of it, and a client that has signed in."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from devgw.clock import SystemClock
from devgw.config.settings_file import read_settings
from devgw.wiring.reloading import Reloading
from tests.diagnosis.fixes.way import Client
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_upstreams import plain_project
from tests.support.bytes_upstream import Seen, bytes_upstream, response
from tests.support.gateway import running_gateway

Written = bytes | Callable[[Seen], bytes]


def result(**members: Any) -> bytes:
    """Return an answer to request 1, with a result where nothing else is said."""
    return response(json.dumps({"jsonrpc": "2.0", "id": 1} | (members or {"result": {"tools": []}})).encode())


GOOD = result()


@dataclass
class Upstream:
    """What it answers at each path; 404 at any other."""

    at: dict[str, Written] = field(default_factory=dict)
    origin: str = ""
    slow: float = 0
    """Seconds until it begins to answer."""
    closes: bool = False
    """Whether it closes the connection behind each answer."""
    seen: list[Seen] = field(default_factory=list)

    async def answer(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.seen.append(seen)
        await asyncio.sleep(self.slow)
        written = self.at.get(seen.line.split()[1], response(b"", status="404 Not Found"))
        writer.write(written(seen) if callable(written) else written)
        await writer.drain()
        if self.closes:
            writer.close()


@asynccontextmanager
async def upstream(at: Written = GOOD, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Upstream]:
    """Run an upstream that gives this answer at /mcp."""
    made = Upstream({"/mcp": at})
    async with bytes_upstream(made.answer, tls=tls) as running:
        made.origin = running.url.removesuffix("/mcp")
        yield made


@asynccontextmanager
async def signed_in(root: Path, url: str, *, signs_in: bool = True, **more: Any) -> AsyncIterator[Client]:
    """Run a gateway in front of `url`, with the settings that stand in `root`; yield a client that has its token."""
    clock = SystemClock()
    plain_project(root, url)
    settings = read_settings(root, {})[0]
    async with (
        running_gateway(root, clock=clock, settings=settings, **more) as running,
        httpx2.AsyncClient(timeout=20, headers={"user-agent": "python-httpx2/2"}) as http,
    ):
        client = Client(Watched(running, clock), http)
        if signs_in:
            await client.register()
            await client.redeem(await client.get_code())
        yield client


async def save(client: Client) -> None:
    """Let the gateway take what was written into its files."""
    assert await Reloading(client.gateway.running.runtime).reload()


async def repoint(client: Client, root: Path, url: str) -> None:
    """Write another rewritePattern, and save."""
    change_route(root, lambda route: route["handler"]["options"].update(rewritePattern=url))
    await save(client)


def change_route(root: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the gateway's part of the only route."""
    file = root / "config" / "routes.oas.json"
    document = json.loads(file.read_text())
    (path,) = document["paths"].values()
    change(path["post"]["x-zuplo-route"])
    file.write_text(json.dumps(document))


def add_policy(root: Path, name: str, kind: str, export: str, options: dict[str, Any]) -> None:
    """Declare a policy, and attach it to the only route as the last."""
    file = root / "config" / "policies.json"
    document = json.loads(file.read_text())
    handler = {"export": export, "module": "$import(@zuplo/runtime)", "options": options}
    document["policies"].append({"name": name, "policyType": kind, "handler": handler})
    file.write_text(json.dumps(document))
    change_route(root, lambda route: route["policies"]["inbound"].append(name))
