"""The well-known documents, gateway-wide and per route, in both dialects. Source: RFC 8414 §3, RFC 9728 §3."""

from quart import Blueprint, Response, jsonify

from devgw.config.project import Route
from devgw.oauth.description import error_description
from devgw.oauth.metadata import (
    authorization_server_metadata,
    openid_configuration,
    protected_resource_metadata,
)
from devgw.oauth.urls import JWKS, OAUTH_SERVER, OPENID_SERVER, PROTECTED_RESOURCE
from devgw.problems import Problem
from devgw.problems.wrong_path import RootFormUnclear, RouteUnprotected
from devgw.web import serving
from devgw.web.wrong_path import answer_wrong_path

_RESOURCE, _SERVER = "protected resource metadata", "authorization server metadata"
blueprint = Blueprint("metadata", __name__)


@blueprint.get(OAUTH_SERVER)
@blueprint.get(f"{OAUTH_SERVER}/")
async def gateway_wide_oauth() -> Response:
    """Return the gateway-wide RFC 8414 document."""
    return _server_document(None, openid=False)


@blueprint.get(OPENID_SERVER)
@blueprint.get(f"{OPENID_SERVER}/")
async def gateway_wide_openid() -> Response:
    """Return the gateway-wide OpenID document."""
    return _server_document(None, openid=True)


@blueprint.get(f"{OAUTH_SERVER}/<path:path>")
async def oauth_of_route(path: str) -> Response:
    """Return a route's RFC 8414 document; the path goes behind the well-known segment."""
    return await _of_route(path, openid=False)


@blueprint.get(f"{OPENID_SERVER}/<path:path>")
@blueprint.get(f"/<path:path>{OPENID_SERVER}")
async def openid_of_route(path: str) -> Response:
    """Return a route's OpenID document, in either form that clients try."""
    return await _of_route(path, openid=True)


@blueprint.get(f"{PROTECTED_RESOURCE}/<path:path>")
async def resource_of_route(path: str) -> Response:
    """Return a route's RFC 9728 document under the very host name that the client used."""
    urls = serving.urls()
    route = serving.gateway().route_of(f"/{path}")
    if route is None:
        return await answer_wrong_path()
    if not route.protected:  # a resource that asks for no token has no authorization server
        return _absent(RouteUnprotected(route.path, _RESOURCE))
    _note(route)
    resource = urls.resource(route) + ("/" if path.endswith("/") else "")
    return jsonify(protected_resource_metadata(resource, route.summary or route.path, urls.issuer(route)))


@blueprint.get(PROTECTED_RESOURCE)
@blueprint.get(f"{PROTECTED_RESOURCE}/")
async def resource_at_root() -> Response:
    """Return the only route's document; with several routes the root form cannot be right for all, so 404."""
    routes = serving.gateway().project.routes
    if len(routes) != 1:
        return _absent(RootFormUnclear(len(routes)))
    if not routes[0].protected:
        return _absent(RouteUnprotected(routes[0].path, _RESOURCE))
    urls = serving.urls()
    _note(routes[0])
    return jsonify(
        protected_resource_metadata(
            urls.resource(routes[0]), routes[0].summary or routes[0].path, urls.issuer(routes[0])
        )
    )


@blueprint.get(JWKS)
async def jwks() -> Response:
    """Return an empty key set: our tokens are opaque, and OpenID readers insist on the member."""
    return jsonify({"keys": []})


async def _of_route(path: str, *, openid: bool) -> Response:
    route = serving.gateway().route_of(f"/{path}")
    if route is None:
        return await answer_wrong_path()
    if not route.protected:  # a client that looks here first would sign in for what wants no token, and be refused
        return _absent(RouteUnprotected(route.path, _SERVER))
    return _server_document(route, openid=openid)


def _server_document(route: Route | None, *, openid: bool) -> Response:
    gateway = serving.gateway()
    _note(route)
    build = openid_configuration if openid else authorization_server_metadata
    policy = gateway.policy
    document = build(serving.urls().endpoints(route), cimd=policy.tokens.cimd_enabled, id_jag=policy.id_jag.enabled)
    return jsonify(document)


def _note(route: Route | None) -> None:
    trace = serving.trace()
    if trace:
        trace.kind = "metadata"
        trace.operation_id = route.operation_id if route else None


def _absent(problem: Problem) -> Response:
    """Say that there is no such document, although nothing is wrong: clients ask for it of habit."""
    known = [route.path for route in serving.gateway().project.routes if route.protected]
    said = error_description(f"{problem.explain()} {problem.advise()}")
    body = {"error": "not_found", "error_description": said, "reason": problem.reason, "routes": known}
    response = jsonify(body)
    response.status_code = problem.status
    return response
