"""What the person is asked, and what they answer. No code leaves without it.

Source: MCP security best practices (Confused Deputy Mitigation, Consent UI Requirements); `gateway.md` §3.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from devgw.clock import Clock
from devgw.config.project import Project, Route
from devgw.departure import Departure
from devgw.entropy import CODE_PREFIX, derived, digest
from devgw.events import Bus, Outcome
from devgw.events.taxonomy import (
    McpAuthCodeIssued,
    McpAuthConsentApproved,
    McpAuthConsentDenied,
    McpAuthConsentShown,
)
from devgw.foreign.lookalike import imitation_in
from devgw.gateway.consent_reach import reach_of
from devgw.gateway.records import Client, Consent, PendingAuthorization, Session
from devgw.gateway.server import OAuthServer
from devgw.gateway.store import Store
from devgw.ids import SubjectId
from devgw.oauth.redirect_uri import RedirectKind, host_of, kind_of
from devgw.problems import Refused
from devgw.problems.consent import TransactionFinished, TransactionUnknown, UpstreamsNotConnected

CONSENT_MEMORY = Departure(
    name="consent-memory",
    here="A yes is remembered: the same person, client, redirect, route and scope get their code without the page.",
    deployed="The guides show the consent page after every sign-in.",
    why="Whoever tries a login twenty times in an hour has said yes to it already.",
    source="https://zuplo.com/docs/mcp-gateway/auth/configuring-workos",
    setting="[deployed]\nconsent = true",
    is_made=lambda settings: not settings.deployed.consent,
)


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """An upstream of the route, as the consent page shows it."""

    upstream_server_id: str
    display_name: str
    summary: str
    is_connected: bool
    connect_url: str
    detail: str = ""


class ConnectedUpstreams(Protocol):
    """Says which upstreams of a route a subject has connected."""

    def connections_of(
        self, route: Route, subject_id: SubjectId, return_to: str, label: str = ""
    ) -> list[ConnectionState]:
        """Return the upstreams of `route`, each with the URL at which this subject, called `label`, connects it."""


class NoConnections:
    """For projects whose routes have no upstream that a person connects."""

    def connections_of(
        self, route: Route, subject_id: SubjectId, return_to: str, label: str = ""
    ) -> list[ConnectionState]:
        """Return nothing to connect."""
        del route, subject_id, return_to, label
        return []


@dataclass(frozen=True, slots=True)
class ConsentQuestion:
    """Everything that the consent page names."""

    pending: PendingAuthorization
    client: Client
    session: Session
    route: Route
    redirect_host: str
    redirect_kind: RedirectKind
    """Of the redirect URI that this request uses, whatever others the client has."""
    imitation: str
    """What is odd about the letters of the client's name; empty where nothing is."""
    connections: tuple[ConnectionState, ...]
    csrf_token: str
    """The page token (`gateway.page_proof`)."""

    @property
    def can_be_approved(self) -> bool:
        """Tell whether every upstream is connected."""
        return all(each.is_connected for each in self.connections)


