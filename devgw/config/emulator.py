"""Whether the WorkOS emulator signs people in, which values of the environment it stands for, and where it answers."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from devgw.config.finding import Findings
from devgw.config.node import Node
from devgw.config.policies import FILE
from devgw.settings import Settings

_POLICY = "mcp-workos-oauth-inbound"
CLIENT_ID_NAME, SECRET_NAME = "WORKOS_CLIENT_ID", "WORKOS_CLIENT_SECRET"
NAMES_OF_WORKOS = frozenset({CLIENT_ID_NAME, SECRET_NAME, "WORKOS_API_KEY"})
"""What WorkOS's own setups call what is theirs."""


def offered_names(
    settings: Settings, offered: Mapping[str, str], environ: Mapping[str, str], dotenv: Mapping[str, str]
) -> Mapping[str, str]:
    """Return what the emulator stands in for: all of it or nothing.

    A real client id with the emulator's secret would be sent to WorkOS, and refused there without a word why.
    """
    if settings.emulators.workos is not None:
        return offered if settings.emulators.workos else {}
    own = {name: environ.get(name) or dotenv.get(name) for name in offered}
    return offered if all(value in (None, "", offered[name]) for name, value in own.items()) else {}


def signs_in(settings: Settings, offered: Mapping[str, str], documents: Mapping[str, Node]) -> bool:
    """Tell whether the emulator signs in: where asked for, or where its own client id is the one in use."""
    if settings.workos_base_url is not None or settings.emulators.workos is False:
        return False
    ids = [each.text for each in _workos_client_ids(documents.get(FILE))]
    if settings.emulators.workos is True:
        return bool(ids)
    own = offered.get(CLIENT_ID_NAME)
    return own is not None and own in ids


def port_of(settings: Settings, origin: str | None) -> int:
    """Return where the emulator answers, or will where its port is free; 0 where nobody knows."""
    return (urlsplit(origin).port if origin else settings.emulators.workos_port) or 0


def check_mixed(emulators_id: str | None, documents: Mapping[str, Node], findings: Findings) -> None:
    """Say that the emulator's client id would go to WorkOS, because the secret beside it is another one's."""
    node = next((each for each in _workos_client_ids(documents.get(FILE)) if each.text == emulators_id), None)
    if node is not None and emulators_id:
        message = (
            f"The client id {emulators_id} is the WorkOS emulator's, and the client secret beside it is not: sign-in "
            "goes to api.workos.com, which does not know that id."
        )
        fix = (
            f"Take {SECRET_NAME} away to sign in at the emulator, or give {CLIENT_ID_NAME} the client id that belongs "
            "to the secret."
        )
        findings.warning("emulator-id-with-other-secret", node.place, message, fix)


def _workos_client_ids(document: Node | None) -> list[Node]:
    listed = document.get("policies") if document is not None else None
    found: list[Node] = []
    for policy in listed.children() if listed is not None else ():
        policy_type, client_id = policy.get("policyType"), policy.get("handler", "options", "clientId")
        if policy_type is not None and policy_type.text == _POLICY and client_id is not None:
            found.append(client_id)
    return found
