"""What a request to a watched origin is for: told by where the server's own documents say it is, else by convention."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from devgw.foreign.urls import UrlRefused, read_url
from devgw.limits import Limits


class Leg(StrEnum):
    """What is asked; the values are those by which a flow is followed (`monitor.asked`)."""

    MCP = "mcp"
    RESOURCE_METADATA = "resource metadata"
    SERVER_METADATA = "server metadata"
    REGISTER = "register"
    AUTHORIZE = "authorize"
    CALLBACK = "callback"
    TOKEN = "token"
    REVOKE = "revoke"
    PUSHED = "pushed authorization request"
    OTHER = "other"


CALLBACK_PATH = "/__watch/callback"
_MEMBERS = {
    "authorization_endpoint": Leg.AUTHORIZE,
    "token_endpoint": Leg.TOKEN,
    "registration_endpoint": Leg.REGISTER,
    "revocation_endpoint": Leg.REVOKE,
    "pushed_authorization_request_endpoint": Leg.PUSHED,
}
_ASSUMED = {"/authorize": Leg.AUTHORIZE, "/token": Leg.TOKEN, "/register": Leg.REGISTER}
"""Where revision 2025-03-26 assumes the endpoints of a server that publishes nothing."""
_PROMISE = "authorization_response_iss_parameter_supported"
_RESOURCE = "/.well-known/oauth-protected-resource"
_SERVER = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")

Learnt = tuple[str, str, str, str]
"""Origin, path, leg, and the issuer of whose endpoints it is one."""


class Legs:
    """Where each leg is, as far as documents said so."""

    def __init__(self, url: str, learnt: Iterable[Learnt] = ()) -> None:
        read = read_url(url)
        self._mcp = (read.origin, read.path.rstrip("/"))
        self._callback = (read.origin, CALLBACK_PATH)
        self._learnt: OrderedDict[tuple[str, str], tuple[Leg, str]] = OrderedDict()
        self._naming: OrderedDict[str, None] = OrderedDict()
        for origin, path, leg, issuer in learnt:
            self._learnt[origin, path] = Leg(leg), issuer

    def learn(self, url: object, leg: Leg, issuer: str = "") -> None:
        """Remember that a URL is for this; what is no URL is for nothing."""
        if not isinstance(url, str):
            return
        try:
            read = read_url(url)
        except UrlRefused:
            return
        self._learnt[read.origin, read.path] = leg, issuer
        if len(self._learnt) > Limits.WATCHED_LEGS:
            self._learnt.popitem(last=False)

    def learn_server(self, document: Mapping[str, object], origin: str) -> None:
        """Remember the endpoints that an authorization server's metadata names, read at `origin`."""
        said = document.get("issuer")
        issuer = said if isinstance(said, str) else origin
        for member, leg in _MEMBERS.items():
            self.learn(document.get(member), leg, issuer)
        if document.get(_PROMISE) is True:
            self._naming[issuer] = None
            if len(self._naming) > Limits.WATCHED_LEGS:
                self._naming.popitem(last=False)

    def names_itself(self, issuer: str) -> bool:
        """Tell whether the metadata of an issuer, as it was read since the start, promises `iss` (RFC 9207 §3)."""
        return issuer in self._naming

    def learnt(self) -> Iterator[Learnt]:
        """Yield what was learnt, so that it can be kept."""
        return ((*place, str(leg), issuer) for place, (leg, issuer) in self._learnt.items())

    def find(self, origin: str, path: str) -> Leg:
        """Return what a request to `path` of `origin` is for."""
        if (origin, path) == self._callback:
            return Leg.CALLBACK
        if (origin, path.rstrip("/")) == self._mcp:
            return Leg.MCP
        found = self._learnt.get((origin, path))
        return found[0] if found else _well_known(path) or _ASSUMED.get(path, Leg.OTHER)

    def is_learnt(self, origin: str, path: str) -> bool:
        """Tell whether a document named this place."""
        return (origin, path) in self._learnt

    def issuer_at(self, origin: str, path: str) -> str:
        """Return the issuer of whose endpoints this is one; the origin where no document says so."""
        found = self._learnt.get((origin, path))
        return (found[1] if found else "") or origin


def _well_known(path: str) -> Leg | None:
    if path.startswith(_RESOURCE):
        return Leg.RESOURCE_METADATA
    return Leg.SERVER_METADATA if any(each in path for each in _SERVER) else None
