"""What stands in a policy's options as it is, and should not: secrets, and variables that nobody replaces."""

import re

from devgw.config.catalogue import API_KEY_TYPE, PolicyKind, Role
from devgw.config.env_values import foreign_reference
from devgw.config.finding import Findings
from devgw.config.node import Node

_CREDENTIAL_HEADER = re.compile(r"authorization|api-?key|token|secret|cookie|password", re.IGNORECASE)


def check_literals(kind: PolicyKind, options: Node, findings: Findings) -> None:
    """Look for variables that nobody replaces, and for secrets that stand in the file."""
    for node in options.walk():
        if not isinstance(node.scalar, str) or "$env(" in node.scalar or _is_prose(kind, node):
            continue
        reference = foreign_reference(node.scalar)
        if reference is not None:
            message = f"Nobody replaces `{reference[0]}`: it would be sent as it stands."
            findings.error("env-malformed", node.place, message, f"Write $env({reference[1]}) in its place.")
        elif node.scalar and _is_secret(kind, node):
            message = "A secret stands in the file, and so in the repository."
            findings.warning("literal-secret", node.place, message, 'Write "$env(NAME)" and put the secret into .env.')


def _is_secret(kind: PolicyKind, node: Node) -> bool:
    """Tell whether what stands there is nothing to be published."""
    if node.key != "value":
        return node.key in {"clientSecret", "privateKeyPem"}
    name = node.parent.get("name") if node.parent is not None else None
    named = name is not None and name.text is not None and _CREDENTIAL_HEADER.search(name.text) is not None
    return kind.policy_type == API_KEY_TYPE or named


def _is_prose(kind: PolicyKind, node: Node) -> bool:
    """Tell whether a text is for people, or for whoever reads it to judge a client id, and not a value to be sent."""
    if kind.role is Role.FILTER or (kind.provider == "workos" and node.key == "clientId"):
        return True
    return node.key in {"displayName", "summary"}
