"""The links by which a person connects an upstream: sealed, so that what they say needs no place in the database.

A ticket names the subject for whom the connection will be held. It expires, begins one connection, and opens nothing
but the way to the upstream's own authorization page, for that person alone (`web.connect_link`). Only that it was used
has to be remembered.
"""

from datetime import timedelta

from devgw.clock import Clock, epoch, from_epoch
from devgw.entropy import digest, token
from devgw.gateway.connecting import Ticket
from devgw.gateway.connection import ConnectionStore, Sealing
from devgw.ids import OperationId, SubjectId, UpstreamServerId
from devgw.oauth.urls import CanonicalUrls
from devgw.problems import Refused
from devgw.problems.upstream_connection import ConnectLinkInvalid

LIFETIME = timedelta(minutes=30)


class Tickets:
    """Writes and reads connect links."""

    def __init__(self, sealing: Sealing, store: ConnectionStore, clock: Clock, urls: CanonicalUrls) -> None:
        self._sealing = sealing
        self._store = store
        self._clock = clock
        self._urls = urls

    def url(self, ticket: Ticket) -> str:
        """Return the absolute URL at which a browser begins the connection."""
        content = {
            "n": token(""),
            "s": ticket.subject_id,
            "u": ticket.upstream_server_id,
            "o": ticket.operation_id,
            "l": ticket.label,
            "r": ticket.return_to,
            "e": epoch(self._clock.now() + LIFETIME),
        }
        query = {"browserTicket": self._sealing.seal(content), "operationId": ticket.operation_id, "redirect": "true"}
        return self._urls.now.connect(ticket.upstream_server_id, **query)

    def read(self, sealed: str, upstream_server_id: str) -> Ticket:
        """Return what a link for this upstream says.

        Raises:
            Refused: with `ConnectLinkInvalid`.
        """
        content = self._sealing.open(sealed) if sealed else None
        if content is None or "u" not in content:
            raise Refused(ConnectLinkInvalid(why="it was not made by this gateway, or its key was replaced since"))
        if content["u"] != upstream_server_id:
            raise Refused(ConnectLinkInvalid(why=f"it is for {content['u']}"))
        if from_epoch(content["e"]) <= self._clock.now():
            raise Refused(ConnectLinkInvalid(why=f"it expired at {from_epoch(content['e']):%H:%M:%S} UTC"))
        ticket = Ticket(
            SubjectId(content["s"]),
            UpstreamServerId(content["u"]),
            OperationId(content["o"]),
            content["l"],
            content["r"],
            digest(sealed),
        )
        self._check_unspent(ticket)
        return ticket

    def keep(self, sealed: str, *, anew: bool) -> str:
        """Return a ticket sealed once more, for the database: what is there opens no link."""
        return self._sealing.seal({"t": sealed, "a": anew})

    def kept(self, kept: str) -> tuple[str, bool]:
        """Return what `keep` sealed; an empty ticket where its key was replaced since."""
        content = self._sealing.open(kept) or {"t": "", "a": False}
        return content["t"], content["a"]

    def spend(self, ticket: Ticket) -> None:
        """Remember that a link has begun a connection: it begins no other.

        Raises:
            Refused: with `ConnectLinkInvalid` where it has already.
        """
        if not ticket.id:
            return
        with self._store.transaction():
            self._check_unspent(ticket)
            now = self._clock.now()
            self._store.spend_link(ticket.id, now, now + LIFETIME)

    def _check_unspent(self, ticket: Ticket) -> None:
        used_at = self._store.link_spent_at(ticket.id)
        if used_at is not None:
            raise Refused(ConnectLinkInvalid(why=f"it was used at {used_at:%H:%M:%S} UTC, and works once"))
