"""Puts the parts of this package together, for the wiring and for tests."""

from dataclasses import dataclass

from devgw.clock import Clock
from devgw.events import Bus
from devgw.gateway.completion import Completion
from devgw.gateway.connection import ConnectionStore, Sealing
from devgw.limits import Limits
from devgw.oauth.urls import CanonicalUrls, Urls
from devgw.outbound.upstream_oauth.connecting import Connecting
from devgw.outbound.upstream_oauth.credentials import UpstreamOAuth
from devgw.outbound.upstream_oauth.discovering import Discovering
from devgw.outbound.upstream_oauth.fetching import Fetching
from devgw.outbound.upstream_oauth.finishing import Finishing
from devgw.outbound.upstream_oauth.id_jag import CrossAppAccess, RememberedAssertions
from devgw.outbound.upstream_oauth.keeping import Keeping
from devgw.outbound.upstream_oauth.registering import Registering
from devgw.outbound.upstream_oauth.tickets import Tickets
from devgw.outbound.upstream_oauth.token_requests import TokenRequests
from devgw.settings import Settings


@dataclass(frozen=True, slots=True)
class UpstreamSide:
    """The parts that others call."""

    oauth: UpstreamOAuth
    assertions: RememberedAssertions
    """Where a login leaves the identity token that cross-app access needs."""
    store: ConnectionStore


def build_upstream_side(
    settings: Settings,
    store: ConnectionStore,
    sealing: Sealing,
    clock: Clock,
    bus: Bus,
    *,
    urls: CanonicalUrls | None = None,
    completion: Completion | None = None,
    seconds: float = Limits.ANSWER_SECONDS,
) -> UpstreamSide:
    """Return the OAuth client towards upstreams; it outlives every generation of the configuration."""
    urls = urls or CanonicalUrls(Urls(settings.canonical_origin))
    fetching = Fetching(clock, bus, seconds=seconds)
    discovering = Discovering(fetching, settings.upstreams)
    requests = TokenRequests(fetching, clock)
    tickets = Tickets(sealing, store, clock, urls)
    assertions = RememberedAssertions(clock)
    completion = completion or Completion()
    keeping = Keeping(store, requests, tickets, completion, clock, bus)
    oauth = UpstreamOAuth(
        store,
        Connecting(
            fetching, discovering, Registering(fetching, store, clock, settings.upstreams), store, clock, bus, urls
        ),
        Finishing(requests, store, keeping.hold, completion, clock, bus),
        discovering,
        keeping,
        tickets,
        CrossAppAccess(requests, assertions, clock),
        clock,
    )
    return UpstreamSide(oauth, assertions, store)
