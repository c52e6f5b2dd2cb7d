"""Who takes part: the browsers that are signed in and the clients that are known."""

from datetime import datetime

from devgw.events.bus import Published
from devgw.events.taxonomy import (
    McpAuthClientDeleted,
    McpAuthClientRefused,
    McpAuthClientRegistered,
    McpAuthLoginFinished,
    McpAuthSessionEnded,
    Outcome,
)
from devgw.events.trace import Trace
from devgw.monitor.book import Book, Count, Graveyard
from devgw.monitor.masking import mask_client_id, mask_sentence
from devgw.monitor.moments import stamp
from devgw.monitor.records import Records
from devgw.monitor.rows import ClientRow, SessionRow

_KEPT = 5_000


class PeopleBooks:
    """The rows of sessions and clients, kept in step with the events."""

    def __init__(self, count: Count, graveyard: Graveyard) -> None:
        self.sessions: Book[SessionRow] = Book("session", count, graveyard, _KEPT)
        self.clients: Book[ClientRow] = Book("client", count, graveyard, _KEPT)

    def seed(self, records: Records) -> None:
        """Take over what the store has."""
        for client in records.clients():
            row = ClientRow(
                client.id, mask_sentence(client.name), "known", client.registered_by, stamp(client.issued_at)
            )
            row.expires, row.last = stamp(client.expires_at), stamp(client.last_seen_at)
            row.redirect_uris = [mask_sentence(each) for each in client.redirect_uris]
            row.auth_method = client.token_endpoint_auth_method
            row.user_agent, row.kept_copy = mask_sentence(client.user_agent), client.kept_copy or ""
            self.clients.put(row.id, row)
        for session in records.sessions():
            seat = SessionRow(session.id, "ended" if session.ended_at else "live", stamp(session.started_at))
            seat.expires, seat.ended = stamp(session.expires_at), stamp(session.ended_at)
            seat.browser = mask_sentence(session.user_agent)
            seat.subject_id, seat.email, seat.name = session.subject_id, session.email or "", session.display_name or ""
            self.sessions.put(seat.id, seat)

    def email_of(self, session_id: str) -> str:
        """Return the mail address of whoever a session is, empty where it is not known."""
        session = self.sessions.get(session_id)
        return session.email if session is not None else ""

    def registered(self, published: Published, event: McpAuthClientRegistered) -> None:
        """Note a client that became known."""
        id_ = str(event.client_id or "")
        old = self.clients.get(id_)
        row = old or ClientRow(id_, "", "known", event.registered_by, created=stamp(published.at))
        row.name, row.state, row.registered_by = (
            mask_sentence(event.client_name or "") or row.name or mask_client_id(id_),
            "known",
            event.registered_by,
        )
        row.redirect_uris = [mask_sentence(each) for each in event.redirect_uris]
        row.auth_method = event.token_endpoint_auth_method
        row.last, row.kept_copy = stamp(published.at), event.kept_copy or ""
        self.clients.put(id_, row)

    def refused(self, published: Published, event: McpAuthClientRefused) -> None:
        """Note a client that was refused, under its id or the request's."""
        id_ = mask_client_id(str(event.client_id or f"refused:{event.trace_id or published.seq}"))
        old = self.clients.get(id_)
        row = old or ClientRow(
            id_, mask_sentence(event.client_name or ""), "refused", event.registered_by, stamp(published.at)
        )
        row.redirect_uris = [mask_sentence(each) for each in event.redirect_uris] or row.redirect_uris
        row.refusals, row.last = row.refusals + 1, stamp(published.at)
        self.clients.put(id_, row)

    def deleted(self, event: McpAuthClientDeleted) -> None:
        """Note that a client is no more."""
        row = self.clients.get(event.client_id)
        if row is not None:
            row.state = "deleted"
            self.clients.touch(row.id)

    def signed_in(self, published: Published, event: McpAuthLoginFinished) -> None:
        """Note a session that stands now."""
        if event.outcome is not Outcome.SUCCESS or not event.session_id:
            return
        row = self.sessions.get(event.session_id) or SessionRow(event.session_id, "live", stamp(published.at))
        row.last, row.expires = stamp(published.at), stamp(event.session_expires_at) or row.expires
        row.subject_id, row.email = event.subject_id or row.subject_id, event.email or row.email
        row.name, row.browser = event.display_name or row.name, mask_sentence(event.user_agent or "") or row.browser
        self.sessions.put(row.id, row)

    def signed_out(self, published: Published, event: McpAuthSessionEnded) -> None:
        """Note a session that ended."""
        row = self.sessions.get(event.session_id)
        if row is not None:
            row.state, row.ended, row.ended_by = "ended", stamp(published.at), event.cause
            self.sessions.touch(row.id)

    def seen(self, trace: Trace) -> None:
        """Note that a client and a browser were there. On the hot path."""
        client = self.clients.get(trace.client_id)
        if client is not None and self._is_news(client.last, trace.started_at):
            client.last = stamp(trace.started_at)
            client.user_agent = mask_sentence(trace.user_agent) if trace.kind != "page" else client.user_agent
            self.clients.touch(client.id)
        session = self.sessions.get(trace.session_id) if trace.kind != "mcp" else None
        if session is not None:
            session.last, session.browser = stamp(trace.started_at), mask_sentence(trace.user_agent) or session.browser
            self.sessions.touch(session.id)

    def set_out(self, client_id: str | None, session_id: str | None) -> None:
        """Count one flow of a client and a session."""
        client = self.clients.get(client_id)
        if client is not None:
            client.flows += 1
            self.clients.touch(client.id)
        session = self.sessions.get(session_id)
        if session is not None:
            session.flows += 1
            self.sessions.touch(session.id)

    @staticmethod
    def _is_news(last: float, at: datetime) -> bool:
        return stamp(at) - last >= 1.0
