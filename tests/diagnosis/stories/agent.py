"""A client program as it behaves in the stories: what it asks, what it keeps, and the person at its browser."""

from typing import Any

import httpx2

from devgw.entropy import token
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Code, mcp_request

NODE, PYTHON, UNDICI, EDITOR = "node", "python-httpx2/2", "undici", "Visual Studio Code/1.139"
EVERY_TYPE = "application/json, text/event-stream"
ROOT = "/.well-known/oauth-authorization-server"


class Agent:
    """A client program: one connection pool, one user agent, what it keeps."""

    def __init__(self, gateway: Watched, agent: str = NODE) -> None:
        self.gateway, self.origin = gateway, gateway.origin
        self.agent = agent
        self.path = gateway.mcp_url.removeprefix(gateway.origin)
        self.http = self._pool(agent)
        self.browser = Browser(CALLBACK)
        self.client_id = ""
        self.verifier = ""
        self.tokens: dict[str, Any] = {}

    def _pool(self, agent: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(timeout=20, headers={"user-agent": agent})

    async def close(self) -> None:
        await self.http.aclose()

    def restart(self, agent: str | None = None) -> None:
        """Begin again with what is stored, over new connections."""
        self.http = self._pool(agent or self.agent)

    async def call(self, method: str = "tools/list", *, bare: bool = False, status: int = 200) -> httpx2.Response:
        headers = {"accept": EVERY_TYPE}
        if self.tokens and not bare:
            headers["authorization"] = f"Bearer {self.tokens['access_token']}"
        answer = await self.http.post(self.gateway.mcp_url, json=mcp_request(method), headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    async def discover(self) -> None:
        await self.http.get(f"{self.origin}/.well-known/oauth-protected-resource{self.path}")
        await self.http.get(f"{self.origin}{ROOT}{self.path}")

    async def register(self, **metadata: Any) -> None:
        self.client_id = (await self.gateway.running.register(self.http, **metadata))["client_id"]

    def url(self, **more: str | None) -> str:
        self.verifier = token("")
        asked: dict[str, str | None] = {"state": token(""), **more}
        return self.gateway.running.authorize_url(self.client_id, self.verifier, **asked)

    async def authorize(self, wait: float = 0, **more: str | None) -> None:
        """Sign in, look at the consent page for `wait` seconds, say yes."""
        self.browser.location = None
        await self.gateway.running.sign_in(self.browser, self.url(**more))
        if wait:
            await self.gateway.flows()
            self.gateway.wait(wait)
        await self.gateway.running.allow(self.browser)

    async def redeem(self, **more: str | None) -> None:
        assert self.browser.location is not None
        answer = dict(httpx2.URL(self.browser.location).params)
        sent: dict[str, str | None] = {"resource": self.gateway.mcp_url, **more}
        form = Code(self.client_id, self.verifier, answer).form(**sent)
        got = await self.http.post(f"{self.origin}/oauth/token", data=form)
        assert got.status_code == 200, got.text
        self.tokens = got.json()

    async def sign_in(self) -> None:
        await self.call(bare=True, status=401)
        await self.discover()
        await self.register()
        await self.authorize()
        await self.redeem()

    async def refresh(self) -> None:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.tokens["refresh_token"],
            "client_id": self.client_id,
        }
        got = await self.http.post(f"{self.origin}/oauth/token", data=form)
        assert got.status_code == 200, got.text
        self.tokens = self.tokens | got.json()

    async def send(
        self, message: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """Send any message with the token."""
        held = {"authorization": f"Bearer {self.tokens['access_token']}", "accept": EVERY_TYPE}
        answer = await self.http.post(self.gateway.mcp_url, json=message, headers=held | (headers or {}))
        assert answer.status_code == status, answer.text
        return answer

    async def revoke(self) -> None:
        form = {"token": self.tokens["refresh_token"], "client_id": self.client_id}
        assert (await self.http.post(f"{self.origin}/oauth/revoke", data=form)).status_code == 200
        self.tokens = {}


async def whole(gateway: Watched, agent: str = NODE) -> Agent:
    """Walk all the way once."""
    one = Agent(gateway, agent)
    await one.sign_in()
    await one.call()
    return one
