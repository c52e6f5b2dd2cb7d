"""How we travel outwards: the streaming client of the MCP proxy, and what fetches metadata, keys and tokens.

The proxy's client is our own, on `asyncio.Protocol`, with a reader of HTTP/1.1 answers that refuses what two programs
could frame differently:

    proxy     requests out, answers in, each failure a problem
    dialer    new connections: TLS, the environment's proxies (`tunnel`), addresses to which a redirect may lead
    far_end   where a tunnel of a watched command leads that is not opened: bytes alone
    pool      kept connections, each for one owner (subject, token, credential) and target
    exchange  one answer on its way; `head` and `framing` read it, `connection` decides whether it lives on

Measured against libraries that are well kept, in one run on one machine, as the calls per second that the whole gateway
answers with each in this place (ours 100 %), at 1 and 16 connections: pyreqwest 84 % and 89 %, aiohttp 63-75 % and
72-91 %, httpcore2 60 % and 47 %, httpx2 49 % and 45 %. aiohttp needs 215 ms to be imported, a quarter of what a start
may take. pyreqwest is fast enough; what decides is what they do. Both kept the connection after a 415 to a request with
a body, which is how one caller's body became another's answer, and after interim answers; pyreqwest took an answer with
Content-Length and Transfer-Encoding and one with two lengths; aiohttp took folded headers and went on after bytes
behind the end; both took bare line feeds. Neither parts its connections by owner but by a client for each, nor can be
told per answer that a connection is not to be kept.

Everything that is not on the hot path goes through httpx2, and through one maker of its clients:

    client    time, bytes (packed and unpacked), no redirect, no connection kept; `bounded` is the transport under it
    network   how much of an answer comes over the wire, with its framing, and from which addresses
    guard     where a foreign document may send us; asked on each address and on the connected peer
    proxies   the environment's proxies; never for this machine
    trust     the system's authorities and the environment's, for the MCP proxy too

Decided against: keeping connections here. A login or a connection asks three to eight times; a kept connection would
have to be judged, bounded and owned anew for each of them, to save one handshake.

May import: everything below; never web, store or emulators.
"""
