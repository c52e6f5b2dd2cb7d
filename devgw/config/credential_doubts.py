"""Client ids and secrets that only say what belongs in their place, of any provider; no secret is shown.

What stands in the environment is judged there (`env_values`): here is what the file itself says.
"""

import re

from devgw.config.env_values import is_placeholder
from devgw.config.finding import Findings
from devgw.config.node import Node
from devgw.config.shapes import written

_NAMES_ITSELF = re.compile(
    r"(insert|paste|enter|fill)[-_ ].*"
    r"|((oauth2?|oidc|app|application|okta|auth0|entra|azure|google|keycloak|workos|idp|provider)[-_ ]?)*"
    r"(client|app|application)[-_ ]?(id|secret)"
    r"|\[.*\]|\{.*\}|\(.*\)|\*+|[?.…_-]+|[x0]+([-_.][x0]+)*|null|undefined|n/a"
    r"|(client|sk_test|sk_live|sk)_(abc\w{0,3}|123\w{0,3}|x+|id|secret|key|\.+|…)",
    re.IGNORECASE,
)
"""What a name such as `test` or `secret` is not: a provider on this machine may know a client by it."""
_WHERE = {"clientId": "the client id", "clientSecret": "the client secret"}


def doubt_credentials(node: Node, findings: Findings) -> None:
    """Find in the options of an OAuth policy each client id and secret that is an example's or a placeholder."""
    for group in (node, node.get("browserLogin")):
        for name, what in _WHERE.items():
            found = group.get(name) if group is not None else None
            if found is not None and isinstance(found.scalar, str) and _is_no_value(found.scalar):
                shown = f": {written(found.scalar)}" if name == "clientId" else ""
                message = f"`{name}` reads like a placeholder{shown}"
                fix = f"Copy {what} from the provider's settings, unless it is really called so there."
                findings.warning("credential-placeholder", found.place, message, fix)


def _is_no_value(text: str) -> bool:
    stripped = text.strip()
    return "$env(" not in text and (is_placeholder(stripped) or _NAMES_ITSELF.fullmatch(stripped) is not None)
