"""Asks upstreams over HTTP: within bounds of address, size and time, and tells every answer on the bus."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devgw.clock import Clock
from devgw.config.project import Route
from devgw.events import Bus, FailureOrigin, Outcome
from devgw.events.taxonomy import McpAuthUpstreamAnswered
from devgw.foreign.json import JsonRefused, find_refusal, read_object
from devgw.foreign.words import excerpt
from devgw.ids import OperationId, SubjectId, UpstreamServerId
from devgw.limits import Limits
from devgw.oauth.discovery import without_query
from devgw.outbound.client import Bounds, CheckAddress, http_client
from devgw.outbound.guard import check_form, find_near_check, is_local, near_name, upstream_check
from devgw.outbound.reach import is_refused_for_tls, not_reached
from devgw.problems import Problem, Refused
from devgw.problems.proxy import GIVEN_URL, REWRITE_PATTERN, UpstreamSpeaksTls
from devgw.problems.upstream_answered import CallFacts
from devgw.problems.upstream_by_status import kept_from, stood_before

if TYPE_CHECKING:
    import httpx2


WRITTEN_IN = {
    "challenge": REWRITE_PATTERN,
    "resource metadata": "rewritePattern, or the metadata URL that the upstream's 401 names",
    "server metadata": "`authorization_servers` of the upstream's metadata",
    "client check": "`authorization_endpoint` of the authorization server's metadata",
    "login page": "`authorization_endpoint` of the authorization server's metadata",
    "registration": "`registration_endpoint` of the authorization server's metadata",
    "token": "`token_endpoint` of the authorization server's metadata",
    "refresh": "`token_endpoint` of the authorization server's metadata; then connect again",
    "revocation": "`revocation_endpoint` of the authorization server's metadata",
    "id-jag": "idJag.idp.tokenUrl in config/policies.json",
    "id-jag token": "idJag.resourceAs.tokenUrl in config/policies.json",
}
"""Where the URL stands that is asked, by purpose."""
_BY_ROUTE = frozenset({"challenge", "resource metadata"})
"""What is asked at the URL of the route, or beside it."""


@dataclass(frozen=True, slots=True)
class Errand:
    """For whom something is asked: it stands in the events, and bounds the addresses."""

    upstream_server_id: UpstreamServerId
    operation_id: OperationId
    subject_id: SubjectId
    local_allowed: bool
    """Whether the upstream itself is local, so that its documents may name local addresses."""
    near_name: str = ""
    """Its host, where that is local by what its name led to: it is asked nowhere else then."""
    is_given: bool = False
    """As `Route.is_given`."""

    def written_in(self, purpose: str) -> str:
        """Return where the URL stands that is asked."""
        return GIVEN_URL if self.is_given and purpose in _BY_ROUTE else WRITTEN_IN[purpose]


async def errand_for(route: Route, subject_id: SubjectId) -> Errand:
    """Return the errand of getting a subject a credential for a route's upstream.

    Raises:
        Refused: with `UpstreamNameUnknown` where the upstream's name is not known.
    """
    exchange = route.token_exchange
    assert exchange is not None
    is_near = await is_local(route.upstream_url)
    near = near_name(route.upstream_url, is_near=is_near)
    return Errand(exchange.id, route.operation_id, subject_id, is_near, near, is_given=route.is_given)


@dataclass(frozen=True, slots=True)
class FetchedAnswer:
    """What came back."""

    url: str
    status: int
    headers: "httpx2.Headers"
    body: bytes

    @property
    def content_type(self) -> str:
        """Return the media type, without parameters, in lower case."""
        return str(self.headers.get("content-type", "")).split(";")[0].strip().lower()

    def stood_before(self, written_in: str, *, is_document: bool = False) -> Problem | None:
        """Return who answered in the server's place; None where nothing shows that."""
        url, find = without_query(self.url), kept_from if is_document else stood_before
        return find(url, self.status, self.headers, self.body, CallFacts(url, written_in=written_in))

    def json_object(self) -> dict[str, Any] | None:
        """Return the body where it is a JSON object that is taken, else None."""
        try:
            return read_object(self.body)
        except JsonRefused:
            return None

    @property
    def refused(self) -> JsonRefused | None:
        """Return why the body, where it is meant as JSON, is no object that is taken."""
        return find_refusal(self.body, self.content_type)


