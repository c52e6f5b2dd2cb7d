"""What lives at a path: told apart before anything is decided, so that the front knows which rules hold there."""

from dataclasses import dataclass
from functools import lru_cache

ALIAS_BASE = "/__zuplo"
"""Today's default base path of the deployed gateway, always answered here too (`gateway.md` §9)."""
_WELL_KNOWN = "/.well-known/"


@dataclass(frozen=True, slots=True)
class Place:
    """What the front has to know about a path that is no MCP route."""

    kind: str
    """As `Trace.kind` has it."""
    is_for_scripts: bool = False
    """Whether pages of any origin may read it (CORS)."""
    is_for_browsers: bool = False
    """Whether it lives on the canonical origin alone, since a cookie may be set there."""


_CLIENTS_CALL = Place("oauth", is_for_scripts=True)
_BROWSERS_GO = Place("oauth", is_for_browsers=True)
_AUTHORIZE = Place("oauth")
"""Answered under the name by which the client discovered us, since its issuer follows from that; it sets no cookie
and moves the browser itself."""
_EXACT = {
    **dict.fromkeys(("/oauth/token", "/token", "/oauth/register", "/register"), _CLIENTS_CALL),
    **dict.fromkeys(("/oauth/revoke", "/revoke"), _CLIENTS_CALL),
    **dict.fromkeys(("/oauth/authorize", "/authorize"), _AUTHORIZE),
    "/oauth/callback": _BROWSERS_GO,
    **dict.fromkeys(("/oauth/setup", "/oauth/dev-login"), Place("page", is_for_browsers=True)),
}
_BELOW = {
    "/oauth/authorize/": _AUTHORIZE,
    "/auth/connections/": Place("connect", is_for_browsers=True),
    "/mcp-registry/": Place("registry", is_for_scripts=True),
}
_METADATA = Place("metadata", is_for_scripts=True)
_OTHER = Place("other")


@lru_cache(maxsize=256)
def place_of(path: str, base_path: str) -> Place:
    """Return what lives at `path`, under the base path or its alias."""
    path = without_base(path, base_path)
    if _WELL_KNOWN in path:
        return _METADATA
    below = (place for start, place in _BELOW.items() if path.startswith(start))
    return _EXACT.get(path) or next(below, _OTHER)


def without_base(path: str, base_path: str) -> str:
    """Return `path` without the base path in front of it."""
    for base in (base_path.rstrip("/"), ALIAS_BASE):
        if base and path.startswith(base + "/"):
            return path[len(base) :]
    return path
