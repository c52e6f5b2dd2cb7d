"""The ports between a client and somebody's MCP server: each request is checked, sent on, and its answer given back.

Everything goes out through the transport of the MCP proxy, since any of it may be a stream: it follows no redirect,
opens no private address that a public server's documents name, and ends in bounded time. What is written down of an
exchange is what the client and the real server said, in real URLs; what was changed in between stands in its notes.
"""