class Consents:
    """Asks, remembers, and turns a yes into a code."""

    def __init__(
        self,
        project: Project,
        server: OAuthServer,
        store: Store,
        connections: ConnectedUpstreams,
        bus: Bus,
        clock: Clock,
        *,
        remembers: bool = True,
    ) -> None:
        self._project = project
        self._server = server
        self._store = store
        self._connections = connections
        self._bus = bus
        self._clock = clock
        self._remembers = remembers
        """Whether a yes is good for the next time."""

    def question(
        self, pending: PendingAuthorization, session: Session, page_token: str, return_to: str
    ) -> ConsentQuestion:
        """Return what to ask this person."""
        client = self._server.query_client(pending.client_id).record
        route = self._route(pending)
        return ConsentQuestion(
            pending=pending,
            client=client,
            session=session,
            route=route,
            redirect_host=host_of(pending.redirect_uri),
            redirect_kind=kind_of(pending.redirect_uri),
            imitation=imitation_in(client.name),
            connections=tuple(
                self._connections.connections_of(route, session.subject_id, return_to, session.email or "")
            ),
            csrf_token=page_token,
        )

    def is_remembered(self, question: ConsentQuestion) -> bool:
        """Tell whether this person already allowed just this: client, where its answer goes, route and scope."""
        pending = question.pending
        if not self._remembers:
            return False
        if "consent" in pending.parameters.get("prompt", "").split():
            return False
        reach = reach_of(question.client, pending.redirect_uri)
        return question.can_be_approved and any(
            (each.reach, each.operation_id, each.scope) == (reach, pending.operation_id, pending.scope)
            for each in self._store.consents_of(question.session.subject_id, pending.client_id)
        )

    def show(self, question: ConsentQuestion) -> None:
        """Tell that the page is shown."""
        self._bus.publish(
            McpAuthConsentShown(
                **_links(question.pending, question.session),
                redirect_host=question.redirect_host,
                not_connected=tuple(each.display_name for each in question.connections if not each.is_connected),
            )
        )

    def approve(self, question: ConsentQuestion, *, remembered: bool = False) -> str:
        """Return the redirect that carries the code: the same one however often it is asked for.

        Args:
            question: what was asked, with the token of its page.
            remembered: whether the person said yes to the same question before.

        Raises:
            Refused: with `UpstreamsNotConnected`.
        """
        pending, session = question.pending, question.session
        if not question.can_be_approved:
            missing = tuple(each.display_name for each in question.connections if not each.is_connected)
            raise Refused(UpstreamsNotConnected(missing))
        with self._store.transaction():
            found = self._store.find_pending(pending.id)
            if found and found.decided_at:
                return self.repeat(found, session, question.csrf_token)
            location, request = self._server.issue_code(pending, session, _code_of(pending, question.csrf_token))
            self._store.save_consent(
                Consent(
                    subject_id=session.subject_id,
                    client_id=pending.client_id,
                    reach=reach_of(question.client, pending.redirect_uri),
                    operation_id=pending.operation_id,
                    scope=pending.scope,
                    given_at=self._clock.now(),
                )
            )
        links = _links(pending, session) | {"grant_id": request.facts["grant"].id}
        code = request.facts["code"]
        self._bus.publish(McpAuthConsentApproved(**links, remembered=remembered))
        self._bus.publish(
            McpAuthCodeIssued(**links, code_id=code.id, redirect_uri=pending.redirect_uri, expires_at=code.expires_at)
        )
        return location

    def repeat(self, pending: PendingAuthorization, session: Session, page_token: str) -> str:
        """Return the redirect that this browser got already, for a form or page that was asked for twice.

        Raises:
            Refused: with `TransactionFinished`, where the answer was another one or its code is of no more use.
        """
        secret = _code_of(pending, page_token)
        code = self._store.find_code(digest(secret))
        if code is None or code.redeemed_at or code.expires_at <= self._clock.now():
            raise Refused(TransactionFinished(pending.client_name, pending.decided_at or self._clock.now()))
        return self._server.repeat_code(pending, session, secret)

    def deny(self, question: ConsentQuestion) -> None:
        """Take the no; the authorization is over."""
        self._store.save_pending(replace(question.pending, decided_at=self._clock.now()))
        self._store.forget_consents(question.pending.client_id, question.session.subject_id)
        self._bus.publish(McpAuthConsentDenied(**_links(question.pending, question.session), outcome=Outcome.DENIED))

    def _route(self, pending: PendingAuthorization) -> Route:
        found = self._project.route_called(pending.operation_id)
        if found is None:  # the route went with a reload
            raise Refused(TransactionUnknown())
        return found


def _code_of(pending: PendingAuthorization, page_token: str) -> str:
    """Return the one code of an authorization: it follows from the token of its page, so that nobody else can tell it.

    A form that comes twice needs no memory by this.
    """
    return derived(CODE_PREFIX, "authorization code", pending.id, page_token)


def _links(pending: PendingAuthorization, session: Session) -> dict[str, Any]:
    return {
        "transaction_id": pending.id,
        "client_id": pending.client_id,
        "client_name": pending.client_name,
        "operation_id": pending.operation_id,
        "session_id": session.id,
        "subject_id": session.subject_id,
    }
