"""What a fix is tried with: what is said, a client that goes the whole way, and what is still said after it."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from devgw.diagnosis import diagnose_gateway
from devgw.entropy import token
from devgw.events.flow import Diagnosis
from devgw.monitor.why import NEWEST, why_of
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request

ACCEPT = "application/json, text/event-stream"


async def said(gateway: Watched, name: str) -> Diagnosis:
    """Return what `why` says under this id and has not withdrawn, of a flow or of the whole gateway."""
    gateway.wait(3)
    words = [*await gateway.said(), *await gateway.of_gateway()]
    found = next((each for each in words if each.id == name), None)
    assert found is not None, f"{name} is not said, but {[each.id for each in words]}"
    assert name in await left(gateway), f"{name} counts as mended already"
    assert found.fix
    return found


async def left(gateway: Watched) -> list[str]:
    """Return the ids that `why` says and does not call mended, once it looked again (which it does each second)."""
    gateway.wait(2)
    await gateway.flows()
    told = why_of(gateway.running.runtime.monitor, NEWEST)
    assert told is not None
    of_flows = [each.id for case in told.cases if not case.mended for each in case.diagnoses]
    around = gateway.running.runtime.diagnoser.around
    return of_flows + [each.id for each in diagnose_gateway(around, gateway.clock.now())]


@dataclass
class Client:
    """One client of the gateway: it registers once, and each attempt of it is its own."""

    gateway: Watched
    http: httpx2.AsyncClient
    client_id: str = ""
    redirect_uri: str = CALLBACK
    verifier: str = field(default_factory=lambda: token(""))
    tokens: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)

    async def register(self, **metadata: Any) -> dict[str, Any]:
        """Register with this metadata; return the answer."""
        document = await self.gateway.running.register(self.http, **{"redirect_uris": [self.redirect_uri], **metadata})
        self.client_id = document["client_id"]
        return document

    def url(self, **sent: str | None) -> str:
        """Return the URL of its authorization request."""
        given = {"redirect_uri": self.redirect_uri, **sent}
        return self.gateway.running.authorize_url(self.client_id, self.verifier, **given)

    async def get_code(self, browser: Browser | None = None, /, **sent: str | None) -> str:
        """Sign in, allow and return the code."""
        redirect_uri = sent.get("redirect_uri") or self.redirect_uri
        async with Browser(redirect_uri) as window:
            used = browser or window
            await self.gateway.running.sign_in(used, self.url(**sent))
            await self.gateway.running.allow(used)
            assert used.location is not None, used.page and used.page.text
        self.answer = dict(parse_qsl(urlsplit(used.location).query))
        return self.answer["code"]

    def form(self, code: str, /, **sent: str | None) -> dict[str, str]:
        """Return the form that redeems a code."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            "resource": self.gateway.mcp_url,
        }
        return {name: value for name, value in (form | sent).items() if value is not None}

    async def post(self, endpoint: str, form: dict[str, str]) -> httpx2.Response:
        """Send a form to `token` or `revoke`."""
        return await self.http.post(f"{self.gateway.origin}/oauth/{endpoint}", data=form)

    async def redeem(self, code: str, /, **sent: str | None) -> None:
        """Redeem a code."""
        answer = await self.post("token", self.form(code, **sent))
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()

    async def refresh(self, refresh_token: str = "", **sent: str) -> httpx2.Response:
        """Refresh; keep what comes."""
        used = refresh_token or self.tokens["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": used, "client_id": self.client_id}
        answer = await self.post("token", form | sent)
        self.tokens = answer.json() if answer.status_code == 200 else self.tokens
        return answer

    async def call(self, url: str = "", method: str = "tools/list", **headers: str) -> httpx2.Response:
        """Call with the token that it has; headers may be replaced."""
        given = {"authorization": f"Bearer {self.tokens.get('access_token', '')}", "accept": ACCEPT} | headers
        kept = {name: value for name, value in given.items() if value}
        return await self.http.post(url or self.gateway.mcp_url, json=mcp_request(method), headers=kept)

    async def works(self, url: str = "") -> None:
        """See that a call is answered with a result."""
        assert "result" in (answer := await self.call(url)).text, answer.text

    async def whole_way(self, **sent: str | None) -> "Client":
        """Sign in with these parameters, redeem the code and call a tool; register before where it is not yet."""
        if not self.client_id:
            await self.register()
        await self.redeem(await self.get_code(**sent))
        await self.works()
        return self


async def discover(gateway: Watched, http: httpx2.AsyncClient, **headers: str) -> None:
    """Do what a client does before it registers."""
    path = gateway.mcp_url.removeprefix(gateway.origin)
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
    for document in ("oauth-protected-resource", "oauth-authorization-server"):
        await http.get(f"{gateway.origin}/.well-known/{document}{path}", headers=headers)
