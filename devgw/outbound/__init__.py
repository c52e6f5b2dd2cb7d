"""How we travel outwards: the streaming client of the MCP proxy, and what fetches metadata, keys and tokens.

The proxy's client is our own, on `asyncio.Protocol` and httptools. Measured in one run on one machine, as parts of
Hypercorn's own raw-ASGI ceiling at 1 and 16 connections: ours 60 % and 82 %, pyreqwest unbuffered 48 % and 66 %,
aiohttp 43 % and 56 %; and it imports in no time, where aiohttp costs a fifth of the time a gateway may take to start.
Everything that is not on the hot path goes through httpx2, and through one maker of its clients:

    client    time, bytes (packed and unpacked), no redirect, no connection kept; `bounded` is the transport under it
    guard     where a foreign document may send us; asked on each address and on the connected peer
    proxies   the environment's proxies; never for this machine
    trust     the system's authorities and the environment's, for the MCP proxy too

Decided against: keeping connections here. A login or a connection asks three to eight times; a kept connection would
have to be judged, bounded and owned anew for each of them, to save one handshake.

May import: everything below; never web, store or emulators.
"""
