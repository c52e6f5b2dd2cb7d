"""The way to a token of the sample upstream, step by step, with a browser that clicks."""

import hashlib
import re
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from tests.emulators.raw import modern

CALLBACK = "http://localhost:8976/callback"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


async def click(http: httpx2.AsyncClient, url: str, person: str = "ada") -> str:
    """Open an approve page, press a button, and return where the browser is sent."""
    page = await http.get(url)
    if page.is_redirect:
        return page.headers["Location"]
    assert page.status_code == 200, page.text
    key = re.search(r'name="request" value="([^"]+)"', page.text)
    assert key, page.text
    split = urlsplit(url)
    answer = await http.post(f"{split.scheme}://{split.netloc}/authorize", data={"request": key[1], "as": person})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


class UpstreamClient:
    """A client of the sample upstream that does each step by itself and hides nothing."""

    def __init__(self, http: httpx2.AsyncClient, origin: str) -> None:
        self.http = http
        self.origin = origin
        self.resource = f"{origin}/mcp"
        self.client_id = ""
        self.secret: str | None = None

    async def register(self, **metadata: Any) -> httpx2.Response:
        """Register, as a public client unless told otherwise."""
        asked = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "client_name": "Raw"} | metadata
        response = await self.http.post(f"{self.origin}/register", json=asked)
        if response.status_code == 201:
            self.client_id, self.secret = response.json()["client_id"], response.json().get("client_secret")
        return response

    def authorize_url(self, **changes: str | None) -> str:
        """Return an authorization URL; None takes a parameter out."""
        query: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "state": "s-1",
            "scope": "notes:read notes:write",
            "resource": self.resource,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        kept = {name: value for name, value in (query | changes).items() if value is not None}
        return f"{self.origin}/authorize?{urlencode(kept)}"

    async def authorize(self, person: str = "ada", /, **changes: str | None) -> dict[str, str]:
        """Go through the page and return the parameters that came back."""
        return dict(parse_qsl(urlsplit(await click(self.http, self.authorize_url(**changes), person)).query))

    async def redeem(self, code: str, **changes: str | None) -> httpx2.Response:
        """Send a code to the token endpoint."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return await self.token(**(form | {"resource": self.resource} | changes))

    async def refresh(self, refresh_token: str) -> httpx2.Response:
        """Send a refresh token to the token endpoint."""
        return await self.token(grant_type="refresh_token", refresh_token=refresh_token, resource=self.resource)

    async def token(self, **form: str | None) -> httpx2.Response:
        """Ask the token endpoint; None takes a parameter out."""
        sent = {"client_id": self.client_id} | {name: value for name, value in form.items() if value is not None}
        return await self.http.post(f"{self.origin}/token", data=sent)

    async def connect(self, person: str = "ada", /, **changes: str | None) -> dict[str, Any]:
        """Go all the way, and return the token answer."""
        await self.register()
        code = (await self.authorize(person, **changes))["code"]
        tokens: dict[str, Any] = (await self.redeem(code)).json()
        return tokens

    async def call(self, token: str | None, tool: str = "whoami", **arguments: Any) -> httpx2.Response:
        """Call a tool with a token."""
        body, headers = modern("tools/call", name=tool, arguments=arguments)
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.http.post(self.resource, json=body, headers={**headers, **bearer})
