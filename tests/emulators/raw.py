"""Raw MCP requests of both eras, for what no client library would send or show."""

import json
from typing import Any

MODERN = "2026-07-28"
ACCEPT = "application/json, text/event-stream"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


def modern(method: str, **params: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return body and headers of a 2026-07-28 request."""
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    headers = {"Accept": ACCEPT, "MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    if method in NAMED:
        headers["Mcp-Name"] = params[NAMED[method]]
    return body, headers


def legacy(method: str, version: str | None = None, **params: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return body and headers of a request of the initialize era; without `version` no header names one."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return body, {"Accept": ACCEPT} | ({"MCP-Protocol-Version": version} if version else {})


def sse_messages(text: str) -> list[dict[str, Any]]:
    """Return the JSON messages of an SSE body."""
    lines = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")]
    return [json.loads(line) for line in lines if line]
