"""What one HTTP exchange carried, read from its trace without ever raising."""

from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from devgw.diagnosis.urls import split_url
from devgw.events import Trace
from devgw.foreign.json import JsonRefused, read_object
from devgw.foreign.text import clean

LONGEST_ERROR = 16_384
"""Bytes beyond which an answer is not looked at as an error: those are short, and lists of tools are not."""
SHORT = 4_096
"""Bytes of a document that is worth keeping as it was read: metadata and registrations are such."""
LONGEST_NAME = 100
"""Characters of a client's name that are shown."""
CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
"""Where the revisions from 2026-07-28 on carry it, in each request."""
WELL_KNOWN = "/.well-known/"
RESOURCE_METADATA = "/.well-known/oauth-protected-resource"
SERVER_METADATA = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


def query(trace: Trace) -> dict[str, str]:
    """Return the parameters of the query, the first value of each."""
    return _first_values(trace.query)


def form(trace: Trace) -> dict[str, str]:
    """Return the parameters of a form-encoded request body, the first value of each."""
    if "form-urlencoded" not in trace.header(b"content-type"):
        return {}
    return _first_values(trace.request_body.content)


def request_json(trace: Trace) -> dict[str, Any]:
    """Return the request body as a JSON object, empty where it is none."""
    return _object(trace.request_body.content)


def client_info(trace: Trace) -> str:
    """Return what the client calls itself in an MCP message (`clientInfo.name`), cleaned and cut; empty for nothing."""
    params = request_json(trace).get("params")
    params = params if isinstance(params, dict) else {}
    meta = params.get("_meta")
    said = params.get("clientInfo") or (meta.get(CLIENT_INFO) if isinstance(meta, dict) else None)
    name = said.get("name") if isinstance(said, dict) else None
    return clean(name)[:LONGEST_NAME] if isinstance(name, str) else ""


def response_json(trace: Trace) -> dict[str, Any]:
    """Return the response body as a JSON object, empty where it is none."""
    return _object(trace.response_body.content)


def response_header(trace: Trace, name: bytes) -> str:
    """Return the first response header called `name` (lower case), or an empty string."""
    return next((value.decode("latin-1") for key, value in trace.response_headers if key == name), "")


def asked_url(trace: Trace) -> str:
    """Return the URL under which the client asked, without the query."""
    return f"{trace.scheme}://{trace.host or trace.header(b'host')}{trace.path}"


def is_resource_metadata(trace: Trace) -> bool:
    """Tell whether protected resource metadata was asked for (RFC 9728)."""
    return trace.method == "GET" and RESOURCE_METADATA in trace.path


def is_server_metadata(trace: Trace) -> bool:
    """Tell whether authorization server metadata was asked for (RFC 8414, OpenID Connect Discovery)."""
    return trace.method == "GET" and any(form in trace.path for form in SERVER_METADATA)


def ends_with(trace: Trace, method: str, *names: str) -> bool:
    """Tell whether the request is `method` on a path with one of `names` as its last word (`authorize`, `token`)."""
    path = trace.path.rstrip("/")
    return trace.method == method and any(path.endswith(f"/{name}") or f"/oauth/{name}/" in path for name in names)


def is_authorize(trace: Trace) -> bool:
    """Tell whether it is an authorization request."""
    return ends_with(trace, "GET", "authorize")


def is_token(trace: Trace) -> bool:
    """Tell whether it is a token request."""
    return ends_with(trace, "POST", "token")


def is_registration(trace: Trace) -> bool:
    """Tell whether it is a client registration."""
    return ends_with(trace, "POST", "register")


def is_revocation(trace: Trace) -> bool:
    """Tell whether it was sent to the revocation endpoint, by whatever method."""
    return ends_with(trace, trace.method, "revoke")


def is_preflight(trace: Trace) -> bool:
    """Tell whether a browser asks whether a page may send a request; an OPTIONS of anybody else is none."""
    return (
        trace.method == "OPTIONS"
        and bool(trace.header(b"origin"))
        and bool(trace.header(b"access-control-request-method"))
    )


