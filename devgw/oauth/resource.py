"""Resource indicators: one canonical spelling of a protected resource.

Source: RFC 8707 §2; MCP authorization (Canonical Server URI).
"""

from urllib.parse import unquote, urlsplit, urlunsplit

from devgw.problems import Refused
from devgw.problems.authorization import ResourceMalformed

_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical_resource(uri: str) -> str:
    """Return `uri` with scheme and host in lower case, no default port, and no slash at the end.

    Raises:
        Refused: with `ResourceMalformed` where it is not an absolute http(s) URI, or has a fragment.
    """
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise Refused(ResourceMalformed(uri, f"is not a URI ({error})")) from error
    if parts.fragment or uri.endswith("#"):
        raise Refused(ResourceMalformed(uri, "has a fragment"))
    if not parts.scheme and (decoded := unquote(uri)).startswith(("http://", "https://")):
        raise Refused(ResourceMalformed(uri, "is percent-encoded once too often", decoded))
    if parts.scheme.lower() not in _DEFAULT_PORTS or not parts.hostname:
        raise Refused(ResourceMalformed(uri, "is not an absolute http(s) URI"))
    scheme = parts.scheme.lower()
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    netloc = host if port in {None, _DEFAULT_PORTS[scheme]} else f"{host}:{port}"
    return urlunsplit((scheme, netloc, parts.path.rstrip("/"), parts.query, ""))


def origin_of(uri: str) -> str:
    """Return scheme, host and port of an http(s) URI."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
