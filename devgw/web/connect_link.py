"""A connect link as a browser opens it: what it says, and whether the person whom it names is there.

Links stand in tools' answers, chats and logs, so whoever holds one may be anybody: it connects only in a browser that
is signed in as the person for whom it was made. The session's cookie does not show that, since it goes to other ports
too, and another port can set one of its own; a page token does (`gateway.page_proof`). The consent page gives its own
along. Any other link leads to our page that asks for the browser's key or, where nobody is signed in, to the same
sign-in as an authorization, and comes back from there; a sign-in that no client asked for gets no code.

An upstream that all share is connected by anybody who is signed in.

Source: MCP 2025-11-25 §Elicitation, URL mode (the server verifies that the person who opens the URL is the one whom it
asked); MCP Security Best Practices §OAuth State Parameter Validation.
"""

from dataclasses import dataclass, replace

from quart import Response, request

from devgw.config.project import Route
from devgw.gateway.connecting import Ticket, UpstreamConnecting
from devgw.gateway.records import PendingAuthorization, Session
from devgw.problems import Refused
from devgw.problems.upstream_connection import ConnectLinkInvalid, ConnectLinkOfAnother
from devgw.web import browser, caller, serving
from devgw.web.authorize import prove_or_sign_in


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A connect link in a browser."""

    route: Route
    sealed: str
    """Its ticket as it came."""
    ticket: Ticket
    drops_registration: bool
    """Whether the client that was registered at the upstream is forgotten first."""
    pending: PendingAuthorization | None
    """What the page token of the request belongs to."""
    person: Session | None
    """Who is signed in, where this browser has shown to be theirs."""


def open_link(upstreams: UpstreamConnecting, route: Route) -> OpenedLink:
    """Return the link of this request.

    Raises:
        Refused: with `ConnectLinkInvalid`, `ConnectLinkOfAnother` where somebody else is signed in, or
            `SessionCookieLost`.
    """
    assert route.token_exchange is not None
    gateway = serving.gateway()
    pending = gateway.authorization.find_open(request.args.get("transaction"))
    sealed, drops = request.args.get("browserTicket", ""), request.args.get("register") == "anew"
    if not sealed and pending and pending.connect_link:
        sealed, drops = upstreams.kept_link(pending.connect_link)
    if not sealed:
        known = gateway.authorization.known(request.args.get("transaction"))
        over = "its sign-in is over: it was used, or waited too long"
        absent = "it carries no ticket, so it does not say for whom it is"
        raise Refused(ConnectLinkInvalid(why=over if known and known.connect_link else absent))
    ticket = upstreams.read_ticket(sealed, route.token_exchange.id)
    sessions = browser.sessions()
    person = _proven(pending, sessions) if pending else None
    opened = OpenedLink(route, sealed, ticket, drops, pending, person)
    _check_person(opened, [person] if person else sessions)
    return opened


def _proven(pending: PendingAuthorization, sessions: list[Session]) -> Session | None:
    """Return whom the page token of this request shows to be here.

    Raises:
        Refused: with `SessionCookieLost` after the link's own sign-in. The link of a consent page may just have been
            copied to another browser, where its person signs in.
    """
    try:
        return serving.gateway().proofs.session_by_page(pending, request.args.get("page_token"), sessions)
    except Refused:
        if pending.connect_link:
            raise
        return None


def _check_person(opened: OpenedLink, sessions: list[Session]) -> None:
    """Refuse a link that was made for somebody else than who is signed in here.

    Raises:
        Refused: with `ConnectLinkOfAnother`.
    """
    assert opened.route.token_exchange is not None
    if not sessions or opened.route.token_exchange.auth_mode == "shared-oauth":
        return
    ticket = opened.ticket
    if all(each.subject_id != ticket.subject_id for each in sessions):
        here, there = sessions[0].email or sessions[0].subject_id, ticket.label or ticket.subject_id
        raise Refused(ConnectLinkOfAnother(here=here, there=there, sign_out=serving.canonical_urls().logout))


async def find_out_who(upstreams: UpstreamConnecting, opened: OpenedLink) -> Response:
    """Let the browser show whose it is, or the person sign in, and come back to the link."""
    kept = upstreams.keep_link(opened.sealed, anew=opened.drops_registration)
    gateway = serving.gateway()
    pending = gateway.authorization.begin_for_link(
        opened.route, kept, serving.canonical_urls(), by_page_of_elsewhere=caller.is_page_of_elsewhere()
    )
    return await prove_or_sign_in(gateway, pending)


def is_done(opened: OpenedLink) -> None:
    """End the sign-in that belonged to the link alone."""
    if opened.pending and opened.pending.connect_link:
        gateway = serving.gateway()
        over = replace(opened.pending, decided_at=gateway.ground.clock.now())
        gateway.ground.store.save_pending(over)
