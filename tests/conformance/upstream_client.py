"""devgw's upstream side as the client under test of the official conformance suite: `python -m … <server-url>`.

The suite starts this with a server to talk to. It asks like the proxy does (`obtain`, send, on 401 or 403 `renew`), and
plays the person where a connection is required: open the link, follow the one redirect, come back.
"""

import asyncio
import json
import os
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from devgw.clock import SystemClock
from devgw.config.project import ManualClient, Route, Secret, TokenExchange
from devgw.events import Bus
from devgw.foreign.challenge import bearer_challenge
from devgw.gateway.connecting import Ticket
from devgw.gateway.upstream import Admitted, UpstreamCredential
from devgw.ids import ClientId, GrantId, OperationId, SubjectId, TokenId, UpstreamServerId
from devgw.outbound.upstream_oauth.building import UpstreamSide, build_upstream_side
from devgw.outbound.upstream_oauth.id_jag import IdentityAssertion
from devgw.problems import Refused
from devgw.problems.upstream import ConnectRequired
from devgw.settings import Settings, UpstreamSettings
from devgw.store.connections import SealedConnections
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.sealing import Sealer, load_key

ORIGIN = "http://localhost:9000"
DOCUMENT = "https://conformance-test.local/client-metadata.json"
TRIES = 3
"""How often a request is authorized anew before it is given up."""
META = "io.modelcontextprotocol/"


class Person:
    """Somebody with a browser, for whom a credential is held."""

    def __init__(self, side: UpstreamSide, route: Route) -> None:
        self.side = side
        self.route = route
        self.admitted = Admitted(
            TokenId("at:1"),
            GrantId("g"),
            ClientId("c"),
            "conformance",
            SubjectId("tester"),
            ORIGIN,
            "mcp:tools",
            SystemClock().now() + timedelta(hours=1),
        )

    async def connect(self) -> None:
        """Open the connect link and come back with whatever the authorization server says."""
        assert self.route.token_exchange
        oauth = self.side.oauth
        begun = await oauth.begin(
            self.route, Ticket(self.admitted.subject_id, self.route.token_exchange.id, self.route.operation_id)
        )
        async with httpx2.AsyncClient() as browser:
            answer = await browser.get(begun.url)
        back = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        await oauth.finish(self.route, back, [begun.cookie])

    async def credential(self) -> UpstreamCredential:
        """Return a credential, connecting first where that is needed."""
        try:
            return await self.side.oauth.obtain(self.route, self.admitted, ORIGIN)
        except Refused as refused:
            if not isinstance(refused.problem, ConnectRequired):
                raise
        await self.connect()
        return await self.side.oauth.obtain(self.route, self.admitted, ORIGIN)

    async def renewed(self, challenge: str, rejected: UpstreamCredential) -> UpstreamCredential:
        """Return another credential after one was refused."""
        try:
            return await self.side.oauth.renew(self.route, self.admitted, ORIGIN, challenge, rejected)
        except Refused as refused:
            if not isinstance(refused.problem, ConnectRequired):
                raise
        await self.connect()
        return await self.side.oauth.obtain(self.route, self.admitted, ORIGIN)


class Session:
    """MCP requests, each authorized as the proxy would."""

    def __init__(self, person: Person, http: httpx2.AsyncClient, revision: str) -> None:
        self.person = person
        self.http = http
        self.revision = revision
        self.is_modern = revision >= "2026-07-28"
        self.session_id: str | None = None
        self.ids = iter(range(1, 100))

    async def ask(self, method: str, params: dict[str, Any] | None = None, *, notify: bool = False) -> Any:
        """Send a message; return its result."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": dict(params or {})}
        if not notify:
            message["id"] = next(self.ids)
        if self.is_modern:
            message["params"]["_meta"] = {
                f"{META}protocolVersion": self.revision,
                f"{META}clientCapabilities": {},
                f"{META}clientInfo": {"name": "devgw", "version": "0"},
            }
        return _result(await self._send(message))

    async def _send(self, message: dict[str, Any]) -> httpx2.Response:
        # The first request goes without a credential, as it does where nobody has connected yet.
        credential = await self.person.credential()
        for _ in range(TRIES):
            answer = await self._post(message, credential)
            challenge = answer.headers.get("www-authenticate", "")
            said = bearer_challenge([challenge])
            wants_more = answer.status_code == 403 and said is not None and said.error == "insufficient_scope"
            if answer.status_code != 401 and not wants_more:
                return answer
            credential = await self.person.renewed(challenge, credential)
        raise SystemExit(f"given up after {TRIES} tries: {answer.status_code}")

    async def _post(self, message: dict[str, Any], credential: UpstreamCredential) -> httpx2.Response:
        headers = {
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": self.revision,
            **{name.decode(): value.decode() for name, value in credential.headers},
        }
        if self.is_modern:
            headers["mcp-method"] = message["method"]
            if "name" in message["params"]:
                headers["mcp-name"] = message["params"]["name"]
        if self.session_id:
            headers["mcp-session-id"] = self.session_id
        answer = await self.http.post(self.person.route.upstream_url, json=message, headers=headers)
        self.session_id = answer.headers.get("mcp-session-id", self.session_id)
        return answer


def _result(answer: httpx2.Response) -> Any:
    """Return the JSON-RPC result in an answer, as JSON or as an event stream."""
    if "event-stream" in answer.headers.get("content-type", ""):
        lines = [line[5:] for line in answer.text.splitlines() if line.startswith("data:")]
        return json.loads(lines[-1]).get("result") if lines else None
    return answer.json().get("result") if answer.content else None


def exchange_for(scenario: str, context: dict[str, Any]) -> TokenExchange:
    """Return the policy that a scenario's context describes."""
    exchange = TokenExchange("p", UpstreamServerId("upstream"), "Upstream")
    if scenario.endswith("enterprise-managed-authorization"):
        return replace(exchange, auth_mode="id-jag", id_jag=_cross_app(context))
    if context.get("client_id"):
        secret = Secret(context["client_secret"]) if context.get("client_secret") else None
        return replace(exchange, manual_client=ManualClient(context["client_id"], secret))
    return exchange


