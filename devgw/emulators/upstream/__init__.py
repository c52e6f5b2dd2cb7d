"""The sample MCP server: something worth calling behind a gateway that was just installed, offline, in both MCP eras.

It owns the answers on its own origin (`http://localhost:9002/mcp` unless told otherwise): revisions 2025-03-26 to
2025-11-25 with `initialize`, and 2026-07-28 without. It may import `clock` and `entropy` alone of ours, and it is
reached over HTTP only. It asks for no credential: its sibling `upstream_auth` does.

    app = create_app(clock)      # an ASGI app; the lifespan protocol must be on, as it is under Hypercorn and uvicorn
    app.close()                  # ends every open stream at once: call it before the server is told to stop

What speaks MCP is the official SDK (`mcp`), not code of our own. Importing it before the first answer would cost 0.4 s
of CPU beside Quart, Hypercorn and pydantic, and at the first call 1-2 s of somebody's patience. So `LazyApp` stands in
front: 4 ms and 0.3 MB, it binds at once, answers `GET /` by itself, and imports the SDK in a thread once the start is
over, while nobody waits; a request that comes earlier begins it, and other requests wait 80 ms at most meanwhile.
Measured (`tests/bench/first_call.py`): the first call takes 3 ms where it took 1,021; an idle gateway has 105 MB where
it had 77; the CPU until the first answer is the same. A gateway whose upstream is somewhere else never pays.

Decided against:

- Protocol code of our own: two eras, SSE, cancellation and `subscriptions/listen` come to more than all of this
  package, and an upstream that shares our misreadings would hide them.
- `MCPServer`, the SDK's decorators: its constructor calls `logging.basicConfig` with a handler that paints the
  gateway's log lines, and imports Rich for it (3 MB more). The low-level `Server` has no such side effect.
- Sessions: a gateway that forwards POST alone (the default, as deployed) would lose them. Each request of the older
  era is served for itself, so nothing here asks the client back except by `input_required` on 2026-07-28.
- A child process for the SDK: 65 MB more on the machine, and one more thing to stop.
"""

from devgw.emulators.upstream.lazy import LazyApp, create_app

__all__ = ["LazyApp", "create_app"]
