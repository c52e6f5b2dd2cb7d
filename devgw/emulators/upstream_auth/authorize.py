"""The authorization endpoint: check the request, show the page with its one click, send the browser back."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode, urlsplit

from quart import Quart, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from devgw.emulators.upstream_auth.clients import find_client, is_registered
from devgw.emulators.upstream_auth.faults import SampleFault, SetFaults
from devgw.emulators.upstream_auth.metadata import SCOPES, Metadata
from devgw.emulators.upstream_auth.records import PEOPLE, AskedAuthorization, SampleClient, SampleRecords
from devgw.emulators.upstream_auth.wire import OAuthError, once_each, raw_body

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Answer = Response | BaseResponse
_PAGE_UNKNOWN = "This page was answered before, or the emulator has restarted since. Start again from the client."


class Authorizing:
    """The authorization endpoint over one set of records."""

    def __init__(self, records: SampleRecords, metadata: Metadata, faults: SetFaults) -> None:
        self._records = records
        self._metadata = metadata
        self._faults = faults

    def add_to(self, app: Quart) -> None:
        """Add the endpoint to `app`."""
        app.add_url_rule("/authorize", "authorize", self._guarded(self.show), methods=["GET"])
        app.add_url_rule("/authorize", "decide", self._guarded(self.decide), methods=["POST"])

    def _guarded(self, step: Callable[[], Awaitable[Answer]]) -> Callable[[], Awaitable[Answer]]:
        async def answer() -> Answer:
            try:
                return await step()
            except OAuthError as refusal:
                return await page("refusal.html", 400, refusal=refusal)

        return answer

    async def show(self) -> Answer:
        """Show who asks for what; a fault of the request goes back to the client once the way back is proven."""
        query = once_each(request.query_string.decode("utf-8", "replace"))
        client, redirect_uri = await self._destination(query)
        try:
            asked = self._check(query, client, redirect_uri)
        except OAuthError as refusal:
            return self._back(redirect_uri, query.get("state"), refusal.as_json())
        return await page(
            "approve.html",
            asked=asked,
            key=self._records.wait_for_click(asked),
            people=PEOPLE,
            host=urlsplit(redirect_uri).netloc or redirect_uri,
            upstream=self._metadata.issuer,
        )

    async def decide(self) -> Answer:
        """Take the click."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise OAuthError("access_denied", "Another site sent this form.")
        form = once_each(await raw_body())
        asked = self._records.waiting.pop(form.get("request", ""), None)
        if asked is None:
            raise OAuthError("invalid_request", _PAGE_UNKNOWN)
        if form.get("as") not in PEOPLE:
            denied = {"error": "access_denied", "error_description": "The person did not approve."}
            return self._back(asked.redirect_uri, asked.state, denied)
        code = self._records.issue_code(asked, form["as"])
        return self._back(asked.redirect_uri, asked.state, {"code": code})

    async def _destination(self, query: dict[str, str]) -> tuple[SampleClient, str]:
        if not query.get("client_id"):
            raise OAuthError("invalid_request", "client_id is missing.")
        takes_documents = self._metadata.takes_documents
        client = await find_client(self._records, query["client_id"], takes_documents=takes_documents)
        redirect_uri = query.get("redirect_uri", "")
        if not is_registered(client, redirect_uri):
            registered = ", ".join(client.redirect_uris)
            raise OAuthError(
                "invalid_request", f"redirect_uri {redirect_uri!r} is not registered. Registered: {registered}"
            )
        return client, redirect_uri

    def _check(self, query: dict[str, str], client: SampleClient, redirect_uri: str) -> AskedAuthorization:
        if query.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response_type must be code.")
        if not query.get("code_challenge") or query.get("code_challenge_method") != "S256":
            raise OAuthError("invalid_request", "PKCE is required, with code_challenge_method=S256.")
        if query.get("resource") != self._metadata.resource:
            raise OAuthError("invalid_target", f"resource must be {self._metadata.resource}.")
        scope = query.get("scope") or SCOPES[0]
        unknown = sorted(set(scope.split()) - set(SCOPES))
        if unknown:
            raise OAuthError("invalid_scope", f"Unknown scope: {' '.join(unknown)}. Known: {' '.join(SCOPES)}.")
        state, challenge = query.get("state"), query["code_challenge"]
        return AskedAuthorization(client, redirect_uri, state, scope, query["resource"], challenge)

    def _back(self, redirect_uri: str, state: str | None, answer: dict[str, str]) -> BaseResponse:
        if state is not None and not self._faults.strikes(SampleFault.STATE_LOST):
            answer = {**answer, "state": state}
        if not self._faults.strikes(SampleFault.ISS_MISSING):
            is_wrong = self._faults.strikes(SampleFault.ISS_WRONG)
            answer = {**answer, "iss": "https://login.another-upstream.example" if is_wrong else self._metadata.issuer}
        joint = "&" if urlsplit(redirect_uri).query else "?"
        return redirect(f"{redirect_uri}{joint}{urlencode(answer)}", 303)


async def page(template: str, status: int = 200, **values: object) -> Response:
    """Return a page, under the strict policy of all pages here."""
    return Response(
        await render_template(template, **values), status, PAGE_HEADERS, content_type="text/html; charset=utf-8"
    )
