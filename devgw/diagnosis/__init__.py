"""What went wrong, by name: the failure, the evidence, and the one change that mends it.

Owns: the catalogue of failures (`catalogue/`: symptom, cause, evidence, fix and sources of every id), the rules that
recognise them in what was seen or failed to come (`rules/`), the one explanation of how two strings differ
(`difference.py`), who a client is and what it is known for (`clients/`), the history of signing keys (`jwks.py`), and
the verdicts of `devgw doctor` (`verdicts/`; the probes that touch the network live in `outbound/probes`).

May import: events, oauth, problems, mcp, the ground. Nothing here reads the clock, the network or a file of the user's.

A rule works from indexes (`recent.py`, `surroundings.py`, what a `SeenFlow` finds once), never from all clients or
requests; `RuleAsker` asks it guarded and timed by the injected clock, and sets it aside where it fails or is slow again
and again.

Decided against: rules that subscribe to events and keep state of their own. A rule is a pure function of a `SeenFlow`
(everything the monitor kept about one flow) and the moment: it can be run again at any time, so a diagnosis withdraws
itself as soon as its rule no longer says it.
"""

from devgw.diagnosis.diagnose import RuleDiagnoser, diagnose, diagnose_gateway
from devgw.diagnosis.difference import Difference, explain_difference, explain_nearest
from devgw.diagnosis.surroundings import Surroundings
from devgw.diagnosis.view import SeenFlow

__all__ = [
    "Difference",
    "RuleDiagnoser",
    "SeenFlow",
    "Surroundings",
    "diagnose",
    "diagnose_gateway",
    "explain_difference",
    "explain_nearest",
]
