"""The sample MCP server: something worth calling behind a gateway that was just installed, offline, in both MCP eras.

It owns the answers on its own origin (`http://localhost:9002/mcp` unless told otherwise): revisions 2025-03-26 to
2025-11-25 with `initialize`, and 2026-07-28 without. It may import `clock` and `entropy` alone of ours, and it is
reached over HTTP only. It asks for no credential: its sibling `upstream_auth` does.

    app = create_app(clock)      # an ASGI app
    app.close()                  # ends every open stream at once: call it before the server is told to stop

It speaks MCP by code of its own, which shares nothing with the gateway's: the gateway is held against the official SDK
and its conformance suite by the tests, and this server by the official clients of both eras.

Decided against:

- The official SDK (`mcp`): it speaks more than the tools here need, at 29 MB of an idle gateway's memory (108 MB
  where it has 79), 1-2 s of somebody's first call unless it is imported while nobody waits, and code for that.
- Sessions: a gateway that forwards POST alone (the default, as deployed) would lose them. Each request of the older
  era is served for itself, so nothing here asks the client back except by `input_required` on 2026-07-28.
- A child process: 65 MB more on the machine, and one more thing to stop.
"""

from devgw.emulators.upstream.server import SampleServer, create_app

__all__ = ["SampleServer", "create_app"]