class Asked(StrEnum):
    """By what a page of the browser's way was asked for."""

    BY_NAVIGATION = "navigation"
    BY_SCRIPT = "script"
    """A page's own: fetch(), XMLHttpRequest, or a part of it such as an image."""
    IN_FRAME = "frame"
    BY_PROGRAM = "program"
    """What says nothing of itself that a browser says; it may still be one."""


FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})
"""What `Sec-Fetch-Dest` is of a page inside of another one."""


def how_asked(trace: Trace) -> Asked:
    """Tell by what a page was asked for, as the request's own headers say.

    `Sec-Fetch-Dest` comes from browsers alone; some libraries for programs send `Sec-Fetch-Mode` too. No navigation
    has an `Origin` with GET, and each takes HTML; what calls itself a browser and says no more is taken for one.

    Source: Fetch Metadata §2.1, §2.2; Fetch §3.2.
    """
    aim = trace.header(b"sec-fetch-dest")
    if aim in FRAMES:
        return Asked.IN_FRAME
    if aim == "document" or (not aim and trace.header(b"sec-fetch-mode") == "navigate"):
        return Asked.BY_NAVIGATION
    if aim or trace.header(b"origin"):
        return Asked.BY_SCRIPT
    is_browser = "text/html" in trace.header(b"accept") or trace.user_agent.startswith("Mozilla/")
    return Asked.BY_NAVIGATION if is_browser else Asked.BY_PROGRAM


def registration_shape(trace: Trace) -> tuple[str, ...]:
    """Return a registration's name and redirect URIs without their ports: what stays when a client registers again."""
    asked = request_json(trace)
    uris = asked.get("redirect_uris")
    parts = [split_url(str(uri)) for uri in uris] if isinstance(uris, list) else []
    return (str(asked.get("client_name")), *(f"{each.host.text}{each.path.text}" for each in parts))


def answer_type(trace: Trace) -> str:
    """Return the media type of the answer, in lower case and without parameters."""
    return response_header(trace, b"content-type").partition(";")[0].strip().lower()


def _first_values(text: bytes) -> dict[str, str]:
    return _short_values(text) if len(text) <= SHORT else _values(text)


@lru_cache(maxsize=512)
def _short_values(text: bytes) -> dict[str, str]:
    """Return what `_values` returns, once for all rules that look at one request; nobody may change it."""
    return _values(text)


def _values(text: bytes) -> dict[str, str]:
    try:
        return {key: values[0] for key, values in parse_qs(text.decode("latin-1"), keep_blank_values=True).items()}
    except ValueError:
        return {}


def error_code(trace: Trace) -> int | None:
    """Return the code of a JSON-RPC error answer, also of one that is the only event of a stream."""
    code = rpc_error(trace).get("code")
    return code if isinstance(code, int) else None


def rpc_error(trace: Trace) -> dict[str, Any]:
    """Return the `error` of a JSON-RPC answer, empty where it is none."""
    content = trace.response_body.content
    if len(content) > LONGEST_ERROR or b'"error"' not in content or b'"code"' not in content:
        return {}
    if content.lstrip().startswith((b"event:", b"data:", b"id:", b":")):
        lines = [line[5:].strip() for line in content.splitlines() if line.startswith(b"data:")]
        content = next((line for line in reversed(lines) if b'"error"' in line), b"")
    error = _object(content).get("error")
    return error if isinstance(error, dict) else {}


def _object(content: bytes) -> dict[str, Any]:
    return _short_object(content) if len(content) <= SHORT else _read(content)


@lru_cache(maxsize=512)
def _short_object(content: bytes) -> dict[str, Any]:
    """Return what `_read` returns, once for all rules that look at one document; nobody may change it."""
    return _read(content)


def _read(content: bytes) -> dict[str, Any]:
    try:
        return read_object(content)
    except JsonRefused:
        return {}
