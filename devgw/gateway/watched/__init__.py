"""What stands between a client and somebody's MCP server: which port is whose, which documents are mended, whose code.

Each real origin has a local port of its own, and only the origin of URLs is swapped: paths, slashes and whatever does
not fit together stay as they are, so that a client passes or fails as it does without us. Decided against: one port
with a path for each origin. It was measured: a rewritten `resource` and `issuer` hide faults (an issuer that is another
one, a slash too many) and make new ones.

A client that comes by the forward proxy has the real URLs: there `WatchedOrigins` stands in place of `OriginMap`.

Nothing here asks anybody; `web.watched` carries it over HTTP. May import: oauth, events, problems, foreign, the ground.
"""
