"""How the gateway is put in front of a server that was looked at: decided once, and said why."""

from dataclasses import dataclass

from devgw.diagnosis.verdicts.check import MOST_SHOWN
from devgw.diagnosis.verdicts.point import shown
from devgw.diagnosis.verdicts.server_endpoint import failing_at, unfit
from devgw.diagnosis.verdicts.server_seen import DocumentPlace, SeenServer
from devgw.diagnosis.verdicts.upstream import spoken
from devgw.foreign.text import clean
from devgw.problems import Refused
from devgw.problems.server import ServerRefusedKey, ServerWantsKey

_ABSENT = frozenset({401, 403, 404, 405, 410})
"""What a place answers that has no document: some servers guard all paths alike."""


@dataclass(frozen=True, slots=True)
class Way:
    """What the gateway does to reach a server."""

    url: str
    is_connected: bool
    """Whether each person connects it by OAuth."""
    wants_sessions: bool
    says: tuple[str, ...]
    """What was decided, and why, in sentences."""


def way_to(seen: SeenServer) -> Way:
    """Return how the gateway reaches a server.

    Raises:
        Refused: with a problem of `problems.server`, or why it was not reached.
    """
    problem = unfit(seen)
    if problem is not None:
        raise Refused(problem)
    if not seen.endpoint.wants_login:
        if (failing := failing_at(seen)) is not None:
            raise Refused(failing)
        return _open(seen)
    status, sent = seen.endpoint.legacy.status, ", ".join(seen.headers)
    if seen.headers:
        raise Refused(ServerRefusedKey(shown(seen.url), status, sent))
    if not _has_oauth(seen):
        challenge = clean(seen.endpoint.legacy.headers.get("www-authenticate", ""), MOST_SHOWN)
        raise Refused(ServerWantsKey(shown(seen.url), status, challenge))
    return _guarded(seen)


def _open(seen: SeenServer) -> Way:
    revisions = ", ".join(spoken(seen.endpoint.modern, seen.endpoint.legacy))
    speaks = f" and speaks {revisions}" if revisions else ""
    by = f"opens with {', '.join(seen.headers)}" if seen.headers else "answers without a login"
    says = [*_where(seen), f"{shown(seen.url)} {by}{speaks}: a plain route, guarded by devgw's own login."]
    if seen.headers:
        says.append(f"{', '.join(seen.headers)} is sent with every call; its value stands in .env alone.")
    wants_sessions = seen.endpoint.without_session != 0
    if wants_sessions:
        says.append("It keeps sessions: [proxy] stateful = true. The deployed Zuplo gateway passes none on.")
    return Way(seen.url, is_connected=False, wants_sessions=wants_sessions, says=tuple(says))


def _guarded(seen: SeenServer) -> Way:
    status, issuer = seen.endpoint.legacy.status, clean(seen.issuer, MOST_SHOWN)
    whose = f"names {issuer} as its authorization server"
    if seen.resource is None:
        whose = f"publishes no protected resource metadata, so its origin {issuer} is taken (MCP 2025-03-26)"
    says = (
        *_where(seen),
        f"{shown(seen.url)} wants a login ({status}) and {whose}: a token exchange, which each person connects once.",
        "Whether it keeps sessions is not seen before a login: [proxy] stateful = true lets them pass.",
    )
    return Way(seen.url, is_connected=True, wants_sessions=True, says=says)


def _where(seen: SeenServer) -> list[str]:
    """Return that another URL than the typed one is used."""
    if seen.is_redirected:
        return [f"{shown(seen.typed)} redirects to {shown(seen.url)}, which is used."]
    return (
        [f"There is no MCP server at {shown(seen.typed)}; {shown(seen.url)} is used."] if seen.url != seen.typed else []
    )


def _has_oauth(seen: SeenServer) -> bool:
    """Tell whether anything speaks of a login: a document, a place that fails, a hint, or endpoints at the origin."""
    challenge = seen.endpoint.challenge
    if seen.is_guarded_by_oauth or (challenge is not None and challenge.resource_metadata):
        return True
    if any(map(_is_there, (*seen.resources, *seen.servers))):
        return True
    return seen.has_default_endpoints


def _is_there(place: DocumentPlace) -> bool:
    """Tell whether something stands at a place of metadata, be it broken; a page for every path is nothing."""
    answer = place.answer
    return bool(answer.failure) or (answer.status not in _ABSENT and answer.media_type != "text/html")
