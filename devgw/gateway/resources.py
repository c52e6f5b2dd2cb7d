"""Which route a `resource` parameter means. Source: RFC 8707 §2; MCP authorization (Resource Parameter)."""

from urllib.parse import urlsplit

from devgw.config.project import Project, Route
from devgw.diagnosis.difference import explain_difference, explain_nearest
from devgw.oauth.redirect_uri import LOOPBACK_NAMES
from devgw.oauth.resource import canonical_resource
from devgw.oauth.urls import Urls
from devgw.problems import Refused
from devgw.problems.authorization import ResourceMissing, ResourceUnknown
from devgw.problems.token import ResourceChanged


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

    def check_at_token(self, resource: str | None, granted: str) -> None:
        """Refuse a token request for another route than the one that was granted; it may name none (RFC 8707 §2.2).

        Raises:
            Refused: with `ResourceChanged` or `ResourceMalformed`.
        """
        if resource is None:
            return
        canonical = canonical_resource(resource)
        if canonical != granted and not _same_but_for_loopback_name(canonical, granted):
            found = explain_difference(resource, granted, "resource")
            raise Refused(ResourceChanged(resource, granted, found.sentence.rstrip("."), found.kinds))

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
        nearest = explain_nearest(resource, candidates, "resource")
        if nearest is None:
            return ResourceUnknown(resource, "", "")
        apart = nearest.sentence.rstrip(".")
        return ResourceUnknown(resource, nearest.expected, apart, nearest.kinds, is_another_route)


def _same_but_for_loopback_name(one: str, other: str) -> bool:
    """Tell whether two resources differ at most in the name by which loopback is called."""
    first, second = urlsplit(one), urlsplit(other)
    return (
        first.hostname in LOOPBACK_NAMES
        and second.hostname in LOOPBACK_NAMES
        and (first.scheme, first.port, first.path, first.query)
        == (second.scheme, second.port, second.path, second.query)
    )
