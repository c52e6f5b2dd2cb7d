"""Client metadata documents from the net: a URL from a stranger, fetched with every guard.

GET, no redirects, 5 KB, a few seconds; special-use addresses are refused on the *connected* address (a name can resolve
to something else a moment later), but for loopback: this gateway runs on loopback itself. HTTP caching is respected;
failures are never cached, but where a kept copy stands in.

Source: OAuth Client ID Metadata Document §4, §6; RFC 6890; RFC 9111.
"""

import re
import ssl
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from devgw.clock import Clock
from devgw.departure import Departure
from devgw.foreign.json import JsonRefused, read_object
from devgw.foreign.text import clean
from devgw.foreign.urls import ForeignUrl, UrlRefused, read_url
from devgw.gateway.clients import ClientDocument
from devgw.limits import Limits
from devgw.oauth.client_members import misspelt
from devgw.oauth.redirect_uri import is_loopback
from devgw.outbound.client import Bounds, CheckAddress, http_client
from devgw.outbound.guard import client_check
from devgw.outbound.kept_documents import KeptDocuments
from devgw.outbound.reach import why_unreached
from devgw.outbound.transport import tls_error, tls_fault
from devgw.problems import Problem, Refused
from devgw.problems.client_document import (
    ClientDocumentForbidden,
    ClientDocumentInvalid,
    ClientDocumentNotPublic,
    ClientDocumentUnreachable,
)
from devgw.problems.limit import AnswerProblem, AnswerTooLong, AnswerUnfinished, AnswerUnpacksTooLong, limit_id
from devgw.problems.proxy import TlsFault

OFFLINE = timedelta(seconds=30)
"""How long a kept copy stands before the document itself is asked for again: one login waits once for the network."""
LOCAL_DOCUMENTS = Departure(
    name="local-documents",
    here="The metadata document or the key set of a client may stand on this machine, on http://localhost or https.",
    deployed="They are read from the public net over https; this machine cannot be reached from there.",
    why="A client under development has its document on the same machine.",
    source="https://zuplo.com/docs/mcp-gateway/auth/overview",
    setting="[deployed]\nclient_documents = true",
    is_made=lambda settings: not settings.deployed.client_documents,
)
SHORTEST, LONGEST, USUAL = timedelta(seconds=0), timedelta(days=1), timedelta(minutes=5)
KEPT = 200
"""Documents in the cache."""


@dataclass(frozen=True, slots=True)
class _Cached:
    document: ClientDocument
    until: datetime


_OURS_TO_MEND = frozenset({TlsFault.UNTRUSTED, TlsFault.OPENED, TlsFault.UNCHAINED, TlsFault.PLAIN})
"""What is mended on this side: by an authority that is made known here, or by the scheme of the URL."""


