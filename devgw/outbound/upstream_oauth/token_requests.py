"""What is asked of token and revocation endpoints: built and authenticated by Authlib, read by ourselves.

Source: RFC 6749 §2.3.1, §4.1.3, §6; RFC 7009; RFC 7523 §2.2; RFC 8707 §2.2.
"""

import base64
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from devgw.clock import Clock, epoch
from devgw.entropy import token
from devgw.foreign.retry_after import read_wait
from devgw.foreign.words import excerpt
from devgw.oauth.discovery import without_query
from devgw.oauth.token_answer import TokenAnswer, TokenQuestion, read_token_answer
from devgw.outbound.client import Bounds, CheckAddress, http_client
from devgw.outbound.reach import is_refused_for_tls, not_reached
from devgw.outbound.upstream_oauth.fetching import WRITTEN_IN, Errand, Fetching, check_of
from devgw.problems import Problem, Refused
from devgw.problems.proxy import (
    UpstreamConnectTimedOut,
    UpstreamNameUnknown,
    UpstreamRefusedConnection,
    UpstreamSpeaksTls,
    UpstreamTlsFailed,
    UpstreamUnreachable,
)
from devgw.problems.upstream import AddressForbidden
from devgw.problems.upstream_answered import CallFacts
from devgw.problems.upstream_by_status import stood_before
from devgw.problems.upstream_no_mcp import IntermediaryAnswered
from devgw.problems.upstream_token import TokenAnswerUnreadable, TokenRequestRefused

if TYPE_CHECKING:
    import httpx2

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_READ_BY_OURSELVES = {"access_token": "read by ourselves", "token_type": "Bearer"}
"""What Authlib is shown of an answer, which it would read without limits."""
_NEVER_SENT = (UpstreamRefusedConnection, UpstreamNameUnknown, UpstreamTlsFailed, UpstreamConnectTimedOut)
_REFUSALS = 400
"""The first status that says no."""
Prepared = tuple[str, MutableMapping[str, str], Any]


