"""What was seen of somebody's MCP server by asking it without a credential, before anything is said of it.

Each answer stays as it came: the same facts serve the checks, the verdict of each client family, and the choice of how
the gateway is put in front of it.
"""

from dataclasses import dataclass, field

from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts.check import Answer
from devgw.foreign.challenge import Challenge, bearer_challenge
from devgw.problems import ErrorCode

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOGIN_PAGES = frozenset({200, 302, 303, 400})
"""What a login page answers to a client that nobody registered."""


@dataclass(frozen=True, slots=True)
class DocumentPlace:
    """One place where a document may be, and what came from there."""

    kind: str
    """Of a resource: `hint`, `path`, `root`; of an issuer: `oauth`, `openid`, `openid at its end`."""
    answer: Answer

    @property
    def has_document(self) -> bool:
        """Tell whether a JSON object came."""
        return self.answer.status == 200 and bool(self.answer.document)

    @property
    def is_failing(self) -> bool:
        """Tell whether it cannot answer now, so that the document may be there."""
        return self.answer.status >= 500 or self.answer.status == 429


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The four questions to the MCP endpoint itself, none with a credential of OAuth."""

    url: str
    modern: Answer
    """To `server/discover` of 2026-07-28."""
    legacy: Answer
    """To `initialize` of 2025-11-25."""
    stream: Answer
    """To GET; its body is not read."""
    preflight: Answer
    """To OPTIONS, as from a page of another origin."""
    without_session: int = 0
    """The status of a call without the session that `initialize` began; 0 where it began none."""

    @property
    def challenge(self) -> Challenge | None:
        """Return the Bearer challenge of its refusal; None where there is none."""
        return bearer_challenge([self.legacy.headers.get("www-authenticate", "")])

    @property
    def wants_login(self) -> bool:
        """Tell whether a call without a token is refused as one."""
        return self.legacy.status == 401 or (self.legacy.status == 403 and self.challenge is not None)

    @property
    def answers_mcp(self) -> bool:
        """Tell whether it answered as MCP servers do: a JSON-RPC response, whole or in an event stream."""
        messages = (self.legacy.message, self.modern.message)
        return any(each.get("jsonrpc") == "2.0" and not {"result", "error"}.isdisjoint(each) for each in messages)

    @property
    def refuses_everybody(self) -> bool:
        """Tell whether no revision is begun there: an error for `initialize`, and nothing for `server/discover`."""
        return "error" in self.legacy.message and "result" not in self.modern.message

    @property
    def offers_event_stream(self) -> bool:
        """Tell whether GET gives an event stream, as servers of 2024-11-05 do where they refuse POST."""
        return self.stream.status == 200 and self.stream.media_type == "text/event-stream"


@dataclass(frozen=True, slots=True)
class SeenServer:
    """One server, as far as a stranger sees it."""

    typed: str
    """The URL that was asked for."""
    endpoint: Endpoint
    is_redirected: bool = False
    """Whether its URL was reached by a redirect within the origin."""
    tried: tuple[str, ...] = ()
    """URLs of the same origin that were asked since there was no MCP server at the one that was typed."""
    resources: tuple[DocumentPlace, ...] = ()
    issuer: str = ""
    """Of which the metadata was asked for: the first that the resource names; its origin where it names none."""
    servers: tuple[DocumentPlace, ...] = ()
    keys: Answer | None = None
    token: Answer | None = None
    """To a code that nobody issued."""
    authorize: Answer | None = None
    """To a client that nobody registered."""
    registration: Answer | None = None
    """To a registration that is no JSON, which registers nobody."""
    own_server: Answer | None = None
    """To the metadata of an authorization server at the MCP server's own origin, where it names another one."""
    pages: tuple[Answer, ...] = ()
    """To the documents that were found, asked as a page of another origin does."""
    registered: Answer | None = None
    """To a registration; only where that was asked for."""
    deleted: Answer | None = None
    """To its deletion."""
    headers: tuple[str, ...] = field(default=())
    """Names of the headers of the person's own that were sent to the endpoint."""

    @property
    def url(self) -> str:
        """Return the URL of the endpoint that was looked at."""
        return self.endpoint.url

    @property
    def origin(self) -> str:
        """Return the endpoint's origin."""
        return split_url(self.url).origin

    @property
    def resource(self) -> DocumentPlace | None:
        """Return the first place that has the resource's metadata."""
        return next((each for each in self.resources if each.has_document), None)

    @property
    def server(self) -> DocumentPlace | None:
        """Return the first place that has the issuer's metadata."""
        return next((each for each in self.servers if each.has_document), None)

    @property
    def is_guarded_by_oauth(self) -> bool:
        """Tell whether anything says where a login is to be had."""
        return self.resource is not None or self.server is not None

    @property
    def has_default_endpoints(self) -> bool:
        """Tell whether something answers as OAuth where 2025-03-26 assumes it; a guard of all paths does not."""
        asks = self.token is not None and self.token.said("error") in set(ErrorCode)
        return asks or (self.authorize is not None and self.authorize.status in _LOGIN_PAGES)