class HttpClientDocuments:
    """Fetches client metadata documents and key sets."""

    def __init__(
        self,
        clock: Clock,
        kept: KeptDocuments | None = None,
        seconds: float = Limits.CLIENT_DOCUMENT_SECONDS,
        *,
        may_be_local: bool = True,
    ) -> None:
        self._may_be_local = may_be_local
        """Whether documents on this machine are read."""
        self._clock = clock
        self._kept = kept or KeptDocuments()
        self._seconds = seconds
        self._cache: dict[str, _Cached] = {}

    async def fetch(self, url: str, *, loopback_allowed: bool = True) -> ClientDocument:
        """Return the document at `url`; see `gateway.clients.ClientDocuments`."""
        _check_url(url)
        cached = self._cache.get(url)
        if cached and cached.until > self._clock.now():
            return cached.document
        try:
            headers, content = await self._get(url, loopback_allowed=loopback_allowed)
        except Refused as refused:
            return self._keep_going(url, refused)
        document = ClientDocument(_read(url, headers.get("content-type", ""), content))
        self._remember(url, document, _lifetime(headers.get("cache-control", "")))
        return document

    def _keep_going(self, url: str, refused: Refused) -> ClientDocument:
        """Return the kept copy where the network alone is in the way; it is asked again in a moment.

        Raises:
            Refused: `refused` where something else is, or there is no copy.
        """
        problem = refused.problem
        if not (isinstance(problem, ClientDocumentUnreachable) and problem.is_of_the_network):
            raise refused
        try:
            kept = self._kept.find(url)
        except (OSError, JsonRefused) as error:
            wanted = error.wanted if isinstance(error, JsonRefused) else "a file that can be read"
            raise Refused(ClientDocumentInvalid(url, "is unreadable", str(error), wanted, is_copy=True)) from refused
        if kept is None:
            raise refused
        try:
            _check_document(url, kept.document)
        except Refused as broken:
            raise Refused(replace(broken.problem, is_copy=True)) from refused  # type: ignore[call-arg]  # it raises one
        document = ClientDocument(kept.document, kept.mark)
        self._remember(url, document, OFFLINE)
        return document

    async def fetch_keys(self, url: str, *, loopback_allowed: bool = True) -> dict[str, Any]:
        """Return the JSON Web Key Set at a client's `jwks_uri`, under the same guards.

        Raises:
            Refused: as `fetch` does.
        """
        try:
            _check_transport(url)
            _, content = await self._get(url, loopback_allowed=loopback_allowed, is_key_set=True)
            return read_object(content)
        except JsonRefused as error:
            raise Refused(replace(_not_taken(url, error), is_key_set=True)) from error
        except Refused as refused:
            raise Refused(_of_keys(refused.problem)) from refused

    async def _get(self, url: str, *, loopback_allowed: bool, is_key_set: bool = False) -> tuple[dict[str, str], bytes]:
        import httpx2  # noqa: PLC0415  140 ms that only a client with a document needs

        if not self._may_be_local and is_loopback(url):
            raise Refused(ClientDocumentNotPublic(url))
        bounds = Bounds(self._seconds, Limits.CLIENT_DOCUMENT_BYTES)
        try:
            async with (
                http_client(bounds, _check_of(url, loopback_allowed=loopback_allowed)) as client,
                client.stream("GET", url, headers={"accept": "application/json"}) as response,
            ):
                status, headers = response.status_code, dict(response.headers)
                content = await response.aread() if status == 200 else b""
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            # who closes amid a handshake has shown no certificate: nobody has answered yet
            tls = tls_error(error)
            is_network = isinstance(error, httpx2.TransportError) and (tls is None or isinstance(tls, ssl.SSLEOFError))
            why = why_unreached(error, url)
            change = why.change if tls is not None and tls_fault(tls) in _OURS_TO_MEND else ""
            unreachable = ClientDocumentUnreachable(url, why.failure, is_of_the_network=is_network, change=change)
            raise Refused(unreachable) from error
        except Refused as refused:
            raise Refused(_own_problem(url, refused.problem)) from refused
        if status != 200:
            raise Refused(_status_problem(url, status, headers.get("location"), is_key_set=is_key_set))
        return headers, content

    def _remember(self, url: str, document: ClientDocument, lifetime: timedelta) -> None:
        if lifetime > timedelta():
            if len(self._cache) >= KEPT:
                self._cache.pop(next(iter(self._cache)))
            self._cache[url] = _Cached(document, self._clock.now() + lifetime)


def _check_url(url: str) -> None:
    """Refuse a URL that may be no client id (OAuth Client ID Metadata Document §3)."""
    read = _check_transport(url)
    if read.path in {"", "/"}:
        raise Refused(ClientDocumentInvalid(url, "has no path", url, "a URL with a path", is_of_url=True))
    if any(each in {".", ".."} for each in read.path.split("/")):
        expected = "a path without . and .."
        raise Refused(ClientDocumentInvalid(url, "has dot segments", read.path, expected, is_of_url=True))


def _check_transport(url: str) -> ForeignUrl:
    """Return the parts of a URL that may be asked: https, or http on loopback."""
    try:
        read = read_url(url)
    except UrlRefused as error:
        expected = "an absolute https URL without user, fragment or blanks"
        raise Refused(
            ClientDocumentInvalid(url, "is no URL to fetch from", str(error), expected, is_of_url=True)
        ) from error
    if read.scheme != "https" and not is_loopback(url):
        expected = "https, or http on loopback for development"
        raise Refused(ClientDocumentInvalid(url, "is not https", read.scheme, expected, is_of_url=True))
    return read


def _check_of(url: str, *, loopback_allowed: bool) -> CheckAddress:
    """Return the check of its addresses; one that says it is on this machine may be there, for who may ask for that.

    Raises:
        Refused: with `ClientDocumentForbidden`, where a page asks for what is on this machine.
    """
    on_loopback = is_loopback(url)
    if on_loopback and not loopback_allowed:
        raise Refused(ClientDocumentForbidden(url, "this machine", is_asked_by_page=True))
    return client_check(on_loopback, lambda address, kind: ClientDocumentForbidden(url, f"{address} ({kind})"))


