"""What was meant by a path at which nothing is served: which kind of thing, and which of ours is nearest."""

import re
from collections.abc import Iterable
from dataclasses import replace
from difflib import SequenceMatcher, get_close_matches

from devgw.config.project import Project, Route
from devgw.diagnosis.difference import explain_difference
from devgw.oauth.urls import ALIAS_BASE, AUTHORIZE, CALLBACK, CONSENT, DEV_LOGIN, LOGOUT, PROVE, WELL_KNOWN, Urls
from devgw.problems.wrong_path import Meant, ParametersInPath, PathUnknown

_ALIKE = 0.7
"""How much of two paths must be the same before one is taken for the other; measured on one and two slips of a key."""
_SUFFIXES = ("/sse", "/message", "/messages", "/mcp", "/stream")
"""What other servers have behind the name, and people write from memory."""
_GUESSED = ("/", "/mcp", "/sse", "/message", "/messages", "/mcp/sse")
"""Paths at which other servers listen: who asks there with one of these looks for an MCP server."""
_ENDPOINTS = {
    "token": Meant.TOKEN,
    "register": Meant.REGISTER,
    "authorize": Meant.AUTHORIZE,
    "revoke": Meant.REVOKE,
}
_PARAMETERS_IN_PATH = re.compile(
    r"(?P<path>[^?&]*/(?P<word>authorize|token|register|revoke)(?P<route>/[^?&]*)?)(?P<joint>[?&])\w+="
)
OF_AN_AUTHORIZATION = frozenset({"client_id", "response_type"})
"""What every authorization request has (RFC 6749 §4.1.1)."""
OF_A_TOKEN = frozenset({"grant_type", "code_verifier", "refresh_token"})
"""What token requests have in their form, and no other request of a client has (RFC 6749 §4.1.3, §6)."""
_OF_A_QUESTION = frozenset({"token", "token_type_hint", "client_assertion", "code_challenge"})
"""What forms have that are for an endpoint of OAuth: introspection (RFC 7662 §2.1), PAR (RFC 9126 §2.1)."""
_OF_OTHERS = frozenset(
    {"introspect", "introspection", "userinfo", "par", "device_authorization", "end_session", "jwks", "jwks.json"}
)
"""How endpoints are called that other authorization servers have."""
_PAGES = (CONSENT, PROVE, LOGOUT, DEV_LOGIN, CALLBACK)
"""Where browsers go, below whatever base path."""
_OAUTH_DOCUMENTS = ("oauth-protected-resource", "oauth-authorization-server", "openid-configuration")


def explain_joint(method: str, path: str, urls: Urls) -> ParametersInPath | None:
    """Return why an endpoint is not found whose parameters are joined to its path; None for any other path."""
    found = _PARAMETERS_IN_PATH.match(path)
    if found is None:
        return None
    meant = _ENDPOINTS[found["word"]]
    got = urls.origin + found["path"]
    nearest = got if found["route"] else _endpoint(urls, meant)
    return ParametersInPath(method, got, meant, nearest, (), joint=found["joint"])


def explain_path(
    method: str,
    path: str,
    headers: dict[str, str],
    project: Project,
    urls: Urls,
    names: frozenset[str] = frozenset(),
    form: frozenset[str] = frozenset(),
) -> PathUnknown:
    """Return why `path` is answered with 404.

    Args:
        method: of the request.
        path: as it was asked for, without the query.
        headers: of the request; `accept` and `content-type` are read, in lower case.
        project: whose routes are served.
        urls: of the origin under which it was asked.
        names: of the parameters in the query.
        form: those of a form in the body, where it is one.
    """
    routes = tuple(urls.resource(route) for route in project.routes)
    if (document := _of_document(method, path, project, urls, routes)) is not None:
        return replace(document, is_of_a_person="text/html" in headers.get("accept", ""))
    page = next((each for each in _PAGES if path.endswith(each)), None)
    if page is not None:
        nearest = urls.at(page) if page != DEV_LOGIN or _signs_in_by_itself(project) else ""
        return PathUnknown(method, urls.origin + path, Meant.PAGE, nearest, routes)
    _, is_below, behind = path.partition(f"{AUTHORIZE}/")
    if is_below:
        nearest = nearest_route(f"/{behind}", routes, urls.origin).removeprefix(urls.origin)
        route = next((each for each in project.routes if each.path == nearest), None)
        endpoint = urls.endpoints(route).authorization
        return PathUnknown(method, urls.origin + path, Meant.AUTHORIZE, endpoint, routes)
    meant = Meant.TOKEN if OF_A_TOKEN & form else _meant(method, path, headers, (each.path for each in project.routes))
    if meant in {Meant.MCP, Meant.NOTHING} and _is_of_oauth(method, path, headers, form):
        meant = Meant.ENDPOINT
    if names >= OF_AN_AUTHORIZATION and meant is Meant.NOTHING:
        meant = Meant.AUTHORIZE
    if meant is Meant.MCP:
        return _of_route(method, path, meant, urls, routes)
    nearest = "" if meant is Meant.NOTHING else _endpoint(urls, meant)
    return PathUnknown(method, urls.origin + path, meant, nearest, routes)


