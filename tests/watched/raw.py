"""The way of a client that does each step by itself, as the standard has it, and tells how far it came."""

import re
from typing import Any
from urllib.parse import urlencode

import httpx2

from devgw.foreign.challenge import bearer_challenge
from devgw.oauth.discovery import authorization_server_urls, resource_metadata_urls
from devgw.oauth.pkce import challenge_of
from tests.watched.bench import CALLBACK, query_of, sign_in

_SECRET = re.compile(r"u[ar]t_[A-Za-z0-9_-]+")
VERIFIER = "v" * 43
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}


class Stopped(Exception):  # noqa: N818  it reads as what happened
    """The client refuses to go on; the message is what it would tell its person."""


class RawClient:
    """Goes from the first 401 to a call that is answered, and is as strict as the standard."""

    def __init__(self, http: httpx2.AsyncClient, url: str) -> None:
        self.http = http
        self.url = url
        self.resource: dict[str, Any] = {}
        self.server: dict[str, Any] = {}
        self.issuer = ""
        self.client: dict[str, Any] = {}
        self.tokens: dict[str, Any] = {}

    async def go(self) -> str:
        """Return `passes`, or why not."""
        try:
            await self.discover()
            await self.register()
            await self.redeem(await self.authorize())
            return await self.call()
        except Stopped as stopped:
            return str(stopped)

    async def call(self, token: str | None = None) -> str:
        """Call with the token; return `passes`, or what came."""
        bearer = {"authorization": f"Bearer {token or self.tokens['access_token']}"}
        answer = await self.http.post(self.url, json=INITIALIZE, headers=HEADERS | bearer)
        return "passes" if answer.status_code == 200 else f"call: {answer.status_code} {answer.text}"

    async def discover(self) -> None:
        """Find the server's metadata."""
        answer = await self.http.post(self.url, json=INITIALIZE, headers=HEADERS)
        if answer.status_code != 401:
            raise Stopped(f"first call: {answer.status_code} {answer.headers.get('location', '')}")
        challenge = bearer_challenge(answer.headers.get_list("www-authenticate"))
        hint = [challenge.resource_metadata] if challenge and challenge.resource_metadata else []
        self.resource = await self._first([*hint, *resource_metadata_urls(self.url)], "resource metadata")
        if self.resource and self.resource.get("resource") != self.url:
            raise Stopped(f"resource is {self.resource.get('resource')}, not {self.url}")
        servers = self.resource.get("authorization_servers") or [self.url.rsplit("/", 1)[0]]
        self.issuer = servers[0]
        self.server = await self._first(authorization_server_urls(self.issuer), "server metadata")
        if self.server and self.server.get("issuer") != self.issuer:
            raise Stopped(f"issuer is {self.server.get('issuer')}, not {self.issuer}")
        if self.server and "S256" not in self.server.get("code_challenge_methods_supported", []):
            raise Stopped(f"methods are {self.server.get('code_challenge_methods_supported')}")

    async def _first(self, urls: list[str] | tuple[str, ...], what: str) -> dict[str, Any]:
        for url in urls:
            answer = await self.http.get(url)
            if answer.status_code == 404:
                continue
            try:
                found = answer.json()
            except ValueError:
                raise Stopped(f"{what}: {answer.status_code} {answer.text[:60]}") from None
            if answer.status_code != 200:
                raise Stopped(f"{what}: {answer.status_code} {answer.text[:60]}")
            return dict(found)
        return {}

    def _endpoint(self, member: str, assumed: str) -> str:
        found = self.server.get(member)
        return str(found) if found else f"{self.issuer.rstrip('/')}{assumed}"

    async def register(self, **metadata: Any) -> None:
        """Register as a public client."""
        if self.server and not self.server.get("registration_endpoint"):
            raise Stopped("no registration")
        asked = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "client_name": "Raw"} | metadata
        answer = await self.http.post(self._endpoint("registration_endpoint", "/register"), json=asked)
        if answer.status_code not in {200, 201}:
            raise Stopped(f"registration: {answer.status_code} {answer.text[:200]}")
        self.client = answer.json()
        if self.client.get("redirect_uris", [CALLBACK]) != asked["redirect_uris"]:
            raise Stopped(f"registered for {self.client['redirect_uris']}")

    def login_url(self, **changes: str | None) -> str:
        """Return the authorization URL; None takes a parameter out."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": CALLBACK,
            "state": "s-1",
            "resource": self.url,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        kept = {name: value for name, value in (asked | changes).items() if value is not None}
        return f"{self._endpoint('authorization_endpoint', '/authorize')}?{urlencode(kept)}"

    async def authorize(self) -> str:
        """Sign in and return the code."""
        looked = await self.http.get(self.login_url())
        if looked.status_code >= 400:
            raise Stopped(f"authorize: {looked.status_code} {looked.text[:200]}")
        answer = query_of(await sign_in(self.login_url()))
        if answer.get("state") != "s-1":
            raise Stopped(f"state is {answer.get('state')}")
        promises = self.server.get("authorization_response_iss_parameter_supported")
        if (promises or "iss" in answer) and answer.get("iss") != self.issuer:
            raise Stopped(f"iss is {answer.get('iss')}, not {self.issuer}")
        if "code" not in answer:
            raise Stopped(f"error is {answer.get('error')}")
        return answer["code"]

    async def redeem(self, code: str, **changes: str | None) -> None:
        """Exchange the code for tokens."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        await self._token(form | {"resource": self.url} | changes)

    async def refresh(self) -> None:
        """Use the refresh token."""
        await self._token(
            {"grant_type": "refresh_token", "refresh_token": self.tokens["refresh_token"], "resource": self.url}
        )

    async def _token(self, form: dict[str, str | None]) -> None:
        sent = {"client_id": self.client["client_id"]} | {name: value for name, value in form.items() if value}
        if secret := self.client.get("client_secret"):
            sent["client_secret"] = secret
        try:
            answer = await self.http.post(self._endpoint("token_endpoint", "/token"), data=sent)
        except httpx2.HTTPError as error:
            raise Stopped(f"token: {type(error).__name__}") from error
        try:
            self.tokens = answer.json()
        except ValueError:
            raise Stopped(f"token: {answer.status_code} {_SECRET.sub('…', answer.text[:300])}") from None
        if answer.status_code != 200 or "access_token" not in self.tokens or "token_type" not in self.tokens:
            raise Stopped(f"token: {answer.status_code} {sorted(self.tokens)} {self.tokens.get('error_description')}")