def _of_keys(problem: Problem) -> Problem:
    """Return the same problem, of a key set."""
    named = ClientDocumentInvalid | ClientDocumentUnreachable | ClientDocumentNotPublic
    return replace(problem, is_key_set=True) if isinstance(problem, named) else problem


def _own_problem(url: str, problem: Problem) -> Problem:
    """Return a limit that was passed as what it means for a client: it is not taken."""
    if isinstance(problem, AnswerTooLong | AnswerUnpacksTooLong):
        most = f"{problem.most_bytes} bytes"
        return ClientDocumentInvalid(url, "is too long", f"over {most}", f"{most} at most", problem.diagnosis_id or "")
    if isinstance(problem, AnswerProblem):
        said, is_late = problem.explain().rstrip("."), isinstance(problem, AnswerUnfinished)
        return ClientDocumentUnreachable(url, said, problem.diagnosis_id or "", is_of_the_network=is_late)
    return problem


_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_SHOWN_NOW = frozenset({429, 500, 502, 503, 504, *range(520, 528)})
"""What waiting mends; the last are those of a CDN whose origin is down."""


def _status_problem(url: str, status: int, location: str | None, *, is_key_set: bool) -> Problem:
    if status in _REDIRECTS and location:
        rule = "redirects, which is not followed"
        return ClientDocumentInvalid(url, rule, clean(location, 200), "status 200 and no redirect")
    return ClientDocumentUnreachable(url, f"it answered {status}", change=_change_of(status, is_key_set=is_key_set))


def _change_of(status: int, *, is_key_set: bool) -> str:
    """Return what is to be done where a server was reached and does not give the document."""
    what = "key set" if is_key_set else "document"
    if status == 511:
        return "Sign in to the network first (RFC 6585 §6): something on the way answered in the server's place."
    if status in _NOT_SHOWN_NOW:
        return "Wait until that server answers again."
    if status >= 500:
        return f"Let that server give the {what}: its own log says why it does not."
    if status in (401, 403, 407):
        return "Let that URL be read by everybody: nothing is shown to it."
    named = "jwks_uri" if is_key_set else "client id"
    return f"Publish the {what} at that URL, or let the client have the URL at which it is as its {named}."


def _read(url: str, content_type: str, content: bytes) -> dict[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if not re.fullmatch(r"application/([\w.-]+\+)?json", kind):
        raise Refused(
            ClientDocumentInvalid(
                url, "is not served as JSON", clean(kind, 100) or "no content type", "Content-Type: application/json"
            )
        )
    try:
        document = read_object(content)
    except JsonRefused as error:
        raise Refused(_not_taken(url, error)) from error
    _check_document(url, document)
    return document


def _not_taken(url: str, refused: JsonRefused) -> ClientDocumentInvalid:
    """Return that a document, or a key set, is JSON that is not taken, or none."""
    return ClientDocumentInvalid(url, "is not taken", str(refused), refused.wanted, limit_id(refused.limit))


def _check_document(url: str, document: dict[str, Any]) -> None:
    named = document.get("client_id")
    if named is None:
        raise Refused(ClientDocumentInvalid(url, "has no client_id", "nothing", f"client_id {url}"))
    if named != url:
        raise Refused(ClientDocumentInvalid(url, "names another client_id", clean(str(named), 200), f"client_id {url}"))
    for name in ("client_name", "redirect_uris"):
        if not document.get(name):
            came = misspelt(document, name)
            raise Refused(ClientDocumentInvalid(url, f"has no {name}", came or "nothing", name))
    for name in ("client_secret", "client_secret_expires_at"):
        if name in document:
            got = "a secret in public" if name == "client_secret" else "a member that only a secret has"
            raise Refused(ClientDocumentInvalid(url, f"publishes {name}", got, f"no {name}"))
    method = str(document.get("token_endpoint_auth_method", "none"))
    if method.startswith("client_secret"):
        raise Refused(
            ClientDocumentInvalid(url, "asks for a shared secret", clean(method, 100), "none or private_key_jwt")
        )


def _lifetime(cache_control: str) -> timedelta:
    directives = cache_control.lower()
    if "no-store" in directives or "no-cache" in directives:
        return SHORTEST
    age = re.search(r"(?:s-maxage|max-age)\s*=\s*\"?([0-9]+)", directives)
    # eight digits are more than the longest, and the most that need be read
    return min(LONGEST, timedelta(seconds=int(age.group(1)[:8]))) if age else USUAL
