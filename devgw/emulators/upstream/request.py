"""One MCP request as it came over HTTP, in either era; or the reason why it is none.

Source: MCP 2026-07-28 basic/transports (headers that mirror the body, statuses) and basic/index (`_meta`); MCP
2025-11-25 basic/transports.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from devgw.emulators.reader import read_json
from devgw.emulators.upstream.asgi import BODY_LIMIT, Scope, header

MODERN = "2026-07-28"
OLDER = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""The revisions with `initialize`, the newest first."""
META = "io.modelcontextprotocol/"
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603
HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION = -32020, -32021, -32022
RESOURCE_NOT_FOUND = -32002
"""Of the revisions with `initialize` alone (MCP 2025-11-25 server/resources)."""
STATUS = {METHOD_NOT_FOUND: 404} | dict.fromkeys(
    (PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS, HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION), 400
)
"""The HTTP status of an error in the modern era, and of what is no request in either; 200 where none stands here."""
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""The methods whose parameter of this name stands in `Mcp-Name` too."""


class RpcError(Exception):
    """A JSON-RPC error, to be answered."""

    def __init__(self, code: int, message: str, about: Any = None, request_id: str | int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id
        self.body = {"code": code, "message": message} | ({} if about is None else {"data": about})


@dataclass(frozen=True)
class McpRequest:
    """One request: its revision is its header's, or the newest with a handshake where it has none."""

    id: str | int
    method: str
    params: dict[str, Any]
    revision: str
    scope: Scope

    @property
    def is_modern(self) -> bool:
        """Tell whether it needs no handshake."""
        return self.revision == MODERN

    @property
    def meta(self) -> dict[str, Any]:
        """Return what it says about itself."""
        meta = self.params.get("_meta")
        return meta if isinstance(meta, dict) else {}

    def text(self, name: str) -> str:
        """Return a parameter that has to be a string."""
        return text_in(self.params, name)

    def object(self, name: str) -> dict[str, Any]:
        """Return a parameter that has to be an object, empty where it is not there."""
        value = self.params.get(name)
        if not isinstance(value, dict | None):
            raise RpcError(INVALID_PARAMS, f"`{name}` must be an object.")
        return value or {}


def text_in(params: dict[str, Any], name: str) -> str:
    """Return a member that has to be a string."""
    value = params.get(name)
    if not isinstance(value, str):
        raise RpcError(INVALID_PARAMS, f"`{name}` must be a string.")
    return value


def read_request(scope: Scope, body: bytes) -> McpRequest | None:
    """Return the request in a body; None for a notification or an answer, which nothing here waits for.

    Raises:
        RpcError: it is neither, or its headers say something else than its body.
    """
    try:
        message = read_json(body, BODY_LIMIT)
    except ValueError:
        raise RpcError(PARSE_ERROR, "The body is not JSON that can be read.") from None
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "The body must be one JSON-RPC 2.0 message.")
    method, params = message.get("method"), message.get("params", {})
    if "id" not in message or (method is None and message.keys() & {"result", "error"}):
        return None
    if not _is_id(message["id"]) or not isinstance(method, str) or not isinstance(params, dict):
        raise RpcError(INVALID_REQUEST, "A request has an id, a method, and params that are an object.")
    revision = header(scope, b"mcp-protocol-version") or OLDER[0]
    request = McpRequest(message["id"], method, params, revision, scope)
    if revision not in OLDER:
        _check_modern(request)
    return request


def _is_id(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _check_modern(request: McpRequest) -> None:
    """Refuse a request whose `_meta` lacks what it must have, or whose headers do not mirror its body."""
    stated = request.meta.get(f"{META}protocolVersion")
    if not isinstance(stated, str) or f"{META}clientCapabilities" not in request.meta:
        needed = f"params._meta must have {META}protocolVersion and {META}clientCapabilities."
        raise RpcError(INVALID_PARAMS, needed, request_id=request.id)
    mirrored: list[tuple[str, object]] = [("mcp-protocol-version", stated), ("mcp-method", request.method)]
    if request.method in _NAMED:
        mirrored.append(("mcp-name", request.params.get(_NAMED[request.method])))
    for name, value in mirrored:
        if [_decoded(each) for each in _all(request.scope, name)] != [value]:
            raise RpcError(HEADER_MISMATCH, f"The header {name} must say what the body says.", request_id=request.id)
    if stated != MODERN:
        about = {"supported": [MODERN], "requested": stated}
        raise RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", about, request.id)


def _all(scope: Scope, name: str) -> list[str]:
    return [value.decode("latin-1") for each, value in scope["headers"] if each == name.encode()]


def _decoded(value: str) -> str | None:
    """Return a header's value: what is no visible ASCII comes as base64 of UTF-8 between `=?base64?` and `?=`."""
    if not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
