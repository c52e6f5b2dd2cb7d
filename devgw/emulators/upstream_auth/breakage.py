"""Answers that no upstream should give and some do: streams that never end, never begin, or break."""

import asyncio
import zlib

from devgw.emulators.upstream.asgi import Message, Receive, Send, drain

HTML_ERROR = """<!doctype html><html lang="en"><head><title>Bad Gateway</title></head>
<body><h1>Bad Gateway</h1><p>This page is what some upstreams answer where JSON belongs.</p></body></html>"""
CUT_HEADER = "X-Emulator-Cut"
"""Never sent: it tells the ASGI app to break the connection before the body."""
GZIP_WINDOW = 31
"""zlib's word for a gzip header around a full window."""
STREAM_HEAD: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")],
}


async def endless(receive: Receive, send: Send, pause: float | None) -> None:
    """Begin a stream and send a comment every `pause` seconds, or nothing more at all, until the client leaves."""
    await drain(receive)
    await send(STREAM_HEAD)
    await send({"type": "http.response.body", "body": b": begun\n\n", "more_body": True})
    if pause is None:
        await _until_left(receive)
        return
    async with asyncio.TaskGroup() as tasks:
        commenting = tasks.create_task(_comment(send, pause))
        await _until_left(receive)
        commenting.cancel()


async def silent(receive: Receive) -> None:
    """Take the request and say nothing until the client leaves."""
    await drain(receive)
    await _until_left(receive)


async def cut(receive: Receive, send: Send) -> None:
    """Begin an SSE event and break the connection: the answer is never finished."""
    await drain(receive)
    await send(STREAM_HEAD)
    await send({"type": "http.response.body", "body": b'event: message\ndata: {"jsonrpc":"2.0",', "more_body": True})


def compressed(send: Send) -> Send:
    """Return a `send` that gzips bodies as they come, without holding a stream back."""
    packer = zlib.compressobj(wbits=GZIP_WINDOW)

    async def send_compressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", []) if pair[0].lower() != b"content-length"]
            await send({**message, "headers": [*kept, (b"content-encoding", b"gzip")]})
            return
        is_last = not message.get("more_body", False)
        packed = packer.compress(message.get("body", b""))
        packed += packer.flush(zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH)
        await send({**message, "body": packed})

    return send_compressed


class Cut(Exception):  # noqa: N818  it reads as what happened
    """The connection is broken on purpose."""


def cut_where_marked(send: Send, mark: str) -> Send:
    """Return a `send` that raises `Cut` before the body of an answer with the header `mark`."""
    marked: list[Message] = []

    async def send_unless_marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if pair[0].lower() != mark.lower().encode()]
            if len(kept) < len(message["headers"]):
                marked.append(message)
            await send({**message, "headers": kept})
        elif marked:
            raise Cut
        else:
            await send(message)

    return send_unless_marked


async def _comment(send: Send, pause: float) -> None:
    while True:
        await asyncio.sleep(pause)
        await send({"type": "http.response.body", "body": b": still here\n\n", "more_body": True})


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
