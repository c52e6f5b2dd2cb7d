"""Every id of the catalogue: how it is observed, or why it is not. Generated from the rules, so it cannot go stale."""

from dataclasses import dataclass

from devgw.diagnosis.catalogue import failures
from devgw.diagnosis.rule import GatewayRule, Rule
from devgw.diagnosis.rules import GATEWAY_RULES, RULES

BY_CONFIGURATION = {
    "CONF-01": "a placeholder in an option whose variable is not set is a finding at load",
    "CONF-02": "the shape of each option is checked when the configuration is loaded",
    "CONF-03": "policies and routes are compared when the configuration is loaded",
}
"""Seen by reading the configuration (`config/` says it, with file and line)."""

BY_DOCTOR = {
    "RURI-04": "`devgw doctor` asks the provider with the real callback and reads where it leads",
    "RURI-05": "`devgw doctor` compares the key's prefix with the callback's scheme",
    "WORK-01": "`devgw doctor` asks for keys, discovery and the authorize page of the client id",
    "WORK-02": "`devgw doctor` reads the provider's answer to the authorize URL",
    "PORT-04": "`devgw doctor --callback URL` names the process that owns the port",
    "HOST-01": "`devgw doctor` reads the metadata under the configured origin",
    "CONF-04": "`devgw doctor` compares the time of .env with that of the gateway's start",
}
"""Seen by asking: `devgw doctor`."""

TOLERATED = {
    "REG-07": "devgw takes the registration as it is; a refusal by an upstream's server is named REG-05",
    "AUD-04": "devgw binds the token to the only route; where there are several, TOK-02 says it",
    "REG-10": "devgw ignores the port of loopback redirects, so it cannot fail here",
    "RURI-03": "devgw names it where it refuses; other servers compare the same way",
    "PORT-03": "devgw ignores the port of loopback redirects, so it cannot fail here",
    "SCOPE-03": "devgw always publishes scopes_supported and gives its one scope by default",
    "REG-03": "devgw answers invalid_client; of an upstream it shows the answer as UPST-15",
    "REFR-07": "a lifetime is no failure; the Token Inspector shows it",
    "UPST-05": "discovery follows the challenge first; both URLs are tried before anything is said",
    "WORK-05": "devgw takes the email from the exchange's `user`; without one nothing fails here",
    "UPST-07": "the proxy drops the inbound Authorization header before anything else",
}
"""Cannot go wrong at devgw itself, and why."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One line of the table."""

    id: str
    title: str
    observed: str
    """`passive`, `absence`, `configuration`, `doctor`, `tolerated` or `not here`."""
    how: str


def table() -> list[Coverage]:
    """Return one line per id of the catalogue."""
    ruled: dict[str, tuple[str, str]] = {}
    rules: tuple[Rule | GatewayRule, ...] = (*RULES, *GATEWAY_RULES)
    for rule in rules:
        for failure_id in rule.ids:
            ruled.setdefault(failure_id, (rule.observation.value, rule.needs))
    return [
        Coverage(failure.id, failure.title, *_seen(failure.id, failure.unseen, ruled))
        for failure in failures().values()
    ]


def _seen(failure_id: str, unseen: str, ruled: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """Return how an id is observed, and by what or why not."""
    if failure_id in ruled:
        return ruled[failure_id]
    for kind, known in (("configuration", BY_CONFIGURATION), ("doctor", BY_DOCTOR), ("tolerated", TOLERATED)):
        if failure_id in known:
            return kind, known[failure_id]
    return "not here", unseen
