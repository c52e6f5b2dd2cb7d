"""The operations of an OpenAPI file: each with its handler, and what was hardly meant as it is written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from devgw.config.cors import ANYTHING, NONE
from devgw.config.finding import Findings, did_you_mean, nearest_name
from devgw.config.members import (
    DIRECTIONS,
    HANDLER,
    METHODS,
    OPERATION,
    ROUTE,
    ROUTE_MEMBERS,
    check_members,
    misplaced,
    near,
)
from devgw.config.node import Node

CORS = (NONE, ANYTHING)
"""The CORS policies that every project has; its own stand in `corsPolicies` of `config/policies.json`."""
_MCP = "/mcp"
_PARTS = {"handler": 'Write {"export": "McpProxyHandler", …}.', "policies": 'Write {"inbound": ["name", …]}.'}
"""How the objects in a route are written, by their names."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the file."""

    path: str
    methods: tuple[str, ...]
    node: Node
    handler: Node | None

    @property
    def export(self) -> str:
        """Return what the handler is called; empty where there is none."""
        found = self.handler.get("export") if self.handler else None
        return (found.text if found else None) or ""


def operations(paths: Node, cors: Iterable[str] | None, findings: Findings) -> Iterator[Operation]:
    """Yield each operation, in order; what looks like one and is none is found.

    Args:
        paths: `paths` of the document.
        cors: the names of the project's own CORS policies; None where nobody knows them.
        findings: takes what is wrong.
    """
    known = None if cors is None else (*CORS, *cors)
    for path, item in (paths.members or {}).items():
        if item.get(ROUTE) is not None and item.members:
            message = f"`{ROUTE}` stands beside the methods of {path}, where nobody reads it."
            findings.error("route-misplaced", item.members[ROUTE].key_place, message, "Move it into the operation.")
        for key, node in (item.members or {}).items():
            methods = tuple(each.strip().upper() for each in key.split(","))
            if node.members is None:
                continue
            if all(each.lower() in METHODS for each in methods):
                _check_case(node, key, findings)
                _check(path, node, known, findings)
                yield Operation(path, methods, node, node.get(ROUTE, "handler"))
            elif node.get(ROUTE) is not None:
                meant = near(key, METHODS)
                message = f"`{key}` is no method, so that nothing is served here."
                fix = did_you_mean(meant, 'Write "post".')
                findings.error("route-method", node.key_place, message, fix, meant)


def _check_case(node: Node, key: str, findings: Findings) -> None:
    """Find a method in capitals: OpenAPI has them in small letters alone (3.1.0 §4.8.9)."""
    if key != key.lower():
        message = f"OpenAPI has no `{key}`; devgw takes it for `{key.lower()}`, another reader may not."
        findings.warning("route-method", node.key_place, message, f'Write "{key.lower()}".', key.lower())


def _check(path: str, node: Node, cors: tuple[str, ...] | None, findings: Findings) -> None:
    """Look at the names in one operation."""
    check_members(node, OPERATION, findings)
    route = node.get(ROUTE)
    if route is None:
        _check_missing(path, node, findings)
        return
    if route.members is None:
        message = f"`{ROUTE}` must be an object, not {route.kind}."
        findings.error("wrong-type", route.place, message, 'Write {"handler": {…}, "policies": {…}}.')
        return
    beside = misplaced(node, ROUTE_MEMBERS)
    if beside is not None:
        message = f"`{beside.key}` stands beside `{ROUTE}`, where nobody reads it."
        findings.error("route-misplaced", beside.key_place, message, f'Move it into "{ROUTE}".')
    check_members(route, ROUTE_MEMBERS, findings)
    for name, fix in _PARTS.items():
        part = route.get(name)
        if part is not None and part.members is None:
            findings.error("wrong-type", part.place, f"`{name}` must be an object, not {part.kind}.", fix)
    check_members(route.get("handler"), HANDLER, findings)
    check_members(route.get("policies"), DIRECTIONS, findings)
    if route.get("handler") is None and not any(near(each, ROUTE_MEMBERS) == "handler" for each in route.members):
        message = f"`{ROUTE}` has no `handler`: nothing is served here."
        findings.error("route-handler", route.key_place, message, 'Add "handler": {"export": "McpProxyHandler", …}.')
    if cors is not None:
        _check_cors(route, cors, findings)


def _check_missing(path: str, node: Node, findings: Findings) -> None:
    """Find a route that was meant: its parts stand elsewhere, or it is an MCP path without any."""
    if any(near(each, OPERATION) == ROUTE for each in node.members or ()):
        return  # a slip that is found already
    inside = misplaced(node, ROUTE_MEMBERS)
    other = next((each for each in node.children() if each.get("handler", "export") is not None), None)
    if inside is not None:
        message = f"`{inside.key}` stands in the operation itself, where nobody reads it."
        findings.error("route-misplaced", inside.key_place, message, f'Put it into "{ROUTE}": {{…}}.')
    elif other is not None:
        message = f"`{other.key}` holds a handler, and nobody reads it."
        findings.error("route-misplaced", other.key_place, message, f'Call it "{ROUTE}".', ROUTE)
    elif path == _MCP or path.startswith(_MCP + "/"):
        message = f"The operation has no `{ROUTE}`: nothing is served at {path}."
        findings.warning("route-missing", node.key_place, message, "Add one; `devgw init` writes an example.")


def _check_cors(route: Node, known: tuple[str, ...], findings: Findings) -> None:
    found = route.get("corsPolicy")
    if found is None or (found.text in known):
        return
    if found.text is None:
        message = f"`corsPolicy` must be the name of a CORS policy, not {found.kind}."
        findings.error("wrong-type", found.place, message, f'Write "{known[0]}".')
        return
    nearest = nearest_name(found.text, known)
    message = f'No CORS policy is called "{found.text}"; there are {", ".join(known)}.'
    fix = did_you_mean(nearest, "Write one of these, or declare it in `corsPolicies` of config/policies.json.")
    findings.error("cors-policy", found.place, message, fix, nearest)
