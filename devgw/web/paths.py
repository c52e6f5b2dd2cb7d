"""What lives at a path: told apart before anything is decided, so that the front knows which rules hold there."""

from dataclasses import dataclass
from functools import lru_cache

from devgw.departure import Departure
from devgw.oauth.urls import (
    AUTHORIZE,
    CALLBACK,
    CONNECTIONS,
    CONSENT,
    DEV_LOGIN,
    LOGOUT,
    PROVE,
    REGISTER,
    REGISTRY,
    REVOKE,
    TOKEN,
    WELL_KNOWN,
    below_base,
)
from devgw.web import awaited
from devgw.web.awaited import Awaited

ENDPOINTS = Departure(
    name="endpoints",
    here="The gateway's endpoints answer at other paths too: /authorize, /token, /register and /revoke at the root, "
    "everything below /__zuplo as well as below the base path, and an MCP route with a slash at its end.",
    deployed="Each endpoint has one path, below the base path, and a route is the path that is written; the well-known "
    "documents stand at the root.",
    why="Clients that cannot read the metadata guess these paths, and the flow then shows that they guessed.",
    source="https://zuplo.com/docs/mcp-gateway/reference",
    setting="[deployed]\nendpoints = true",
    is_made=lambda settings: not settings.deployed.endpoints,
)
NOWHERE = "/-"
"""A path at which nothing is served, for a request that is answered as such."""


@dataclass(frozen=True, slots=True)
class PathRules:
    """What the front has to know about a path that is no MCP route."""

    kind: str
    """As `Trace.kind` has it."""
    is_for_scripts: bool = False
    """Whether pages of any origin may read it (CORS)."""
    is_for_browsers: bool = False
    """Whether it lives on the canonical origin alone, since a cookie may be set there."""
    waits_for: Awaited = awaited.ANSWER
    """For what it may wait once it has the request."""
    methods: tuple[str, ...] = ("GET",)
    """Which it takes from a page, where pages may call it."""


_BY_POST = ("POST",)
_CLIENTS_REGISTER = PathRules("oauth", is_for_scripts=True, waits_for=awaited.STATE, methods=_BY_POST)
_CLIENTS_CALL = PathRules("oauth", is_for_scripts=True, waits_for=awaited.CLIENT_KEYS, methods=_BY_POST)
_BROWSERS_GO = PathRules("oauth", is_for_browsers=True, waits_for=awaited.PROVIDER)
_AUTHORIZE = PathRules("oauth", waits_for=awaited.CLIENT_DOCUMENT)
"""Answered under the name by which the client discovered us, since its issuer follows from that; it sets no cookie
and moves the browser itself."""
_EXACT = {
    **dict.fromkeys((REGISTER, "/register"), _CLIENTS_REGISTER),
    **dict.fromkeys((TOKEN, "/token", REVOKE, "/revoke"), _CLIENTS_CALL),
    **dict.fromkeys((AUTHORIZE, "/authorize"), _AUTHORIZE),
    CALLBACK: _BROWSERS_GO,
    **dict.fromkeys((CONSENT, PROVE, LOGOUT, DEV_LOGIN), PathRules("page", is_for_browsers=True)),
}
_BELOW = {
    f"{AUTHORIZE}/": _AUTHORIZE,
    f"{CONNECTIONS}/": PathRules("connect", is_for_browsers=True, waits_for=awaited.UPSTREAM),
    f"{REGISTRY}/": PathRules("registry", is_for_scripts=True),
}
_METADATA = PathRules("metadata", is_for_scripts=True)
_OTHER = PathRules("other")


@lru_cache(maxsize=256)
def place_of(path: str, base_path: str) -> PathRules:
    """Return what lives at `path`, under the base path or its alias."""
    path = below_base(path, base_path)
    if WELL_KNOWN in path:
        return _METADATA
    below = (place for start, place in _BELOW.items() if path.startswith(start))
    return _EXACT.get(path) or next(below, _OTHER)
