"""Where an MCP route can stand: its URL is the resource that clients name, letter for letter."""

import re

_RESERVED = ("/.well-known", "/oauth", "/auth", "/mcp-registry", "/__zuplo", "/token", "/authorize", "/register")
_STRANGE = re.compile(r"[^A-Za-z0-9._~!$&'()+,;=@/-]")
"""What RFC 3986 §3.3 lets nobody write in a path as it stands, and escapes."""


def why_no_path(path: str) -> tuple[str, str] | None:
    """Return message and advice where no MCP route can stand at `path`; its URL is the resource that clients name."""
    if not path.startswith("/"):
        return "A path begins with a slash.", f'Write "/{path}".'
    if re.search(r"[{}*:?#]", path):
        return "The path of an MCP route is fixed: no parameters, no wildcards.", 'Write a path such as "/mcp/linear".'
    steps = path.split("/")[1:]
    plain = "/".join(each for each in steps if each not in ("", ".", ".."))
    if path != "/" and len(plain) != len(path) - 1:
        return "Clients and proxies may take empty or dotted steps out of a path.", f'Write "/{plain}".'
    if _STRANGE.search(path):
        message = "The path has characters that clients write in several ways, so that one address would be several."
        return message, "Write letters, digits and . _ ~ - between the slashes."
    return None


def is_reserved(path: str) -> bool:
    """Tell whether an endpoint of the gateway itself stands at `path`, or below it."""
    return path == "/" or any(path == each or path.startswith(each + "/") for each in _RESERVED)
