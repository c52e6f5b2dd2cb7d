"""Names of members that nobody reads, where a known one is near: in Zuplo's own objects a slip is silent otherwise."""

import re
from collections.abc import Iterable
from functools import lru_cache

from devgw.config.finding import Findings
from devgw.config.node import Node
from devgw.config.shapes import written

ROUTE = "x-zuplo-route"
POLICIES_DOCUMENT = ("policies", "corsPolicies")
POLICY = ("name", "policyType", "handler")
CORS_POLICY = (
    "name",
    "allowedOrigins",
    "allowedMethods",
    "allowedHeaders",
    "exposeHeaders",
    "maxAge",
    "allowCredentials",
)
HANDLER = ("export", "module", "options")
ROUTE_MEMBERS = ("corsPolicy", "handler", "policies")
DIRECTIONS = ("inbound", "outbound")
ROUTES_DOCUMENT = ("paths", "openapi", "info", "components", "servers", "tags", "security", "externalDocs", "webhooks")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
OPERATION = (
    ROUTE,
    "operationId",
    "summary",
    "description",
    "tags",
    "parameters",
    "requestBody",
    "responses",
    "callbacks",
    "deprecated",
    "security",
    "servers",
    "externalDocs",
)
_HARMLESS = frozenset((*OPERATION, *CORS_POLICY)) - {ROUTE, "operationId", "name"}
"""Names of what no gateway acts on, or the deployed one alone."""
_NEAR = 0.8
_NEAR_IN_OURS = 0.7
"""In objects of Zuplo alone, where nothing else can be meant: `policy` for `policies`."""
_LONGEST = 40
_OPENAPI = re.compile(r"3\.\d+(\.\d+)?(-\w+)?")
_OTHERS = frozenset({"x-zuplo-path", "x-zuplo-mcp", "x-zuplo-mcp-tool", "x-internal"})
"""Names beside ours that mean something else to Zuplo, or to those who read OpenAPI."""


def check_members(node: Node | None, known: tuple[str, ...], findings: Findings) -> None:
    """Find each member of `node` that is hardly meant to be another one than one of `known`."""
    for key, member in (node.members or {}).items() if node is not None else ():
        meant = None if key in known or key in _OTHERS else near(key, known)
        if meant is not None:
            find = findings.warning if meant in _HARMLESS else findings.error
            message = f"`{key}` is read by nobody."
            find("misspelt-member", member.key_place, message, f"Did you mean `{meant}`?", meant)


def check_version(root: Node, findings: Findings) -> None:
    """Find a document that says that it is no OpenAPI 3, or does not say what it is: other readers go by it."""
    found = root.get("openapi")
    fix = 'Write "openapi": "3.1.0" as its first member.'
    if found is None and root.members is not None and not any(key.lower() == "openapi" for key in root.members):
        message = "The document does not say which OpenAPI it is (`openapi`): others will not read it."
        findings.warning("openapi-version", root.place, message, fix)
    elif found is not None and not (found.text and _OPENAPI.fullmatch(found.text)):
        said = f'"{written(found.text)}"' if found.text is not None else found.kind
        message = f"`openapi` is {said}: routes are written in OpenAPI 3, as a version such as 3.1.0."
        findings.warning("openapi-version", found.place, message, 'Write "3.1.0".')


@lru_cache(maxsize=1024)
def near(name: str, known: tuple[str, ...]) -> str | None:
    """Return the known name that `name` is a slip of: other case, other dashes, a letter too many or too few."""
    if len(name) > _LONGEST:
        return None
    from difflib import SequenceMatcher  # noqa: PLC0415  for a name that nobody knows only

    plain = _plain(name)
    ratios = [(SequenceMatcher(None, plain, _plain(each)).ratio(), each) for each in known]
    least = _NEAR if known is OPERATION else _NEAR_IN_OURS
    close = [(_plain(each)[:1] == plain[:1], ratio, each) for ratio, each in ratios if ratio >= least]
    return max(close)[-1] if close else None


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace("$", "")


def misplaced(node: Node, names: Iterable[str]) -> Node | None:
    """Return the member of `node` that is called by one of `names`, None where there is none."""
    return next((each for name in names if (each := node.get(name)) is not None), None)
