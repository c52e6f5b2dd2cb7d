"""The MCP Server Registry over HTTP. Errors are `{"error": "…"}`, as its clients read them, never problem details."""

from typing import Any

from quart import Blueprint, Response, jsonify, request

from devgw.gateway.registry import BadQuestion, find_server, list_servers, read_question
from devgw.oauth.urls import REGISTRY
from devgw.web import serving

_ROOT = f"{REGISTRY}/v0.1"
_READ_ONLY = "this registry is read-only: its servers are the MCP routes of config/routes.oas.json"


def blueprint() -> Blueprint:
    """Return the registry's endpoints: three to read, and the refusals that its specification names for the rest."""
    found = Blueprint("registry", __name__)
    one = f"{_ROOT}/servers/<path:name>/versions"
    found.add_url_rule(f"{_ROOT}/servers", view_func=_list, methods=["GET"])
    found.add_url_rule(one, view_func=_versions, methods=["GET"])
    found.add_url_rule(f"{one}/<version>", view_func=_version, methods=["GET"])
    found.add_url_rule(f"{_ROOT}/publish", "publish", _not_offered, methods=["POST"])
    found.add_url_rule(f"{one}/<version>", "edit", _not_offered, methods=["PUT", "DELETE"])
    found.add_url_rule(f"{one}/<version>/status", "version_status", _not_allowed, methods=["PATCH"])
    found.add_url_rule(f"{_ROOT}/servers/<path:name>/status", "status", _not_allowed, methods=["PATCH"])
    for rule in (REGISTRY, f"{REGISTRY}/<path:rest>"):
        found.add_url_rule(rule, f"nothing{len(rule)}", nothing)
    return found


def _answer(content: Any, status: int = 200) -> Response:
    response: Response = jsonify(content)
    response.status_code = status
    return response


def _refused(status: int, why: str) -> Response:
    return _answer({"error": why}, status)


async def _list() -> Response:
    """Return a page of servers."""
    if not serving.gateway().project.registry:
        return await nothing()
    try:
        question = read_question(request.args.to_dict())
    except BadQuestion as error:
        return _refused(400, str(error))
    return _answer(list_servers(serving.gateway().project.routes, serving.urls(), question))


async def _versions(name: str) -> Response:
    """Return the one version of a server."""
    found = _find(name)
    return _answer({"servers": [found], "metadata": {"count": 1}}) if found else _refused(404, "Server not found")


async def _version(name: str, version: str) -> Response:
    """Return a server in one version, or in the `latest`."""
    found = _find(name, version)
    return _answer(found) if found else _refused(404, "Server not found")


def _find(name: str, version: str = "latest") -> dict[str, Any] | None:
    project = serving.gateway().project
    return find_server(project.routes, serving.urls(), name, version) if project.registry else None


async def _not_offered(**_: str) -> Response:
    """Refuse publishing, changing and deleting."""
    return _refused(501, f"Not implemented: {_READ_ONLY}")


async def _not_allowed(**_: str) -> Response:
    """Refuse status changes, for which the specification knows no 501."""
    return _refused(403, f"You do not have permission to change this: {_READ_ONLY}")


async def nothing(**_: str) -> Response:
    """Answer everything else below the registry, whatever its method, in the registry's own form."""
    return _refused(404, f"Not found: {request.method} {request.path}")
