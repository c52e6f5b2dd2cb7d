"""A running WorkOS emulator with two staging environments and one of production, and what an application does to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from devgw.clock import Clock, FrozenClock
from devgw.emulators.workos import Emulator, Happened, Seed, create_app
from tests.support.forms import press
from tests.support.serving import listen, origin_of, serve

CLIENT, KEY = "client_01TESTENV1R0NMENT000000001", "sk_test_first"
OTHER, OTHER_KEY = "client_01TESTENV1R0NMENT000000002", "sk_test_second"
PRODUCTION, PRODUCTION_KEY = "client_01TESTENV1R0NMENT000000003", "sk_live_third"
CALLBACK = "http://localhost:9000/oauth/callback"
ACME, GLOBEX = "org_01TESTACME0000000000000001", "org_01TESTG10BEX00000000000002"
CONNECTION = "conn_01TESTACME0000000000000001"
ADA, BOB = "user_01TESTADA0000000000000001", "user_01TESTB0B0000000000000002"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""The pair of RFC 7636, appendix B."""

SEED: dict[str, Any] = {
    "environments": [
        {
            "name": "First",
            "clientId": CLIENT,
            "apiKey": KEY,
            "redirectUris": [CALLBACK, "http://127.0.0.1:*/cb", "https://*-app.preview.example.com/cb"],
            "signOutRedirects": ["http://localhost:9000/bye"],
            "connectClientIds": ["client_01TESTC0NNECTAPP0000000001"],
            "organizations": [
                {"id": ACME, "name": "Acme", "domains": ["acme.example"]},
                {"id": GLOBEX, "name": "Globex"},
            ],
            "connections": [{"id": CONNECTION, "name": "Acme SSO", "organization": ACME}],
            "personas": [
                {
                    "id": ADA,
                    "email": "ada@acme.example",
                    "firstName": "Ada",
                    "lastName": "Admin",
                    "memberships": [{"organization": ACME, "role": "admin", "permissions": ["tools:read"]}],
                },
                {"id": BOB, "email": "bob@example.com", "firstName": "Bob"},
                {
                    "id": "user_01TESTCARMEN0000000000003",
                    "email": "carmen@example.com",
                    "memberships": [{"organization": ACME}, {"organization": GLOBEX, "role": "admin"}],
                },
            ],
        },
        {
            "name": "Second",
            "clientId": OTHER,
            "apiKey": OTHER_KEY,
            "redirectUris": [CALLBACK],
            "issuer": "slash",
            "audience": "client_id",
            "accessTokenSeconds": 3600,
            "personas": [{"id": "user_01TESTEVE0000000000000004", "email": "eve@example.com"}],
        },
        {
            "name": "Third",
            "mode": "production",
            "clientId": PRODUCTION,
            "apiKey": PRODUCTION_KEY,
            "redirectUris": ["https://gateway.example/oauth/callback"],
        },
    ]
}


@cache
def stored_key() -> bytes:
    """Return one RSA key as PEM, made once for all tests."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@dataclass
class WorkosBench:
    """The emulator behind a real socket, and an application that uses it."""

    emulator: Emulator
    origin: str
    http: httpx2.AsyncClient
    clock: Clock
    happened: list[Happened]

    def authorize_url(self, **changes: str | None) -> str:
        """Return a good authorization URL with `changes`; None leaves a parameter out."""
        parameters: dict[str, str | None] = {
            "client_id": CLIENT,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "provider": "authkit",
            "state": "st-1",
        }
        sent = {name: value for name, value in (parameters | changes).items() if value is not None}
        return f"{self.origin}/user_management/authorize?{urlencode(sent)}"

    async def authorize(self, **changes: str | None) -> str:
        """Return where the authorization request leads."""
        answer = await self.http.get(self.authorize_url(**changes))
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    async def sign_in(self, button: str = "Bob", *, trouble: str = "", **changes: str | None) -> dict[str, str]:
        """Go through the sign-in page, and return the parameters of the callback."""
        shown = await self.http.get(await self.authorize(**changes))
        answer = await press(self.http, shown, button, trouble=trouble)
        assert answer.status_code == 302, answer.text
        return parameters_of(str(answer.headers["location"]))

    async def exchange(self, **body: str | None) -> httpx2.Response:
        """Send a form to the token endpoint, with the first environment's credentials unless told otherwise."""
        sent: dict[str, str | None] = {"client_id": CLIENT, "client_secret": KEY, **body}
        form = {name: value for name, value in sent.items() if value is not None}
        return await self.http.post("/user_management/authenticate", data=form)

    async def redeem(self, code: str, **changes: str | None) -> httpx2.Response:
        """Send an authorization code to the token endpoint."""
        return await self.exchange(grant_type="authorization_code", code=code, **changes)

    async def refresh(self, token: str, **changes: str | None) -> httpx2.Response:
        """Send a refresh token to the token endpoint."""
        return await self.exchange(grant_type="refresh_token", refresh_token=token, **changes)

    async def tokens(self, button: str = "Bob", *, trouble: str = "", **changes: str | None) -> dict[str, Any]:
        """Sign in, redeem the code, and return the answer."""
        answer = await self.redeem((await self.sign_in(button, trouble=trouble, **changes))["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def parameters_of(url: str) -> dict[str, str]:
    """Return the query parameters of `url`."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


@asynccontextmanager
async def emulated(
    *, clock: Clock | None = None, authkit_host: str = "", faults: Any = (), **changes: Any
) -> AsyncIterator[WorkosBench]:
    """Yield a bench; `changes` are laid over the first environment of the seed."""
    environments = [SEED["environments"][0] | changes, *SEED["environments"][1:]]
    clock = clock or FrozenClock()
    happened: list[Happened] = []
    listener = listen()
    emulator = Emulator(
        Seed.model_validate({"environments": environments, "faults": faults}),
        origin_of(listener),
        clock=clock,
        authkit_origin=origin_of(listener, authkit_host) if authkit_host else None,
        signing_keys={CLIENT: stored_key()},
        observe=happened.append,
    )
    async with (
        serve(create_app(emulator), on=listener) as origin,
        httpx2.AsyncClient(base_url=origin, timeout=10) as http,
    ):
        yield WorkosBench(emulator, origin, http, clock, happened)