def _of_document(method: str, path: str, project: Project, urls: Urls, routes: tuple[str, ...]) -> PathUnknown | None:
    """Return why a metadata document is not found, under its name or one that is nearly so; None for other paths."""
    before, _, rest = path.partition(WELL_KNOWN)
    written, slash, name = rest.partition("/")
    close = get_close_matches(written.replace("_", "-").lower(), _OAUTH_DOCUMENTS, 1, _ALIKE)
    if not close:
        return None
    before = "" if before in {urls.base_path, ALIAS_BASE} else before  # a base path is no route
    place = before or slash + name
    route = next((each for each in project.routes if each.path == place.rstrip("/")), None)
    if route is None and place.strip("/"):
        return _of_route(method, place, Meant.METADATA, urls, routes)
    nearest = _document(urls, route, close[0]) if route else urls.at(WELL_KNOWN + close[0])
    meant = Meant.DOCUMENT if written in _OAUTH_DOCUMENTS else Meant.NAME
    return PathUnknown(method, urls.origin + path, meant, nearest, routes)


def _signs_in_by_itself(project: Project) -> bool:
    """Tell whether there is a page to sign in without a provider."""
    return project.oauth is not None and project.oauth.provider == "dev-login"


def _document(urls: Urls, route: Route, document: str) -> str:
    """Return where a document of a route stands; empty where it has none, because it asks for no token."""
    if not route.protected:
        return ""
    return urls.resource_metadata(route) if document == _OAUTH_DOCUMENTS[0] else urls.server_metadata(route)


def _of_route(method: str, path: str, meant: Meant, urls: Urls, routes: tuple[str, ...]) -> PathUnknown:
    got = urls.origin + path
    nearest = nearest_route(path, routes, urls.origin)
    apart = explain_difference(got, nearest, "url").sentence.rstrip(".") if nearest else ""
    return PathUnknown(method, got, meant, nearest, routes, apart)


def _endpoint(urls: Urls, meant: Meant) -> str:
    endpoints = urls.endpoints(None)
    return {
        Meant.TOKEN: endpoints.token,
        Meant.REGISTER: endpoints.registration,
        Meant.AUTHORIZE: endpoints.authorization,
        Meant.REVOKE: endpoints.revocation,
        Meant.ENDPOINT: urls.server_metadata(None),
    }[meant]


def _meant(method: str, path: str, headers: dict[str, str], routes: Iterable[str]) -> Meant:
    """Return what the request was for: an endpoint by its word, an MCP route by what a client sends."""
    word = path.rstrip("/").rpartition("/")[2].lower()
    close = [word] if "/oauth" not in path.lower() else get_close_matches(word, _ENDPOINTS, 1, _ALIKE)
    if close and close[0] in _ENDPOINTS:
        return _ENDPOINTS[close[0]]
    known = [*_GUESSED[1:], *routes]
    is_alike = _plain(path) in known or any(_likeness(path, each) >= _ALIKE for each in known)
    is_below = any(_plain(path).startswith(f"{each}/") for each in known)
    speaks_mcp = method in {"POST", "DELETE"} or "text/event-stream" in headers.get("accept", "")
    return Meant.MCP if speaks_mcp or is_alike or is_below else Meant.NOTHING


def _is_of_oauth(method: str, path: str, headers: dict[str, str], form: frozenset[str]) -> bool:
    """Tell whether a program asks for something of OAuth; people look around with a browser, and mean nothing."""
    plain = path.lower().rstrip("/")
    is_sent_there = (method != "GET" and "/oauth" in plain) or "/register/" in plain  # RFC 7592: a client's own URL
    is_named = is_sent_there or plain.rpartition("/")[2] in _OF_OTHERS or bool(_OF_A_QUESTION & form)
    return is_named and "text/html" not in headers.get("accept", "")


def nearest_route(path: str, routes: tuple[str, ...], origin: str) -> str:
    """Return the route that was probably meant: the only one, the one that is the same but for habits, or alike."""
    if len(routes) == 1:
        return routes[0]
    whole, name = _plain(path), _bare(path)
    same = [
        each for each in routes if (own := each.removeprefix(origin)) and (_bare(own) == name or whole.endswith(own))
    ]
    if len(same) == 1:
        return same[0]
    by_likeness = {each: _ratio(name, _bare(each.removeprefix(origin))) for each in routes}
    best = max(by_likeness, key=lambda each: by_likeness[each], default="")
    return best if best and by_likeness[best] >= _ALIKE else ""


def _plain(path: str) -> str:
    """Return a path in lower case, its slashes once each and none at its end, without the other base path."""
    slim = re.sub("/+", "/", path.lower()).rstrip("/")
    return slim.removeprefix(ALIAS_BASE) or "/"


def _bare(path: str) -> str:
    """Return the name in a path: without what servers put before and behind it."""
    plain = _plain(path)
    for suffix in _SUFFIXES:
        plain = plain.removesuffix(suffix)
    return plain.removeprefix("/mcp").removeprefix("/v1").strip("/")


def _likeness(one: str, other: str) -> float:
    return _ratio(_plain(one), _plain(other))


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
