"""`[deployed] strict = true` wins over what says otherwise beside it; each of these is a finding: it does nothing."""

from collections.abc import Mapping
from typing import Any

from devgw.config.finding import Findings, Place

STRICT = "deployed.strict"
DEPLOYED = {
    "strict": "Do as the deployed gateway does in every point that can be.",
    "base_path": "Default to its base path, /__zuplo.",
    "client_documents": "Read clients' documents from the net alone.",
    "connect_errors": "Answer -32042 to every client, as it does.",
    "consent": "Ask the person at every authorization, as it does.",
    "cors_policies": "Run the CORS policies of the routes.",
    "endpoints": "Answer endpoints at their own paths alone.",
    "host_names": "Bind tokens to the very name that was asked.",
    "list_streams": "Leave list answers in event streams unfiltered.",
    "project_files": "Refuse what would not be built, or not serve OAuth.",
    "token_resource": "Require `resource` at the token endpoint.",
}
"""The settings of `[deployed]` by name: what each does."""
_CONTRADICTS = {"oauth.refresh_tokens": "rotate", "proxy.stateful": True}
"""Values that depart from the deployed gateway, by setting."""


def check_strict(
    values: Mapping[str, Any], places: Mapping[str, Place], tables: Mapping[str, Any], findings: Findings
) -> None:
    """Find what is written and does nothing beside `strict`.

    Args:
        values: the settings that are given, by their attribute.
        places: where each is written.
        tables: what the tables come to that mend something on this machine alone, by name.
        findings: takes what is found.
    """
    if not values.get(STRICT):
        return
    for name, value in values.items():
        is_off = name.startswith("deployed.") and value is False
        if is_off or name == "base_path" or (name in _CONTRADICTS and value == _CONTRADICTS[name]):
            _say(name, places[name], findings)
    for name, table in tables.items():
        if table:
            _say(f"[{name}]", places[STRICT], findings)


def _say(name: str, at: Place, findings: Findings) -> None:
    message = f"`{name}` does nothing: `[deployed] strict = true` does as the deployed gateway does."
    findings.warning("deployed-strict", at, message, "Take one of the two out.")