@dataclass(frozen=True, slots=True, repr=False)
class ClientKey:
    """With what a client signs its assertions (`private_key_jwt`)."""

    private_key_pem: str
    algorithm: str = "RS256"
    key_id: str | None = None
    audience: str | None = None
    lifetime: timedelta = timedelta(seconds=300)


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Who asks, and how it shows that."""

    client_id: str
    method: str
    """`client_secret_basic`, `client_secret_post`, `private_key_jwt` or `none`."""
    secret: str | None = None
    key: ClientKey | None = None


def _with_parameters(body: Any, added: dict[str, str]) -> str:
    """Return a form with more parameters."""
    text = body.decode() if isinstance(body, bytes) else body or ""
    return "&".join(filter(None, [text, urlencode(added)]))


def _basic(client: Any, _method: str, uri: str, headers: MutableMapping[str, str], body: Any) -> Prepared:
    """Authenticate by header alone, id and secret form-encoded first, as RFC 6749 §2.3.1 asks and Authlib does not.

    Nothing of it stands in the body: servers refuse a request that authenticates in two ways (§2.3).
    """
    pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret or '', safe='')}"
    headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return uri, headers, body


class TokenRequests:
    """Asks token endpoints."""

    def __init__(self, fetching: Fetching, clock: Clock) -> None:
        self._fetching = fetching
        self._clock = clock

    def _signed(self, credentials: Credentials, endpoint: str) -> str:
        """Return a client assertion (RFC 7523 §3), by the injected clock."""
        import jwt  # noqa: PLC0415  for cross-app access alone

        key = credentials.key
        assert key is not None
        now = self._clock.now()
        claims = {
            "iss": credentials.client_id,
            "sub": credentials.client_id,
            "aud": key.audience or endpoint,
            "iat": epoch(now),
            "exp": epoch(now + key.lifetime),
            "jti": token(""),
        }
        headers = {"kid": key.key_id} if key.key_id else None
        return jwt.encode(claims, key.private_key_pem, key.algorithm, headers)

    def _by_key(self, credentials: Credentials) -> Callable[..., Prepared]:
        """Return what authenticates a request by a signed assertion."""

        def sign(client: Any, _method: str, uri: str, headers: MutableMapping[str, str], body: Any) -> Prepared:
            added = {
                "client_id": client.client_id,
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self._signed(credentials, uri),
            }
            return uri, headers, _with_parameters(body, added)

        return sign

    def _client(self, credentials: Credentials, check: CheckAddress | None) -> Any:
        """Return Authlib's client, which builds and authenticates the request."""
        # Loaded when an upstream is first connected, not when the gateway starts.
        from authlib.integrations.httpx_client import AsyncOAuth2Client  # noqa: PLC0415

        client: Any = http_client(
            Bounds(self._fetching.seconds),
            check,
            make=AsyncOAuth2Client,
            client_id=credentials.client_id,
            client_secret=credentials.secret,
            token_endpoint_auth_method=credentials.method,
        )
        client.register_client_auth_method(("client_secret_basic", _basic))
        client.register_client_auth_method(("private_key_jwt", self._by_key(credentials)))
        return client

    async def ask(
        self,
        errand: Errand,
        purpose: str,
        endpoint: str,
        credentials: Credentials,
        parameters: dict[str, str],
        *,
        configured: bool = False,
    ) -> TokenAnswer:
        """Return the tokens for `parameters`, of which `grant_type` is one.

        Raises:
            Refused: with `TokenRequestRefused`, `TokenAnswerUnreadable` or `AddressForbidden`, or why none came.
        """
        import httpx2  # noqa: PLC0415  as above

        check = check_of(endpoint, errand, configured=configured)
        answers: list[httpx2.Response] = []
        began = self._clock.ticks()

        def keep(response: "httpx2.Response") -> "httpx2.Response":
            answers.append(response)
            return httpx2.Response(200, json=_READ_BY_OURSELVES)

        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        try:
            async with self._client(credentials, check) as client:
                client.register_compliance_hook("access_token_response", keep)
                await client.fetch_token(endpoint, headers=headers, **parameters)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self._fetching.tell(errand, purpose, endpoint, None, began, error=type(error).__name__)
            raise Refused(await self._not_reached(error, endpoint, purpose)) from error
        except Refused as refused:
            self._fetching.tell(errand, purpose, endpoint, None, began, error=refused.problem.reason)
            raise
        answer = answers.pop()  # Authlib's client goes round in a circle, in which nothing long should stay
        content, status = answer.content, answer.status_code
        said = excerpt(content) if status >= 400 else ""
        self._fetching.tell(errand, purpose, endpoint, status, began, answer=said)
        kind = str(answer.headers.get("content-type", "")).split(";")[0].strip().lower()
        if await is_refused_for_tls(endpoint, status, kind):
            raise Refused(UpstreamSpeaksTls(without_query(endpoint), written_in=WRITTEN_IN[purpose]))
        url, where = without_query(endpoint), CallFacts(without_query(endpoint), written_in=WRITTEN_IN[purpose])
        if (found := stood_before(url, status, answer.headers, content, where)) is not None:
            raise Refused(found)
        asked = TokenQuestion(url, parameters["grant_type"], credentials.method)
        location = str(answer.headers.get("location", ""))
        return read_token_answer(asked, status, kind, content, read_wait(answer.headers), location)

    async def revoke(self, errand: Errand, endpoint: str, credentials: Credentials, secret: str, kind: str) -> int:
        """Tell the upstream that a token is of no more use (RFC 7009); return the status of its answer.

        Raises:
            Refused: with `AddressForbidden`, or why it was not reached.
        """
        import httpx2  # noqa: PLC0415  as above

        check = check_of(endpoint, errand, configured=False)
        began = self._clock.ticks()
        try:
            async with self._client(credentials, check) as client:
                auth = client.client_auth(credentials.method)
                answer = await client.revoke_token(endpoint, token=secret, token_type_hint=kind, auth=auth)
                self._fetching.tell(errand, "revocation", endpoint, answer.status_code, began)
                return int(answer.status_code)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self._fetching.tell(errand, "revocation", endpoint, None, began, error=type(error).__name__)
            raise Refused(await self._not_reached(error, endpoint, "revocation")) from error

    async def _not_reached(self, error: Exception, endpoint: str, purpose: str) -> Problem:
        return await not_reached(error, without_query(endpoint), self._fetching.seconds, WRITTEN_IN[purpose])


def is_final(refused: Refused) -> bool:
    """Tell whether a refusal of a token endpoint ends what was asked with, rather than this attempt alone."""
    return isinstance(refused.problem, TokenRequestRefused) and refused.problem.is_final


def was_answered(refused: Refused) -> bool:
    """Tell whether a refused token request can have cost nothing there: it never left, or the endpoint said no."""
    import httpcore2  # noqa: PLC0415  whoever was refused has loaded both
    import httpx2  # noqa: PLC0415

    problem, cause = refused.problem, refused.__cause__
    if isinstance(problem, TokenAnswerUnreadable):
        return problem.status_code >= _REFUSALS
    if isinstance(problem, IntermediaryAnswered):
        return problem.has_kept_back
    if isinstance(problem, UpstreamUnreachable):
        return isinstance(
            cause, (httpcore2.ConnectError, httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.InvalidURL)
        )
    return isinstance(problem, (TokenRequestRefused, AddressForbidden, *_NEVER_SENT))
