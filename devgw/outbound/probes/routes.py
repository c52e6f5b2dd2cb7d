"""MCP routes as a client sees them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from devgw.diagnosis.verdicts import Answer, Check
from devgw.diagnosis.verdicts.metadata import ShownMetadata, strict_eyes
from devgw.foreign.urls import UrlRefused, read_url
from devgw.oauth.discovery import authorization_server_urls, resource_metadata_urls
from devgw.outbound.probes.asking import Asker

ACCEPT = "application/json, text/event-stream"
ME: dict[str, Any] = {"name": "devgw-doctor", "version": "1"}
PREFLIGHT = {
    "origin": "http://localhost:6274",
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type, mcp-protocol-version",
}
"""What a browser asks before a page of another origin calls an MCP route."""


async def served(asker: Asker, url: str) -> ShownMetadata:
    """Return what an MCP route of the gateway shows to a client that has no token."""
    challenge, resource, preflight = await asyncio.gather(
        asker.ask("POST", url, {"accept": ACCEPT}, json=discover()),
        asker.ask("GET", resource_metadata_urls(url)[0]),
        asker.ask("OPTIONS", url, PREFLIGHT),
    )
    where = authorization_server_urls(_issuer_of(resource) or url)[0]
    return ShownMetadata(url, challenge, resource, await asker.ask("GET", where), preflight)


def _issuer_of(resource: Answer) -> str:
    """Return the first authorization server that a resource names; empty where that is no URL."""
    named = [each for each in resource.listed("authorization_servers")[:1] if isinstance(each, str)]
    try:
        return read_url(named[0]).text if named else ""
    except UrlRefused:
        return ""


async def examine_routes(asker: Asker, urls: Iterable[str]) -> AsyncIterator[Check]:
    """Yield what each client family makes of each route of the running gateway."""
    for shown in await asyncio.gather(*(served(asker, url) for url in urls)):
        for check in strict_eyes(shown):
            yield check


def discover() -> dict[str, Any]:
    """Return a request for `server/discover`."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": ME,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}}
