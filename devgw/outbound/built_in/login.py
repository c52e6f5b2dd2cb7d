"""A login step by step: discovery, registration, the authorization request, the code for tokens, and refresh.

Source: MCP 2025-11-25 §Authorization; RFC 9728, RFC 8414, RFC 7591, RFC 7636, RFC 8707, RFC 9207.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from devgw.clock import Clock
from devgw.entropy import token
from devgw.foreign.challenge import bearer_challenge
from devgw.foreign.json import JsonRefused, read_object
from devgw.foreign.urls import UrlRefused, read_url
from devgw.foreign.words import reason_in
from devgw.oauth.discovery import authorization_server_urls
from devgw.oauth.pkce import challenge_of

if TYPE_CHECKING:
    import httpx2

NAME = "devgw test client"
USER_AGENT = "devgw-test-client"
_REDIRECT = 300
_USUAL_SECONDS = 300
"""How long a token is taken to live whose answer does not say it: what is over is refused, and renewed then."""


class StepRefused(Exception):  # noqa: N818  it reads as what happened
    """A step of a login or call was refused; the text says which, and why in the words of who refused it."""

    def __init__(self, step: str, said: str, status: int = 0) -> None:
        shown = f"{status}, " if status >= _REDIRECT else ""
        super().__init__(f"{step}: {shown}{said or 'no reason is given'}")
        self.status = status
        """Of the answer; zero where there is none."""


@dataclass(frozen=True, slots=True)
class BegunLogin:
    """An authorization request that waits for the browser to come back."""

    url: str
    """Where the person signs in."""
    state: str
    verifier: str
    redirect_uri: str
    client_id: str
    issuer: str
    token_endpoint: str
    resource: str


@dataclass(frozen=True, slots=True)
class BuiltInLogin:
    """What a login came to: enough to call the route until its grant ends."""

    resource: str
    client_id: str
    token_endpoint: str
    access_token: str
    refresh_token: str
    """Empty where none was given."""
    expires_at: datetime


class BuiltInClient:
    """A public client of one MCP route."""

    def __init__(self, http: "httpx2.AsyncClient", resource: str, clock: Clock) -> None:  # noqa: TID251  one that is given
        self._http = http
        self._resource = resource
        self._clock = clock

    async def ask(self, redirect_uri: str) -> BegunLogin:
        """Walk from the challenge to the authorization request, and register on the way.

        Raises:
            StepRefused: with what came in the place of what a client needs.
        """
        metadata = await self._discover()
        document = {"client_name": NAME, "redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none"}
        url = _text(metadata, "registration_endpoint", "metadata")
        client_id = _text(await self._object("registration", "POST", url, json=document), "client_id", "registration")
        verifier, state = token("cv_"), token("st_")
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "state": state,
            "resource": self._resource,
        }
        return BegunLogin(
            f"{_text(metadata, 'authorization_endpoint', 'metadata')}?{urlencode(query)}",
            state,
            verifier,
            redirect_uri,
            client_id,
            _text(metadata, "issuer", "metadata"),
            _text(metadata, "token_endpoint", "metadata"),
            self._resource,
        )

    async def redeem(self, asked: BegunLogin, answer: Mapping[str, str]) -> BuiltInLogin:
        """Return the tokens for what the browser brought back.

        Raises:
            StepRefused: where it is an error, of another issuer (RFC 9207 §2.4), or the code is refused.
        """
        if "code" not in answer:
            raise StepRefused("sign-in", answer.get("error_description") or answer.get("error", ""))
        if answer.get("iss", asked.issuer) != asked.issuer:
            raise StepRefused("sign-in", f"the answer is of {answer['iss']}, asked was {asked.issuer}")
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": asked.redirect_uri,
            "code_verifier": asked.verifier,
        }
        return await self._tokens("token", asked.token_endpoint, asked.client_id, form, "")

    async def refresh(self, login: BuiltInLogin) -> BuiltInLogin:
        """Return the next tokens of a login.

        Raises:
            StepRefused: where its grant is over.
        """
        form = {"grant_type": "refresh_token", "refresh_token": login.refresh_token}
        return await self._tokens("refresh", login.token_endpoint, login.client_id, form, login.refresh_token)

    async def _tokens(self, step: str, url: str, client_id: str, form: dict[str, str], refresh: str) -> BuiltInLogin:
        sent = form | {"client_id": client_id, "resource": self._resource}
        now = self._clock.now()
        found = await self._object(step, "POST", url, data=sent)
        given = found.get("expires_in")
        seconds = given if isinstance(given, int | float) and not isinstance(given, bool) else _USUAL_SECONDS
        login = BuiltInLogin(
            self._resource,
            client_id,
            url,
            _text(found, "access_token", step),
            refresh,
            now + timedelta(seconds=seconds),
        )
        renewed = found.get("refresh_token")
        return replace(login, refresh_token=renewed) if isinstance(renewed, str) and renewed else login

    async def _discover(self) -> dict[str, Any]:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        asked = await self._http.post(self._resource, json=message)
        named = bearer_challenge([asked.headers.get("www-authenticate", "")])
        if named is None or named.resource_metadata is None:
            raise StepRefused("the route", reason_in(asked.content) or "it sends no challenge", asked.status_code)
        resource = await self._object("protected resource metadata", "GET", named.resource_metadata)
        servers = resource.get("authorization_servers")
        if not isinstance(servers, list) or not servers or not isinstance(servers[0], str):
            raise StepRefused("protected resource metadata", "it names no authorization server")
        return await self._object("metadata", "GET", authorization_server_urls(servers[0])[0])

    async def _object(self, step: str, method: str, url: str, **sent: Any) -> dict[str, Any]:
        """Return the object that answers a request."""
        try:
            read_url(url)
        except UrlRefused as refused:
            raise StepRefused(step, f"it is to be asked at what is no URL: {refused}") from None
        answer = await self._http.request(method, url, **sent)
        if answer.status_code >= _REDIRECT:
            raise StepRefused(step, reason_in(answer.content), answer.status_code)
        try:
            return read_object(answer.content)
        except JsonRefused as refused:
            raise StepRefused(step, str(refused), answer.status_code) from None


def _text(found: Mapping[str, Any], name: str, step: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise StepRefused(step, f"it has no `{name}`")
    return value
