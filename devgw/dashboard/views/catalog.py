"""All views, in the order of their keys."""

from devgw.dashboard.views.base import View
from devgw.dashboard.views.clients import CLIENTS
from devgw.dashboard.views.config import CONFIG
from devgw.dashboard.views.doctor import DOCTOR
from devgw.dashboard.views.flows import FLOWS
from devgw.dashboard.views.health import HEALTH
from devgw.dashboard.views.lines import EVENTS
from devgw.dashboard.views.sessions import SESSIONS
from devgw.dashboard.views.tokens import TOKENS
from devgw.dashboard.views.traces import TRACES
from devgw.dashboard.views.upstreams import UPSTREAMS

VIEWS: tuple[View, ...] = (FLOWS, TRACES, TOKENS, CLIENTS, SESSIONS, UPSTREAMS, CONFIG, HEALTH, DOCTOR, EVENTS)
"""The first nine are on keys 1 to 9, Events is on 0."""
BY_NAME: dict[str, View] = {view.name: view for view in VIEWS}
BY_KIND: dict[str, View] = {view.table: view for view in VIEWS}


def key_of(view: View) -> str:
    """Return the digit that opens a view."""
    return str((VIEWS.index(view) + 1) % 10)
