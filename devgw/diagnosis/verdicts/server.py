"""All that is said of one server: its checks in the order of a login, and what each client family makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from devgw.diagnosis.clients.demands import ClientVerdict, verdicts
from devgw.diagnosis.verdicts.check import Check, Verdict
from devgw.diagnosis.verdicts.point import Point, shown
from devgw.diagnosis.verdicts.server_answers import answer_points
from devgw.diagnosis.verdicts.server_endpoint import clock_point, endpoint_points, unfit, unreached
from devgw.diagnosis.verdicts.server_issuer import issuer_points
from devgw.diagnosis.verdicts.server_resource import pages_point, resource_points
from devgw.diagnosis.verdicts.server_seen import SeenServer


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found at one URL."""

    url: str
    """Of the endpoint that was looked at, as it may be shown."""
    checks: tuple[Check, ...]
    clients: tuple[ClientVerdict, ...]
    """Empty where there was no server to look at."""
    is_server: bool

    @property
    def is_failed(self) -> bool:
        """Tell whether a check failed."""
        return any(each.verdict is Verdict.FAIL for each in self.checks)


def examination(seen: SeenServer, ahead: float | None, callbacks: tuple[str, ...]) -> Examination:
    """Return what is said of a server.

    Args:
        seen: what came of asking it.
        ahead: by how many seconds its clock is ahead; None where it says no time.
        callbacks: the redirect URIs that its authorization server was asked with.
    """
    problem = unfit(seen)
    if problem is not None:
        return Examination(shown(seen.url), (unreached(seen, problem).check,), (), is_server=False)
    points = [*endpoint_points(seen), clock_point(seen, ahead), *_of_oauth(seen, callbacks)]
    met = verdicts(each.trait for each in points)
    return Examination(shown(seen.url), tuple(each.check for each in points), tuple(met), is_server=True)


def _of_oauth(seen: SeenServer, callbacks: tuple[str, ...]) -> Iterator[Point]:
    """Yield what concerns a login, where one is wanted."""
    if not seen.endpoint.wants_login:
        return
    yield from resource_points(seen)
    yield from issuer_points(seen)
    if seen.pages:
        yield pages_point(seen)
    yield from answer_points(seen, callbacks)
