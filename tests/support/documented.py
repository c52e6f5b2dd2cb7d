"""A client that is known by its metadata document."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.gateway import CALLBACK
from tests.support.serving import serve


@asynccontextmanager
async def documented_client(asked: asyncio.Event | None = None, may: asyncio.Event | None = None) -> AsyncIterator[str]:
    """Serve a client metadata document on loopback; the value is the client's id.

    Args:
        asked: is set when somebody reads it.
        may: is waited for until it is answered.
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        if asked is not None and may is not None:
            asked.set()
            await may.wait()
        client_id = f"http://{dict(scope['headers'])[b'host'].decode()}/client.json"
        document = {"client_id": client_id, "client_name": "Documented", "redirect_uris": [CALLBACK]}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(document).encode()})

    async with serve(app) as origin:
        yield f"{origin}/client.json"
