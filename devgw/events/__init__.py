"""What happened: a typed taxonomy for log lines, dashboard and exports, and one record per HTTP request.

An event is a past participle, published after its commit, and carries ids and fingerprints but never a secret. A
`Trace` holds the raw bytes of one exchange, in memory only; views mask it, the live path never does (a gateway that
redacts a token before it uses it breaks every login).

May import: problems, mcp, the ground.
"""

from devgw.events.bus import Bus, Published
from devgw.events.event import Event, FailureOrigin, Outcome, refusal
from devgw.events.trace import Trace

__all__ = ["Bus", "Event", "FailureOrigin", "Outcome", "Published", "Trace", "refusal"]
