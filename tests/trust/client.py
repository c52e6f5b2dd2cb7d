"""A client and its person, over HTTP alone: registers, signs in, gets tokens, calls, refreshes, revokes."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from devgw.entropy import token
from devgw.oauth.pkce import challenge_of
from tests.support.browser import Browser

CALLBACK = "http://localhost:33418/callback"
ACCEPT = {"accept": "application/json, text/event-stream"}


@dataclass
class Grant:
    """What a client holds of one route."""

    url: str
    access: str
    refresh: str


@dataclass
class Client:
    """One client with the browser of its person."""

    origin: str
    http: httpx2.AsyncClient
    browser: Browser
    persona: str = "@"
    """Part of the label of the button by which its person signs in."""
    id: str = ""
    grants: dict[str, Grant] = field(default_factory=dict)

    async def register(self, **more: Any) -> str:
        """Register and return the id."""
        answer = await self.try_to_register(**more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["client_id"])

    async def try_to_register(self, **more: Any) -> httpx2.Response:
        """Ask for a registration and return the answer."""
        asked = {"client_name": "trust", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
        return await self.http.post(f"{self.origin}/oauth/register", json=asked | more)

    def authorize_url(self, route: str, verifier: str) -> str:
        """Return an authorization URL for a route's path."""
        asked = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "state": "st",
            "resource": self.origin + route,
        }
        return f"{self.origin}/oauth/authorize?{urlencode(asked)}"

    async def code(self, route: str) -> dict[str, str]:
        """Return the form that redeems a fresh code for a route, with the person's consent if that is asked for."""
        verifier = token("")
        browser = await self.browser.open(self.authorize_url(route, verifier))
        for wanted in ("Choose who you are", "Connect", "Allow"):
            if browser.location is None and browser.page is not None and wanted in browser.page.text:
                await _take(browser, wanted, self.persona)
        assert browser.location is not None, browser.page
        answer = parse_qs(urlsplit(browser.location).query)
        return {
            "grant_type": "authorization_code",
            "code": answer["code"][0],
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "code_verifier": verifier,
            "resource": self.origin + route,
        }

    async def log_in(self, route: str) -> Grant:
        """Return a grant for a route, kept by it."""
        self.id = self.id or await self.register()
        answer = await self.ask(await self.code(route))
        assert answer.status_code == 200, answer.text
        return self.take(route, answer)

    def take(self, route: str, answer: httpx2.Response) -> Grant:
        """Keep the tokens of an answer."""
        found = answer.json()
        self.grants[route] = Grant(self.origin + route, found["access_token"], found["refresh_token"])
        return self.grants[route]

    async def ask(self, form: dict[str, str]) -> httpx2.Response:
        """Ask the token endpoint."""
        return await self.http.post(f"{self.origin}/oauth/token", data=form)

    async def refresh(self, grant: Grant) -> httpx2.Response:
        """Ask for new tokens with the refresh token that is held."""
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh, "client_id": self.id}
        return await self.ask(form | {"resource": grant.url})

    async def revoke(self, grant: Grant) -> httpx2.Response:
        """Take a grant back."""
        form = {"token": grant.refresh, "client_id": self.id}
        return await self.http.post(f"{self.origin}/oauth/revoke", data=form)

    async def call(self, grant: Grant, tool: str = "echo", **arguments: Any) -> httpx2.Response:
        """Call a tool on a grant's route."""
        return await self.http.send(self.call_request(grant, tool, **arguments))

    def call_request(self, grant: Grant, tool: str, **arguments: Any) -> httpx2.Request:
        """Return the request that calls a tool."""
        params = {"name": tool, "arguments": arguments or ({"message": "hi"} if tool == "echo" else {})}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        headers = {"authorization": f"Bearer {grant.access}", "mcp-protocol-version": "2025-11-25", **ACCEPT}
        return self.http.build_request("POST", grant.url, json=message, headers=headers)


async def _take(browser: Browser, wanted: str, persona: str) -> None:
    """Do what a page asks for."""
    if wanted == "Choose who you are":
        await browser.press(persona)
    elif wanted == "Allow":
        await browser.press("Allow")
    elif browser.page is not None and any(text.startswith("Connect") for _, text in browser.page.links):
        await browser.press("Connect")
        await browser.press("Approve as")
