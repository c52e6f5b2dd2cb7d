"""Who may ask: registration, metadata documents, and finding a client by its id."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import unquote

from devgw.clock import Clock, epoch
from devgw.diagnosis.clients.recognise import how_to_register
from devgw.entropy import SECRET_PREFIX, digest, short_id, token
from devgw.events import Bus, Outcome, refusal
from devgw.events.taxonomy import McpAuthClientRefused, McpAuthClientRegistered
from devgw.gateway.records import Client
from devgw.gateway.store import Store
from devgw.ids import ClientId
from devgw.oauth.redirect_uri import check_not_own
from devgw.oauth.registration import ClientMetadata, read_client_metadata
from devgw.problems import Problem, Refused
from devgw.problems.client_document import ClientDocumentInvalid, ClientDocumentsDisabled, ClientDocumentUnreachable
from devgw.problems.client_id import ID_LENGTH, ID_PREFIX, ClientExpired, ClientIdMistake, ClientUnknown
from devgw.problems.clients import ClientMetadataInvalid, RedirectUriRefused

REGISTRATION_TTL = timedelta(days=90)
SEEN_AGAIN_AFTER = timedelta(minutes=1)
"""How much later a client must come again for its last sight to be written down."""


@dataclass(frozen=True, slots=True)
class ClientDocument:
    """A client metadata document."""

    members: dict[str, Any]
    kept_copy: str | None = None
    """How the copy is called that stands for a document which the network does not let through; None for a live one."""


class ClientDocuments(Protocol):
    """Fetches client metadata documents, with every guard that a URL from a stranger needs."""

    async def fetch(self, url: str, *, loopback_allowed: bool) -> ClientDocument:
        """Return the document at `url`, from the cache where HTTP allows; a kept copy where there is no network.

        Args:
            url: the client id.
            loopback_allowed: whether whoever asks may make us ask servers of this machine.

        Raises:
            Refused: with `ClientDocumentUnreachable`, `ClientDocumentForbidden` or `ClientDocumentInvalid`.
        """

    async def fetch_keys(self, url: str, *, loopback_allowed: bool) -> dict[str, Any]:
        """Return the JSON Web Key Set at a client's `jwks_uri`, under the same guards."""