def _cross_app(context: dict[str, Any]) -> dict[str, Any]:
    return {
        "scopes": [],
        "idp": {
            "tokenUrl": context["idp_token_endpoint"],
            "clientAuth": {"method": "client_secret_post", "clientId": context["idp_client_id"], "clientSecret": ""},
        },
        "resourceAs": {
            "tokenUrl": context.get("token_endpoint", ""),
            "audience": context.get("issuer", ""),
            "clientAuth": {
                "method": "client_secret_basic",
                "clientId": context["client_id"],
                "clientSecret": context["client_secret"],
            },
        },
    }


async def _with_servers_metadata(exchange: TokenExchange, url: str) -> TokenExchange:
    """Return an id-jag policy whose resource server is the one that the upstream names."""
    assert exchange.id_jag
    parts = urlsplit(url)
    root = f"{parts.scheme}://{parts.netloc}"
    async with httpx2.AsyncClient() as http:
        resource = (await http.get(f"{root}/.well-known/oauth-protected-resource{parts.path}")).json()
        issuer = resource["authorization_servers"][0]
        server = (await http.get(f"{issuer}/.well-known/oauth-authorization-server")).json()
    target = exchange.id_jag["resourceAs"] | {
        "tokenUrl": server["token_endpoint"],
        "audience": server["issuer"],
        "resource": resource["resource"],
    }
    return replace(exchange, id_jag=exchange.id_jag | {"resourceAs": target})


async def main(url: str) -> None:
    """Do what every scenario of the suite expects: connect, list the tools, call one."""
    scenario = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
    revision = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "2025-11-25")
    clock = SystemClock()
    sealer = Sealer(load_key(None))
    settings = Settings(origin=ORIGIN, upstreams={"upstream": UpstreamSettings(client_metadata_url=DOCUMENT)})
    store = SealedConnections(Database(None, MIGRATIONS), sealer)
    side = build_upstream_side(settings, store, sealer, clock, Bus(clock))
    exchange = exchange_for(scenario, context)
    if exchange.id_jag:
        exchange = await _with_servers_metadata(exchange, url)
        assertion = IdentityAssertion(context["idp_id_token"])
        side.assertions.remember(SubjectId("tester"), assertion, clock.now() + timedelta(hours=1))
    route = Route("/mcp/x", OperationId("x"), "X", url, token_exchange=exchange)
    async with httpx2.AsyncClient(timeout=20) as http:
        await converse(Session(Person(side, route), http, revision))


async def converse(session: Session) -> None:
    """Go through the requests of a client that wants to use a tool."""
    if not session.is_modern:
        hello = {
            "protocolVersion": session.revision,
            "capabilities": {},
            "clientInfo": {"name": "devgw", "version": "0"},
        }
        await session.ask("initialize", hello)
        await session.ask("notifications/initialized", notify=True)
    listed = await session.ask("tools/list")
    for tool in (listed or {}).get("tools", [])[:1]:
        await session.ask("tools/call", {"name": tool["name"], "arguments": {}})


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[-1]))
    except Refused as refused:
        raise SystemExit(f"{refused.problem.reason}: {refused.problem.explain()}") from refused
