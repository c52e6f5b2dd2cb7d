"""Client ids, secrets and keys that only say what belongs in their place, for any server; no secret is shown.

What stands in the environment is judged there (`env_values`): here is what the file itself says.
"""

import re

from devgw.config.env_values import foreign_reference, is_placeholder
from devgw.config.finding import Findings
from devgw.config.node import Node
from devgw.config.shapes import written

_NAMES_ITSELF = re.compile(
    r"(insert|paste|enter|fill)[-_ ].*"
    r"|((oauth2?|oidc|app|application|okta|auth0|entra|azure|google|keycloak|workos|idp|provider)[-_ ]?)*"
    r"((client|app|application)[-_ ]?(id|secret)|(api|access)[-_ ]?(key|token))"
    r"|\[.*\]|\{.*\}|\(.*\)|\*+|[?.…_-]+|[x0]{2,}([-_.][x0]+)*|null|undefined|n/a"
    r"|(client|sk_test|sk_live|sk)_(abc\w{0,3}|123\w{0,3}|x+|id|secret|key|\.+|…)",
    re.IGNORECASE,
)
"""What a name such as `test` or `secret` is not: a provider on this machine may know a client by it."""
_GROUPS: tuple[tuple[str, ...], ...] = (
    (),
    ("browserLogin",),
    ("clientRegistration",),
    ("idJag", "idp", "clientAuth"),
    ("idJag", "resourceAs", "clientAuth"),
)
"""Where options have a client's id and secret."""
_SCHEME = re.compile(r"(bearer|basic|token|api-?key)\s+", re.IGNORECASE)
_OF_CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key", "x-auth-token", "x-access-token"})


def doubt_credentials(node: Node, findings: Findings) -> None:
    """Find in the options of a policy each credential that is an example's or a placeholder."""
    for path in _GROUPS:
        group = node.get(*path)
        for name in ("clientId", "clientSecret"):
            _doubt(group.get(name) if group is not None else None, name, findings, is_shown=name == "clientId")
    for entry in (node, *((headers.items or ()) if (headers := node.get("headers")) is not None else ())):
        header = entry.get("header") or entry.get("name")
        is_credential = entry is node or (header is not None and (header.text or "").lower() in _OF_CREDENTIALS)
        _doubt(entry.get("value") if is_credential else None, "value", findings)


def _doubt(found: Node | None, name: str, findings: Findings, *, is_shown: bool = False) -> None:
    if found is None or not isinstance(found.scalar, str) or not _is_no_value(found.scalar):
        return
    message = f"`{name}` reads like a placeholder{f': {written(found.scalar)}' if is_shown else ''}."
    fix = "Copy it from the settings of that server, unless it is really called so there."
    findings.warning("credential-placeholder", found.place, message, fix)


def _is_no_value(text: str) -> bool:
    if "$env(" in text or foreign_reference(text):  # a variable, in our way or in another tool's
        return False
    stripped = _SCHEME.sub("", text.strip(), count=1)
    return is_placeholder(stripped) or _NAMES_ITSELF.fullmatch(stripped) is not None
