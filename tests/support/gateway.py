"""A whole gateway on free ports, as `devgw up --headless` builds it: `async with running_gateway() as gateway:`."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from devgw.clock import Clock
from devgw.entropy import token
from devgw.events import Event, Published
from devgw.oauth.pkce import challenge_of
from devgw.settings import EmulatorSettings, Settings
from devgw.wiring.building import build
from devgw.wiring.running import run
from devgw.wiring.runtime import Runtime
from tests.support.browser import Browser

CALLBACK = "http://localhost:33418/callback"
"""Where the clients of the tests wait for their codes; nothing listens there, the browser stops before it."""


@dataclass
class Running:
    """A gateway that answers."""

    runtime: Runtime
    heard: list[Published] = field(default_factory=list)

    @property
    def published(self) -> list[Published]:
        """Return what was published so far, observed by everybody."""
        self.runtime.bus.drain()
        return self.heard

    @property
    def origin(self) -> str:
        """Return its canonical origin."""
        return self.runtime.settings.canonical_origin

    @property
    def mcp_url(self) -> str:
        """Return the URL of its first MCP route."""
        return f"{self.origin}{self.runtime.served.gateway.project.routes[0].path}"

    def at(self, path: str) -> str:
        """Return the URL of one of its own endpoints."""
        return self.runtime.urls.at(path)

    def events(self, kind: type[Event]) -> list[Any]:
        """Return the events of one kind, in order."""
        return [each.event for each in self.published if isinstance(each.event, kind)]

    async def register(self, http: httpx2.AsyncClient, **metadata: Any) -> dict[str, Any]:
        """Register a client and return the answer."""
        document = {"client_name": "test client", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
        answer = await http.post(self.at("/oauth/register"), json=document | metadata)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def authorize_url(self, client_id: str, verifier: str, **parameters: str | None) -> str:
        """Return an authorization URL for the first route."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "state": "st123",
            "resource": self.mcp_url,
        }
        asked |= parameters
        return self.at("/oauth/authorize?") + urlencode({k: v for k, v in asked.items() if v is not None})

    async def sign_in(self, browser: Browser, url: str, persona: str = "@") -> Browser:
        """Open an authorization URL and sign in as a persona, the first if not said; ends on the consent page."""
        await browser.open(url)
        assert browser.page is not None
        if "Choose who you are" in browser.page.text:
            await browser.press(persona)
        return browser

    async def allow(self, browser: Browser) -> None:
        """Say yes on the consent page; an upstream that is not connected is connected first."""
        if browser.location is not None or browser.page is None:
            return
        if any(text.startswith("Connect") for _, text in browser.page.links):
            await browser.press("Connect")
            if "Approve as" in browser.page.text:
                await browser.press("Approve as")
        if "Allow" in browser.page.text:
            await browser.press("Allow")

    def url_of(self, operation_id: str) -> str:
        """Return the URL of the MCP route with this operation id."""
        routes = self.runtime.gateway.project.routes
        return self.origin + next(each.path for each in routes if each.operation_id == operation_id)

    async def code(self, http: httpx2.AsyncClient, browser: Browser, **parameters: str | None) -> "Code":
        """Return a fresh code with everything that redeems it."""
        client = await self.register(http)
        verifier = token("")
        await self.sign_in(browser, self.authorize_url(client["client_id"], verifier, **parameters))
        if browser.location is None:
            await browser.press("Allow")
        assert browser.location is not None, browser.page
        answer = {name: values[0] for name, values in parse_qs(urlsplit(browser.location).query).items()}
        return Code(client["client_id"], verifier, answer)

    async def tokens(self, http: httpx2.AsyncClient, browser: Browser) -> dict[str, Any]:
        """Return a token response for the first route, with `client_id` in it."""
        code = await self.code(http, browser)
        answer = await http.post(self.at("/oauth/token"), data=code.form(resource=self.mcp_url))
        assert answer.status_code == 200, answer.text
        return dict(answer.json()) | {"client_id": code.client_id}


@dataclass
class Code:
    """A code as its client got it."""

    client_id: str
    verifier: str
    answer: dict[str, str]

    def form(self, **more: str | None) -> dict[str, str]:
        """Return the form that redeems it."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": self.answer["code"],
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        }
        form |= more
        return {name: value for name, value in form.items() if value is not None}


def register_callback(runtime: Runtime) -> None:
    """Do what a person does in the dashboard: add the gateway's callback to the redirect URIs, as the first of them."""
    emulator = runtime.companions.emulator
    for environment in emulator.environments.values() if emulator else ():
        if environment.seed.mode == "staging" and not environment.takes(runtime.urls.callback):
            others = environment.redirect_uris
            environment.redirect_uris = []
            environment.register(runtime.urls.callback)
            environment.redirect_uris += [replace(each, is_default=False) for each in others]


@asynccontextmanager
async def running_gateway(
    root: Path | None = None,
    *,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    ephemeral: bool = True,
    registered: bool = True,
    port: int = 0,
) -> AsyncIterator[Running]:
    """Run a gateway for the project in `root` (the sample where there is none) until the block ends.

    With `ephemeral` False its state is kept in `root`, on the port of `settings`; else it answers on `port`. With
    `registered` the emulator's staging environments take its callback, whose port nobody knew before.
    """
    published: list[Published] = []
    given = settings or Settings()
    chosen = replace(
        given,
        root=root or Path("/nonexistent"),
        port=given.port if not ephemeral else port,
        ephemeral=ephemeral,
        emulators=replace(given.emulators, workos_port=0) if settings else EmulatorSettings(workos_port=0),
    )
    runtime = build(chosen, environ or {}, clock=clock, hear=published.append)
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(run(runtime, ready=ready.set))
        await ready.wait()
        if registered:
            register_callback(runtime)
        try:
            yield Running(runtime, published)
        finally:
            runtime.stopping.set()
            await task


def mcp_request(method: str, params: dict[str, Any] | None = None, request_id: int = 1) -> dict[str, Any]:
    """Return a JSON-RPC request."""
    return {"jsonrpc": "2.0", "id": request_id, "method": method} | ({"params": params} if params else {})


def write_project(root: Path, policies: list[dict[str, Any]], routes: dict[str, Any]) -> Path:
    """Write a project with these policies and OpenAPI paths; return its root."""
    (root / "config").mkdir(parents=True, exist_ok=True)
    (root / "config" / "policies.json").write_text(json.dumps({"policies": policies}))
    document = {"openapi": "3.1.0", "info": {"title": "test", "version": "1"}, "paths": routes}
    (root / "config" / "routes.oas.json").write_text(json.dumps(document))
    return root