class Clients:
    """Registers clients and finds them again."""

    def __init__(
        self,
        store: Store,
        documents: ClientDocuments,
        bus: Bus,
        clock: Clock,
        *,
        cimd_enabled: bool,
        own_id: str,
    ) -> None:
        """Begin with no client; `own_id` is the gateway's own client id at the identity provider, empty for none."""
        self._store = store
        self._documents = documents
        self._bus = bus
        self._clock = clock
        self._cimd_enabled = cimd_enabled
        self._own_id = own_id

    def register(self, document: Any, *, user_agent: str, own_callback: str) -> dict[str, Any]:
        """Register a client and return the answer's members (RFC 7591 §3.2.1).

        Args:
            document: what the client sent.
            user_agent: of the request.
            own_callback: where the identity provider answers the gateway, which is no place for a client's codes.

        Raises:
            Refused: with a problem of `problems.clients`.
        """
        try:
            metadata = read_client_metadata(document)
            check_not_own(metadata.redirect_uris, own_callback)
        except Refused as refused:
            self.publish_refusal("dcr", document, refused.problem)
            raise
        secret = token(SECRET_PREFIX) if metadata.token_endpoint_auth_method.startswith("client_secret_") else None
        client = self._new_client(ClientId(short_id(ID_PREFIX, 32)), "dcr", metadata, user_agent)
        client = replace(client, secret_digest=digest(secret) if secret else None)
        self._store.save_client(client)
        self._publish(client)
        return _registration_answer(client, secret)

    async def resolve(self, client_id: str, *, loopback_allowed: bool = True) -> Client:
        """Return the client with this id, fetching its metadata document where the id is a URL.

        A page of another site must not make us fetch from servers of this machine: for it `loopback_allowed` is False.

        Raises:
            Refused: with `ClientUnknown`, `ClientExpired`, or why the document is not taken.
        """
        if _is_url(client_id):
            return await self._resolve_document(client_id, loopback_allowed=loopback_allowed)
        return self.known(client_id)

    async def keys_of(self, client: Client, *, loopback_allowed: bool = True) -> dict[str, Any]:
        """Return the key set with which this client signs, fetched where it only names its URL.

        Raises:
            Refused: with why the URL is not taken.
        """
        url = client.metadata.get("jwks_uri")
        if url:
            return await self._documents.fetch_keys(str(url), loopback_allowed=loopback_allowed)
        return dict(client.metadata.get("jwks") or {})

    def _unknown(self, client_id: str) -> ClientUnknown:
        mistake, meant = self._mistake(client_id), self._meant(client_id)
        if meant and mistake in {None, ClientIdMistake.LENGTH}:
            mistake = ClientIdMistake.NEAR
        return ClientUnknown(client_id, client_id.startswith(ID_PREFIX), mistake, meant)

    def _meant(self, client_id: str) -> str:
        """Return the id of a client that is known, of which this is another spelling; empty for none."""
        plain = client_id.strip(" \"'`<>\t\r\n").lower()
        if plain == client_id and plain.startswith(ID_PREFIX):
            return ""
        meant = ClientId(ID_PREFIX + plain.removeprefix(ID_PREFIX))
        return meant if self._store.find_client(meant) is not None else ""

    def _mistake(self, client_id: str) -> ClientIdMistake | None:
        decoded = unquote(client_id)
        if decoded != client_id and self._store.find_client(ClientId(decoded)) is not None:
            return ClientIdMistake.ENCODED
        if self._own_id and client_id == self._own_id:
            return ClientIdMistake.OF_THE_GATEWAY
        if client_id.startswith(SECRET_PREFIX):
            return ClientIdMistake.SECRET
        is_ours = client_id.startswith(ID_PREFIX)
        return ClientIdMistake.LENGTH if is_ours and len(client_id) != ID_LENGTH else None

    def known(self, client_id: str) -> Client:
        """Return the client with this id from the store.

        Raises:
            Refused: with `ClientUnknown`, `ClientExpired`, or `ClientDocumentsDisabled`.
        """
        client, now = self._valid(client_id), self._clock.now()
        if client.last_seen_at is None or now - client.last_seen_at > SEEN_AGAIN_AFTER:
            with suppress(Refused):  # a full or locked disk refuses nobody over a moment that only a screen shows
                self._store.save_client(replace(client, last_seen_at=now))
        return client

    def has(self, client_id: str) -> bool:
        """Tell whether a client with this id would be let in; it counts as no visit of that client."""
        try:
            self._valid(client_id)
        except Refused:
            return False
        return True

    def _valid(self, client_id: str) -> Client:
        self.check_documents(client_id)
        client = self._store.find_client(ClientId(client_id))
        if client is None:
            raise Refused(self._unknown(client_id))
        if client.expires_at and client.expires_at <= self._clock.now():
            raise Refused(ClientExpired(client_id, client.expires_at))
        return client

    def check_documents(self, client_id: str) -> None:
        """Refuse a client that has a metadata document where the policy takes none, though it may have come before.

        Raises:
            Refused: with `ClientDocumentsDisabled`.
        """
        if _is_url(client_id) and not self._cimd_enabled:
            raise Refused(ClientDocumentsDisabled(client_id, how_to_register(client_id)))

    async def _resolve_document(self, url: str, *, loopback_allowed: bool) -> Client:
        self.check_documents(url)
        try:
            document = await self._documents.fetch(url, loopback_allowed=loopback_allowed)
            metadata = read_client_metadata(document.members, default_auth_method="none")
        except Refused as refused:
            problem = _of_document(url, refused.problem)
            if isinstance(problem, ClientDocumentUnreachable | ClientDocumentInvalid):
                problem = replace(problem, to_register=how_to_register(url))
            self.publish_refusal("cimd", None, problem)
            raise Refused(problem) from refused
        before = self._store.find_client(ClientId(url))
        if before and document.kept_copy and before.kept_copy is None:
            return before  # read here once: better than any copy
        if before and before.metadata == metadata.members and before.kept_copy == document.kept_copy:
            return before
        client = replace(self._new_client(ClientId(url), "cimd", metadata, ""), kept_copy=document.kept_copy)
        with self._store.transaction():
            self._store.save_client(client)
            # a changed document warrants a new consent (OAuth Client ID Metadata Document §6.4)
            if before and before.metadata != metadata.members:
                self._store.forget_consents(client.id)
        self._publish(client)
        return client

    def _new_client(self, client_id: ClientId, registered_by: str, metadata: ClientMetadata, user_agent: str) -> Client:
        now = self._clock.now()
        return Client(
            id=client_id,
            name=metadata.name,
            registered_by=registered_by,
            redirect_uris=metadata.redirect_uris,
            token_endpoint_auth_method=metadata.token_endpoint_auth_method,
            grant_types=metadata.grant_types,
            metadata=metadata.members,
            secret_digest=None,
            issued_at=now,
            expires_at=now + REGISTRATION_TTL if registered_by == "dcr" else None,
            user_agent=user_agent,
            last_seen_at=now,
        )

    def _publish(self, client: Client) -> None:
        self._bus.publish(
            McpAuthClientRegistered(
                client_id=client.id,
                client_name=client.name,
                registered_by=client.registered_by,
                redirect_uris=client.redirect_uris,
                token_endpoint_auth_method=client.token_endpoint_auth_method,
                kept_copy=client.kept_copy,
            )
        )

    def publish_refusal(self, registered_by: str, document: Any, problem: Problem) -> None:
        """Tell that nobody was registered, with the redirect URIs as far as there are any."""
        uris = document.get("redirect_uris") if isinstance(document, dict) else None
        self._bus.publish(
            McpAuthClientRefused(
                registered_by=registered_by,
                redirect_uris=tuple(str(each) for each in uris) if isinstance(uris, list) else (),
                outcome=Outcome.FAILURE,
                **refusal(problem),
            )
        )


def _of_document(url: str, problem: Problem) -> Problem:
    """Return what is wrong with a member as what is wrong with the document: nothing is registered by it."""
    if isinstance(problem, ClientMetadataInvalid):
        named = f"{problem.member}: {problem.expected}"
        return ClientDocumentInvalid(url, f"has a {problem.member} that is not taken", problem.got, named)
    if not isinstance(problem, RedirectUriRefused):
        return problem
    rule = f"lists a redirect URI that {problem.rule}"
    has_placeholder = problem.has_placeholder
    return ClientDocumentInvalid(url, rule, problem.redirect_uri, problem.instead, has_placeholder=has_placeholder)


def _is_url(client_id: str) -> bool:
    """Tell whether an id is the URL of a metadata document."""
    return client_id.startswith(("https://", "http://"))


def _registration_answer(client: Client, secret: str | None) -> dict[str, Any]:
    expires = epoch(client.expires_at) if client.expires_at else 0
    answer = {"client_id": client.id, "client_id_issued_at": epoch(client.issued_at), **client.metadata}
    answer.setdefault("client_name", client.name)
    return answer | ({"client_secret": secret, "client_secret_expires_at": expires} if secret else {})
