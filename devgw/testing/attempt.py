"""One attempt of a client at a gateway, asked step by step as `devgw record` wrote it down.

What each attempt has for itself (client id, state, PKCE, code, tokens) is made anew, and what is recorded of the
gateway's own URLs is asked of the gateway under test.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from devgw.entropy import token
from devgw.foreign.json import JsonRefused, read_object
from devgw.foreign.urls import UrlRefused, read_url
from devgw.oauth.pkce import challenge_of
from devgw.outbound.built_in.login import StepRefused
from devgw.outbound.built_in.person import EmulatedPerson
from devgw.outbound.client import http_client
from devgw.testing.gateway import GatewayFailed, run_gateway, wait

GATEWAY, PROJECT, PERSON = "DEVGW_TEST_GATEWAY", "DEVGW_TEST_PROJECT", "DEVGW_TEST_PERSON"
"""Variables: where a gateway answers that runs already, which project is run where none does, and who signs in."""


@dataclass(frozen=True, slots=True)
class AttemptAnswer:
    """What the gateway answered."""

    asked: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def members(self) -> dict[str, Any]:
        """Return what it says as a JSON object; empty where it is none."""
        try:
            return read_object(self.body)
        except JsonRefused:
            return {}

    @property
    def error(self) -> str:
        """Return the error that it names, in its body or where it sends the browser; empty where it names none."""
        there = parse_qs(urlsplit(self.headers.get("location", "")).query).get("error", [""])[0]
        found = self.members.get("error", there)
        return found if isinstance(found, str) else ""

    def says(self, status: int, error: str = "") -> None:
        """Check that it is answered as it was recorded.

        Raises:
            AssertionError: with what came in its place.
        """
        came = (self.status, self.error)
        told = self.body[:500].decode("utf-8", "replace")
        assert came == (status, error), f"{self.asked}: {came} came, recorded is {(status, error)}. It says: {told}"


class RecordedAttempt:
    """A client that does what another one did."""

    def __init__(self, gateway: str, person: str = "") -> None:
        self.gateway = gateway.rstrip("/")
        self.client_id = self.client_secret = ""
        self.code = self.access_token = self.refresh_token = ""
        self.state, self.verifier = token("st_"), token("cv_")
        self.challenge = challenge_of(self.verifier)
        self._person = person
        self._authorization = self._redirect_uri = ""

    def url(self, path: str) -> str:
        """Return the URL of a path at the gateway."""
        return f"{self.gateway}{path}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AttemptAnswer:
        """Ask the gateway, and take over what it gives: a client id, tokens."""
        url = self.url(path) + (f"?{urlencode(query)}" if query else "")
        sent: dict[str, Any] = {"data": dict(form)} if form is not None else {} if json is None else {"json": json}
        answer = wait(_asked(method, url, dict(headers or {}), sent))
        if query and "redirect_uri" in query:
            self._authorization, self._redirect_uri = url, query["redirect_uri"]
        for name in ("client_id", "client_secret", "access_token", "refresh_token"):
            if isinstance(value := answer.members.get(name), str):
                setattr(self, name, value)
        return answer

    def register(self, redirect_uri: str) -> None:
        """Become a client, where the recorded one was registered before its attempt began."""
        document = {"redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none"}
        self.ask("POST", "/oauth/register", json=document).says(201)

    def sign_in(self) -> None:
        """Sign in, connect what is to be connected and allow it, from where the authorization request led.

        Raises:
            StepRefused: where that is no emulator's page, so that a person would have to, or a page says no.
        """
        answer = wait(_signed_in(self._authorization, self._redirect_uri, self._person, self.gateway))
        assert answer.get("state", "") in {"", self.state}, "the answer is to another request"
        if "code" not in answer:
            raise StepRefused("sign-in", answer.get("error_description") or answer.get("error", ""))
        self.code = answer["code"]


async def _asked(method: str, url: str, headers: dict[str, str], sent: dict[str, Any]) -> AttemptAnswer:
    async with http_client() as http:
        answer = await http.request(method, url, headers=headers, **sent)
        found = {name.lower(): value for name, value in answer.headers.items()}
        return AttemptAnswer(f"{method} {url.partition('?')[0]}", answer.status_code, found, answer.content)


async def _signed_in(url: str, redirect_uri: str, who: str, gateway: str) -> dict[str, str]:
    async with http_client(keeps_cookies=True) as http:
        return await EmulatedPerson(http, who, gateway).sign_in(url, redirect_uri)


@contextmanager
def recorded_attempt() -> Iterator[RecordedAttempt]:
    """Give an attempt at the gateway in `DEVGW_TEST_GATEWAY`; without it one is run for the project in `..._PROJECT`.

    Raises:
        GatewayFailed: where the variable names no URL, or the gateway does not start.
    """
    given, person = os.environ.get(GATEWAY), os.environ.get(PERSON, "")
    if given:
        try:
            origin = read_url(given).origin
        except UrlRefused as refused:
            raise GatewayFailed(f"{GATEWAY} is no URL of a gateway: {refused}.") from refused
        yield RecordedAttempt(origin, person)
        return
    with run_gateway(os.environ.get(PROJECT) or None) as gateway:
        yield RecordedAttempt(gateway.origin, person)
