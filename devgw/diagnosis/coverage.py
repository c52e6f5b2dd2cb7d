"""Every id of the catalogue: how it is observed, on which faces, and whether its fix was tried.

Put together from the rules, from the problems and the doctor's verdicts as they are written, and from the tests' marks.
"""

import re
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain

from devgw.diagnosis.catalogue import failures
from devgw.diagnosis.lookup import problem_kinds, reasons
from devgw.diagnosis.mended import ELSEWHERE, MENDED
from devgw.diagnosis.rule import GatewayRule, Rule
from devgw.diagnosis.rules import GATEWAY_RULES, RULES, watched
from devgw.problems.base import reason_of

_ID = re.compile(r'"([A-Z]+-\d\d)"')

_CHECKS = ("diagnosis/verdicts", "outbound/probes")
_ASKED_BY_CHECKS = (
    *(
        f"outbound/{each}.py"
        for each in (
            *("bounded", "dialer", "guard", "provider_answer", "provider_reach", "proxies", "proxy", "reach", "trust"),
            "upstream_oauth/discovering",
            "upstream_oauth/registering",
        )
    ),
    "problems/upstream_by_status.py",
    "problems/endpoint_answer.py",
)
"""By what the doctor's checks ask: they say what these refuse."""

BY_CONFIGURATION = {
    "CONF-01": "a placeholder in an option whose variable is not set is a finding at load",
    "CONF-02": "the shape of each option is checked when the configuration is loaded",
    "CONF-03": "policies and routes are compared when the configuration is loaded",
}
"""Seen by reading the configuration (`config/` says it, with file and line)."""

BY_DOCTOR = {
    "BEAR-01": "`devgw doctor URL` calls without a token and reads the challenge",
    "RURI-14": "`devgw doctor URL` asks for the login page of a client that nobody registered",
    "RURI-04": "`devgw doctor` asks the provider with the real callback and reads where it leads",
    "RURI-05": "`devgw doctor` compares the key's prefix with the callback's scheme",
    "WORK-01": "`devgw doctor` asks for keys, discovery and the authorize page of the client id",
    "WORK-02": "`devgw doctor` reads the provider's answer to the authorize URL",
    "PORT-04": "`devgw doctor --callback URL` names the process that owns the port",
    "HOST-01": "`devgw doctor` reads the metadata under the configured origin",
    "NET-13": "`devgw doctor` reads the proxy variables and NO_PROXY",
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
    faces: tuple[str, ...] = ()
    """Where it is read: `answer` (page, error body, challenge), `trace`, `why`, `check`, `doctor`, `explain`."""
    mended: str = "no"
    """Whether the printed change was applied and helped: `yes`, `no` (not tried), or `cannot be`."""
    why: str = ""
    """Why it cannot be."""


def table() -> list[Coverage]:
    """Return one line per id of the catalogue."""
    ruled: dict[str, tuple[str, str]] = {}
    rules: tuple[Rule | GatewayRule, ...] = (*RULES, *GATEWAY_RULES, *watched.RULES)
    for rule in rules:
        for failure_id in rule.ids:
            ruled.setdefault(failure_id, (rule.observation.value, rule.needs))
    refused, examined = frozenset(chain.from_iterable(reasons().values())), _examined()
    rows = []
    for failure in failures().values():
        observed, how = _seen(failure.id, failure.unseen, ruled)
        read = {
            "answer": failure.id in refused,
            "trace": failure.id in refused,
            "why": failure.id in ruled,
            "check": failure.id in BY_CONFIGURATION,
            "doctor": failure.id in examined or failure.id in BY_DOCTOR,
            "explain": True,
        }
        faces = tuple(face for face, is_read in read.items() if is_read)
        rows.append(Coverage(failure.id, failure.title, observed, how, faces, *_tried(failure.id, observed, how)))
    return rows


def _examined() -> frozenset[str]:
    """Return the ids that the doctor can say: those that its checks write, and those of the problems that they name."""
    root = files("devgw")
    folders = (each for name in _CHECKS for each in root.joinpath(name).iterdir() if each.name.endswith(".py"))
    code = "".join(each.read_text(encoding="utf-8") for each in (*folders, *map(root.joinpath, _ASKED_BY_CHECKS)))
    of_problems = (reasons()[reason_of(kind)] for kind in problem_kinds() if re.search(rf"\b{kind.__name__}\b", code))
    return frozenset((*_ID.findall(code), *chain.from_iterable(of_problems)))


def _tried(failure_id: str, observed: str, how: str) -> tuple[str, str]:
    """Return whether the change was applied and helped, and why it cannot be."""
    if failure_id in MENDED:
        return "yes", ""
    if failure_id in ELSEWHERE:
        return "cannot be", ELSEWHERE[failure_id]
    return ("cannot be", how) if observed in ("tolerated", "not here") else ("no", "")


def _seen(failure_id: str, unseen: str, ruled: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """Return how an id is observed, and by what or why not."""
    if failure_id in ruled:
        return ruled[failure_id]
    for kind, known in (("configuration", BY_CONFIGURATION), ("doctor", BY_DOCTOR), ("tolerated", TOLERATED)):
        if failure_id in known:
            return kind, known[failure_id]
    return "not here", unseen
