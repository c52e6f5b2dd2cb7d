"""Bytes carried between two connections, as they are: nobody looks at them."""

import asyncio
import contextlib

from devgw.limits import Limits

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
"""One connection."""
_PIECE = 65_536


async def pipe(near: Ends, far: Ends, early: bytes = b"") -> None:
    """Carry bytes both ways until both sides have ended, or one has and the other says nothing for long.

    Args:
        near: the client; it stays open for whoever has it.
        far: the server; it is closed.
        early: what the client has sent already.
    """
    far[1].write(early)
    ways = {asyncio.ensure_future(_carry(near[0], far[1])), asyncio.ensure_future(_carry(far[0], near[1]))}
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(ways, timeout=Limits.IDLE_SECONDS)
    finally:
        for each in ways:
            each.cancel()
        await asyncio.wait(ways)
        far[1].transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way to their end; a side that is gone takes the other with it."""
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    except (OSError, RuntimeError):
        with contextlib.suppress(OSError, RuntimeError):
            writer.transport.abort()
