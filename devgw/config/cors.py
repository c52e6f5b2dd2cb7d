"""CORS policies: the two that every project has, and its own in `corsPolicies` of `config/policies.json`.

Source: zuplo.com/docs/articles/cors.
"""

from devgw.config.finding import Findings
from devgw.config.members import CORS_POLICY, check_members
from devgw.config.node import Node
from devgw.config.project import CorsPolicy

NONE, ANYTHING = "none", "anything-goes"


def read_cors(root: Node, findings: Findings) -> dict[str, CorsPolicy]:
    """Return the project's own policies by name."""
    listed = root.get("corsPolicies")
    found: dict[str, CorsPolicy] = {}
    if listed is not None and listed.items is None:
        message = f"`corsPolicies` must be an array, not {listed.kind}."
        findings.error("wrong-type", listed.place, message, 'Write [{"name": "…", …}].')
    for each in listed.children() if listed is not None else ():
        check_members(each, CORS_POLICY, findings)
        name = each.get("name")
        if name is not None and name.text:
            found.setdefault(name.text, _policy(name.text, each))
    return found


def cors_of(name: str | None, own: dict[str, CorsPolicy], methods: tuple[str, ...]) -> CorsPolicy | None:
    """Return the policy that a route names, for a route with these methods; None where no page may call it."""
    if name == ANYTHING:
        return CorsPolicy(ANYTHING, ("*",), methods, ("*",), ("*",), 600, allows_credentials=True)
    return own.get(name or NONE)


def _policy(name: str, node: Node) -> CorsPolicy:
    age, credentials = node.get("maxAge"), node.get("allowCredentials")
    seconds = age.scalar if age is not None and isinstance(age.scalar, int) else None
    return CorsPolicy(
        name=name,
        origins=tuple(each.lower() for each in _list(node.get("allowedOrigins"))),
        methods=_list(node.get("allowedMethods")),
        headers=_list(node.get("allowedHeaders")),
        exposed=_list(node.get("exposeHeaders")),
        max_age=None if isinstance(seconds, bool) else seconds,
        allows_credentials=credentials is not None and credentials.scalar is True,
    )


def _list(node: Node | None) -> tuple[str, ...]:
    """Return a list of words, written as an array or with commas between them."""
    if node is None:
        return ()
    texts = [each.text or "" for each in node.items or ()] if node.items is not None else (node.text or "").split(",")
    return tuple(each.strip() for each in texts if each.strip())
