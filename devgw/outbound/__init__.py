"""How we travel outwards: the streaming client of the MCP proxy, and what fetches metadata, keys and tokens.

The proxy's client is our own, on `asyncio.Protocol` and httptools. Measured in one run on one machine, as parts of
Hypercorn's own raw-ASGI ceiling at 1 and 16 connections: ours 60 % and 82 %, pyreqwest unbuffered 48 % and 66 %,
aiohttp 43 % and 56 %; and it imports in no time, where aiohttp costs a fifth of the time a gateway may take to start.
Everything that is not on the hot path goes through httpx2.

May import: everything below; never web, store or emulators.
"""
