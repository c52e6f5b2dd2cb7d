"""What MCP says: JSON-RPC messages, their method and capability, the revision they speak, the bodies of errors.

Pure reading and writing of bytes. A body is parsed once per request and never rewritten here: clients and servers tell
the era of the other side from the exact bytes. A body that is no JSON is no problem of this package either: the proxy
relays it and the upstream says what it thinks of it.

May import: the ground.
"""

from devgw.mcp.message import Messages, read_messages

__all__ = ["Messages", "read_messages"]
