"""The ports between a client and somebody's MCP server: each request is checked, sent on, and its answer given back.

Everything goes out through the transport of the MCP proxy, since any of it may be a stream: it follows no redirect,
opens no private address that a public server's documents name, and ends in bounded time. What is written down of an
exchange is what the client and the real server said, in real URLs; what was changed in between stands in its notes.

A client that keeps the server's own URL comes by the forward proxy of a command (`forward_proxy`): `opened` is then
what a port is else, with the same legs and the same telling, `authority` shows certificates, and `pipe` and `unwatched`
carry what is not watched (`place`: where that leads). Nothing is swapped there.

Decided against: opening a tunnel by a second server on a port of its own, which every program of this machine could
reach without the credential; and HTTP/2 towards the client, which no MCP client needs.
"""
