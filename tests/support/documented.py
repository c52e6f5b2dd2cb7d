"""A client that is known by its metadata document."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.gateway import CALLBACK
from tests.support.serving import serve


@asynccontextmanager
async def documented_client() -> AsyncIterator[str]:
    """Serve a client metadata document on loopback; the value is the client's id."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        client_id = f"http://{dict(scope['headers'])[b'host'].decode()}/client.json"
        document = {"client_id": client_id, "client_name": "Documented", "redirect_uris": [CALLBACK]}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(document).encode()})

    async with serve(app) as origin:
        yield f"{origin}/client.json"
