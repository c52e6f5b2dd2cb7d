"""The sample MCP server that wants a token, with an authorization server of its own: an upstream for the second layer.

It owns one origin (`http://localhost:9003` unless told otherwise): the MCP server at `/mcp` (the tools of `upstream`,
behind a bearer token), its protected resource metadata, and an OAuth 2.1 authorization server (RFC 8414, 7591, 7009,
8707, 9207; PKCE S256; client metadata documents from loopback or https) whose approve page takes one click. Everything
is in memory. It may import `clock`, `entropy`, `foreign.text` and `foreign.pieces` of ours, and its sibling `upstream`.

    upstream = create_app(clock, origin="http://localhost:9003")
    upstream.faults.set(Fault.NO_S256)              # or POST /__emulator/faults {"name": "no_s256"}
    upstream.close()                                # ends every open stream at once, before the server is told to stop

It is strict where clients are careless (`resource` at authorize and token, exact redirect URIs but for a loopback port,
one use of a code, rotation with replay detection), and breaks on request in the ways in which real upstreams do: see
`faults.Fault`. `POST /__emulator/revoke` plays the person who takes the connection back in the upstream's own settings.

Decided against: Authlib, which the gateway stands on: the two would agree on the same mistakes. `form-action` in the
approve page's policy: Chrome applies it to every redirect that follows, and the last may lead to `cursor://`. A login:
the page asks as whom to approve, so that two people's connections can be told apart without one.
"""

from devgw.emulators.upstream_auth.app import UpstreamWithOAuth, create_app
from devgw.emulators.upstream_auth.faults import SampleFault, SetFaults

__all__ = ["SampleFault", "SetFaults", "UpstreamWithOAuth", "create_app"]
