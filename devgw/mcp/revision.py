"""Which revision of MCP a request speaks, and whether it is of the era without a handshake.

Source: MCP 2026-07-28 basic/versioning; 2025-06-18 introduced the header.
"""

from collections.abc import Mapping
from typing import Any

from devgw.mcp.message import Messages

MODERN = "2026-07-28"
"""The first revision without `initialize` and sessions; dates of revisions compare as strings."""
REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", MODERN)
META_VERSION = "io.modelcontextprotocol/protocolVersion"
META_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"


def revision_of(header: str, messages: Messages) -> str | None:
    """Return the revision: from MCP-Protocol-Version, else the request's `_meta`, else what `initialize` asks for.

    None means that nothing says so, which the specification reads as 2025-03-26.
    """
    if header:
        return header
    for item in messages.items:
        params = item.get("params")
        if isinstance(params, dict):
            found = meta_of(params).get(META_VERSION) or params.get("protocolVersion")
            if isinstance(found, str):
                return found
    return None


def is_modern(revision: str | None) -> bool:
    """Tell whether `revision` is one without a handshake."""
    return revision is not None and len(revision) == len(MODERN) and revision >= MODERN


def meta_of(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the `_meta` of a request's params, or an empty one."""
    meta = params.get("_meta")
    return meta if isinstance(meta, dict) else {}
