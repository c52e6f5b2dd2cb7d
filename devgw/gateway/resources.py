"""Which route a `resource` parameter means. Source: RFC 8707 §2; MCP authorization (Resource Parameter)."""

from urllib.parse import urlsplit

from devgw.config.project import Project, Route
from devgw.departure import Departure
from devgw.diagnosis.difference import explain_difference, explain_nearest
from devgw.gateway.wrong_path import nearest_route
from devgw.oauth.redirect_uri import LOOPBACK_NAMES
from devgw.oauth.resource import canonical_resource
from devgw.oauth.urls import Urls
from devgw.problems import Refused
from devgw.problems.authorization import ResourceMissing, ResourceUnknown
from devgw.problems.token import ResourceChanged, ResourceNotSent

TOKEN_RESOURCE = Departure(
    name="token-resource",
    here="A token request without `resource` is for the route of its code or refresh token; the trace notes it.",
    deployed="The token request has to name `resource`, as the authorization request had to.",
    why="RFC 8707 §2.2 makes it optional there, and clients that people use leave it out.",
    source="https://zuplo.com/docs/mcp-gateway/auth/manual-oauth-testing",
    setting="[deployed]\ntoken_resource = true",
    is_made=lambda settings: not settings.deployed.token_resource,
)
HOST_NAMES = Departure(
    name="host-names",
    here="localhost, 127.0.0.1 and [::1] on one port, and every allowed host, are one gateway: a token that was asked "
    "for under one name is good under the others, with a note in the trace.",
    deployed="A token is bound to the URL of its route, host name included; it has one public host name in general.",
    why="Clients on one machine use several of these names for the same server. Browsers are moved to one of them in "
    "any case, since cookies and the callback belong to one.",
    source="https://zuplo.com/docs/mcp-gateway/auth/overview",
    setting="[deployed]\nhost_names = true",
    is_made=lambda settings: not settings.deployed.host_names,
)


class Resources:
    """The routes of a project as protected resources under one origin. Loopback names on one port are one origin."""

    def __init__(self, project: Project, urls: Urls) -> None:
        self._routes = project.routes
        self._urls = urls

    def at_authorization(self, resource: str | None, implied: Route | None) -> tuple[Route, str]:
        """Return the route that is asked for and its canonical URI.

        `resource` may be left out where the path names the route, or where there is only one.

        Raises:
            Refused: with `ResourceMissing`, `ResourceUnknown` or `ResourceMalformed`.
        """
        if resource is None:
            only = self._routes[0] if len(self._routes) == 1 else None
            route = implied or only
            if route is None:
                raise Refused(ResourceMissing(self._all()))
            return route, self._urls.resource(route)
        canonical = canonical_resource(resource)
        found = self._find(canonical)
        if found is None or (implied and found is not implied):
            raise Refused(self._unknown(resource, implied, is_another_route=found is not None))
        return found, canonical

    def check_at_token(
        self, resource: str | None, granted: str, *, may_omit: bool = True, names_are_one: bool = True
    ) -> None:
        """Refuse a token request for another route than the one that was granted; it may name none (RFC 8707 §2.2).

        Args:
            resource: what the request names.
            granted: the resource of the code or refresh token.
            may_omit: whether it may name none.
            names_are_one: whether the names of loopback are one.

        Raises:
            Refused: with `ResourceChanged`, `ResourceMalformed` or `ResourceNotSent`.
        """
        if resource is None:
            if not may_omit:
                raise Refused(ResourceNotSent(granted))
            return
        canonical = canonical_resource(resource)
        if canonical != granted and not (names_are_one and _same_but_for_loopback_name(canonical, granted)):
            found = explain_difference(resource, granted, "resource")
            is_another = self._find(canonical) is not None
            raise Refused(ResourceChanged(resource, granted, found.sentence.rstrip("."), found.kinds, is_another))

    def _find(self, canonical: str) -> Route | None:
        return next(
            (
                route
                for route in self._routes
                if canonical == self._urls.resource(route)
                or _same_but_for_loopback_name(canonical, self._urls.resource(route))
            ),
            None,
        )

    def _all(self) -> tuple[str, ...]:
        return tuple(self._urls.resource(route) for route in self._routes)

    def _unknown(self, resource: str, implied: Route | None, *, is_another_route: bool) -> ResourceUnknown:
        candidates = (self._urls.resource(implied),) if implied else self._all()
        meant = nearest_route(urlsplit(resource).path, candidates, self._urls.origin)
        apart = explain_nearest(resource, (meant,) if meant else candidates, "resource")
        if apart is None:
            return ResourceUnknown(resource, "", "")
        if not meant:  # what is nearest by letters alone may be any of them
            return ResourceUnknown(resource, "", "", apart.kinds, choices=candidates)
        return ResourceUnknown(resource, meant, apart.sentence.rstrip("."), apart.kinds, is_another_route)


def _same_but_for_loopback_name(one: str, other: str) -> bool:
    """Tell whether two resources differ at most in the name by which loopback is called."""
    first, second = urlsplit(one), urlsplit(other)
    return (
        first.hostname in LOOPBACK_NAMES
        and second.hostname in LOOPBACK_NAMES
        and (first.scheme, first.port, first.path, first.query)
        == (second.scheme, second.port, second.path, second.query)
    )
