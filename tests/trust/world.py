"""The world around a gateway: a WorkOS, an MCP server and one with OAuth, in this process, and a project of routes."""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devgw.clock import SystemClock
from devgw.config.sample import sample_root
from devgw.emulators.upstream import create_app as create_upstream
from devgw.emulators.upstream_auth import UpstreamWithOAuth
from devgw.emulators.upstream_auth import create_app as create_with_oauth
from devgw.emulators.workos import Emulator, read_seed
from devgw.emulators.workos import create_app as create_workos
from tests.support.serving import listen, origin_of, serve
from tests.trust.hostile_answers import ANSWERS
from tests.trust.process import GatewayProcess, free_port
from tests.trust.sabotage import Sabotage


@dataclass
class World:
    """What stands around the gateway, and the gateway itself (not started)."""

    gateway: GatewayProcess
    workos: Emulator
    upstream_auth: UpstreamWithOAuth
    upstream_clock: SystemClock
    """The clock of the upstream with OAuth: moved ahead, its tokens are stale while the gateway thinks them good."""
    upstream_server: Sabotage
    """The app of the upstream with OAuth, which can go wrong in one path."""
    provider_server: Sabotage
    """The same of the WorkOS."""


@asynccontextmanager
async def world(
    *,
    routes: Mapping[str, str] | None = None,
    filtered: Collection[str] = (),
    access_seconds: int = 900,
    environ: Mapping[str, str] | None = None,
    **gateway: Any,
) -> AsyncIterator[World]:
    """Yield a world.

    Args:
        routes: More MCP routes by operation id, each in front of the given URL.
        filtered: Which of those have a capability filter, so that whole answers are read and rewritten.
        access_seconds: How long access tokens live.
        environ: Of the gateway's process, beside what makes it use this world.
        gateway: Of `GatewayProcess`.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trust-")))
        port = free_port()
        with listen() as plain, listen() as secured, listen() as provider:
            origins = [origin_of(each, "localhost") for each in (plain, secured, provider)]
            clock = SystemClock()
            auth = create_with_oauth(clock, origins[1])
            seed = read_seed(sample_root() / "emulators" / "workos.json")
            workos = Emulator(seed, origins[2], redirect_uris=[f"http://localhost:{port}/oauth/callback"])
            servers = Sabotage(auth), Sabotage(create_workos(workos))
            for app, on in ((create_upstream(SystemClock()), plain), (servers[0], secured), (servers[1], provider)):
                await stack.enter_async_context(serve(app, on=on))
        root = _write_project(folder / "project", origins[0], origins[1], routes or {}, filtered)
        _shorten(root / "config" / "policies.json", access_seconds)
        first = seed.environments[0]
        known = {
            "WORKOS_CLIENT_ID": first.client_id,
            "WORKOS_CLIENT_SECRET": first.api_key,
            "DEVGW_WORKOS_BASE_URL": origins[2],
            "DEVGW_EMULATORS_WORKOS": "false",
            "DEVGW_EMULATORS_UPSTREAM": "false",
        }
        process = GatewayProcess(root, known | dict(environ or {}), port=port, **gateway)
        stack.callback(process.kill)
        yield World(process, workos, auth, clock, *servers)


def _write_project(root: Path, plain: str, secured: str, more: Mapping[str, str], filtered: Collection[str]) -> Path:
    """Write the sample project with its routes led to these upstreams, and `more` routes beside them."""
    shutil.copytree(sample_root(), root)
    file = root / "config" / "routes.oas.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    paths = document["paths"]
    sample = paths["/mcp/sample"]["post"]
    for path, url in (("/mcp/sample", plain), ("/mcp/notes", secured)):
        _route(paths[path]["post"])["handler"]["options"]["rewritePattern"] = f"{url}/mcp"
    for name, url in more.items():
        copied = json.loads(json.dumps(sample)) | {"operationId": name, "summary": name}
        paths[f"/mcp/{name}"] = {"post": copied}
        _route(copied)["handler"]["options"]["rewritePattern"] = url
        if name in filtered:
            _route(copied)["policies"]["inbound"].append("filter")
    file.write_text(json.dumps(document), encoding="utf-8")
    if filtered:
        _add_filter(root / "config" / "policies.json")
    return root


def _route(operation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = operation["x-zuplo-route"]
    return found


def _add_filter(file: Path) -> None:
    """Write a policy that lets every capability of these names through, after reading the whole answer."""
    document = json.loads(file.read_text(encoding="utf-8"))
    handler = {"export": "McpCapabilityFilterInboundPolicy", "module": "$import(@zuplo/runtime/mcp-gateway)"}
    options = {"tools": ["echo", *ANSWERS]}
    policy = {
        "name": "filter",
        "policyType": "mcp-capability-filter-inbound",
        "handler": handler | {"options": options},
    }
    document["policies"].append(policy)
    file.write_text(json.dumps(document), encoding="utf-8")


def _shorten(file: Path, seconds: int) -> None:
    """Let access tokens live for `seconds`."""
    document = json.loads(file.read_text(encoding="utf-8"))
    document["policies"][0]["handler"]["options"]["gateway"]["accessTokenTtlSeconds"] = seconds
    file.write_text(json.dumps(document), encoding="utf-8")