class Fetching:
    """Opens connections to upstreams and their authorization servers."""

    def __init__(self, clock: Clock, bus: Bus, *, seconds: float = Limits.ANSWER_SECONDS) -> None:
        self._clock = clock
        self._bus = bus
        self.seconds = seconds

    async def ask(
        self,
        errand: Errand,
        purpose: str,
        url: str,
        *,
        document: Any = None,
        headers: Mapping[str, str] | None = None,
        configured: bool = False,
    ) -> FetchedAnswer:
        """Return the answer of a GET, or of a POST of `document` as JSON; a redirect is an answer, not followed.

        `configured` URLs were written by the user and may lie anywhere.

        Raises:
            Refused: with `AddressForbidden`, or why it was not reached.
        """
        import httpx2  # noqa: PLC0415  loaded when an upstream is first connected, not when the gateway starts

        check = check_of(url, errand, configured=configured)
        began = self._clock.ticks()
        try:
            answer = await self._exchange(url, document, headers, check)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self.tell(errand, purpose, url, None, began, error=type(error).__name__)
            problem = await not_reached(error, without_query(url), self.seconds, errand.written_in(purpose))
            raise Refused(problem) from error
        except Refused as refused:
            self.tell(errand, purpose, url, None, began, error=refused.problem.reason)
            raise
        if await is_refused_for_tls(url, answer.status, answer.content_type):
            self.tell(errand, purpose, url, answer.status, began, error=UpstreamSpeaksTls.__name__)
            raise Refused(UpstreamSpeaksTls(without_query(url), written_in=errand.written_in(purpose)))
        said = excerpt(answer.body) if answer.status >= 400 else ""
        self.tell(errand, purpose, url, answer.status, began, answer=said)
        return answer

    async def _exchange(
        self, url: str, document: Any, headers: Mapping[str, str] | None, check: CheckAddress | None
    ) -> FetchedAnswer:
        """Send one request and read its answer."""
        sent = {"accept": "application/json", **(headers or {})}
        method = "GET" if document is None else "POST"
        async with (
            http_client(Bounds(self.seconds), check) as client,
            client.stream(method, url, json=document, headers=sent) as response,
        ):
            is_stream = "event-stream" in str(response.headers.get("content-type", ""))  # one that may never end
            return FetchedAnswer(
                url, response.status_code, response.headers, b"" if is_stream else await response.aread()
            )

    def tell(
        self,
        errand: Errand,
        purpose: str,
        url: str,
        status: int | None,
        began: int,
        *,
        error: str | None = None,
        answer: str = "",
    ) -> None:
        """Publish what was asked and how it was answered."""
        failed = error is not None or status is None or (status >= 400 and purpose != "challenge")
        self._bus.publish(
            McpAuthUpstreamAnswered(
                upstream_server_id=errand.upstream_server_id,
                operation_id=errand.operation_id,
                subject_id=errand.subject_id,
                purpose=purpose,
                url=without_query(url),
                status=status,
                duration_ms=(self._clock.ticks() - began) / 1e6,
                error=error,
                answer=answer,
                outcome=Outcome.FAILURE if failed else Outcome.SUCCESS,
                failure_origin=FailureOrigin.UPSTREAM if failed else None,
            )
        )


def check_of(url: str, errand: Errand, *, configured: bool) -> CheckAddress | None:
    """Return the check of the addresses of a URL; None where the user wrote it, so that it may lie anywhere.

    Raises:
        Refused: with `AddressForbidden`.
    """
    near = find_near_check(url, errand.near_name)
    if not configured:
        check_form(url, local_allowed=errand.local_allowed)
        return near or upstream_check(url, local_allowed=errand.local_allowed)
    return near
