"""What happened: a typed taxonomy for log lines, dashboard and exports, and one record per HTTP request.

Those who decide publish on the `Bus` and go on; those who watch observe its journal later, each call guarded, so that a
fault of theirs is an event (`observer_failed`) and never an answer. Decided against: listeners that are called inside
`publish`. One of them raising after a commit took the client's tokens from it, and a slow one held up every request.

An event is a past participle, published after its commit, and carries ids and fingerprints but never a secret. A
`Trace` holds the raw bytes of one exchange, in memory only; views mask it, the live path never does (a gateway that
redacts a token before it uses it breaks every login).

May import: problems, mcp, the ground.
"""

from devgw.events.bus import Bus, Published
from devgw.events.event import Event, FailureOrigin, Outcome, refusal
from devgw.events.trace import Trace

__all__ = ["Bus", "Event", "FailureOrigin", "Outcome", "Published", "Trace", "refusal"]
