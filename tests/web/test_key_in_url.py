"""A key that stands in the URL of a route's upstream is told to no client of that route."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from tests.support.gateway import mcp_request, running_gateway
from tests.support.oidc import mcp_route, oidc_provider, write_oidc_project
from tests.support.serving import serve

KEY = "written-out-key-1"


async def echoing(scope: Any, receive: Any, send: Any) -> None:
    """Refuse each call, and say its query again."""
    if scope["type"] != "http":
        return
    await receive()
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"not taken: " + scope["query_string"]})


@pytest.mark.parametrize("name", ["api_key", "token", "access_token", "apiKey"])
async def test_a_key_in_the_query_of_an_upstream_is_in_no_answer_to_a_client(tmp_path: Path, name: str) -> None:
    async with oidc_provider(SystemClock()) as provider, serve(echoing) as origin:
        routes = write_oidc_project(tmp_path, provider) / "config" / "routes.oas.json"
        open_route = mcp_route("sign-in", f"{origin}/mcp?{name}={KEY}", "open")
        open_route["post"]["x-zuplo-route"]["policies"]["inbound"] = []
        document = json.loads(routes.read_text())
        document["paths"]["/mcp/open"] = open_route
        routes.write_text(json.dumps(document))
        async with running_gateway(tmp_path) as gateway, httpx2.AsyncClient(timeout=20) as http:
            answer = await http.post(gateway.at("/mcp/open"), json=mcp_request("tools/list"))
    assert "answered 401" in answer.text
    assert KEY not in answer.text
