"""A tiny OIDC provider on a real socket, whose every answer can be spoiled.

    async with oidc_provider(clock) as provider: ...

It shares no code with the gateway's own side, so that they cannot share a mistake.
"""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from devgw.clock import Clock, epoch
from tests.support.gateway import write_project
from tests.support.serving import serve

CLIENT_ID, CLIENT_SECRET = "gateway-at-the-provider", "s3cret-of-the-gateway-at-the-provider"
SUBJECT = "person-1"


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """Return the RSA key of this name; the same in every test."""
    del name
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key of this name."""
    del name
    return ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: Any, kid: str | None, **members: Any) -> dict[str, Any]:
    """Return the published form of a key."""
    algorithm = (
        jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else jwt.algorithms.RSAAlgorithm
    )
    jwk: dict[str, Any] = json.loads(algorithm.to_jwk(key.public_key()))
    jwk.pop("key_ops", None)
    return jwk | ({"kid": kid} if kid else {}) | members


@dataclass
class Reply:
    """An answer that replaces the right one."""

    status: int
    body: bytes
    content_type: str = "application/json"
    hangs: bool = False
    """Sends its beginning and then a byte every fifth of a second, for ever."""


@dataclass
class OidcProvider:
    """The provider and its switches; a change holds from the next answer on."""

    clock: Clock
    origin: str = ""
    algorithm: str = "RS256"
    signer: Any = field(default_factory=lambda: rsa_key("first"))
    header: dict[str, Any] = field(default_factory=lambda: {"kid": "k1"})
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public_jwk(rsa_key("first"), "k1")])
    claims: dict[str, Any] = field(default_factory=dict)
    """Changes to the ID token's claims; None takes one away."""
    written_claims: str = ""
    """The whole of them as text, where it is to be signed as it is written."""
    answer: dict[str, Any] = field(default_factory=dict)
    """Changes to the token response; None takes a member away."""
    callback: dict[str, str] | None = None
    """What the browser comes back with instead of a code."""
    beside: dict[str, str] = field(default_factory=dict)
    """What the browser comes back with besides, such as `iss` (RFC 9207)."""
    login_page: Reply | Callable[[dict[str, str]], Reply] | None = None
    """What the authorization endpoint shows instead of sending the browser back; it may depend on the query."""
    discovery: dict[str, Any] | None = None
    """Members that its discovery document has; None where there is no such document."""
    token_reply: Reply | None = None
    keys_reply: Reply | None = None
    date: str | None = None
    slow: float = 0
    """Seconds that the token endpoint takes to answer."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The queries of the authorization endpoint."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    """The query for which each code was given: others may ask in between."""
    redeemed: list[dict[str, str]] = field(default_factory=list)
    """The forms of the token endpoint."""
    keys_fetched: int = 0
    minted: list[str] = field(default_factory=list)
    """Every secret that left here."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if scope["path"] == "/authorize" and self.login_page:
            query = dict(parse_qsl(scope["query_string"].decode()))
            await self._reply(send, self.login_page(query) if callable(self.login_page) else self.login_page)
        elif scope["path"] == "/.well-known/openid-configuration":
            found = self.discovery
            await self._reply(send, _json({"issuer": self.origin, **found}) if found is not None else Reply(404, b""))
        elif scope["path"] not in ("/authorize", "/token", "/jwks"):
            await self._reply(send, Reply(404, b"<h1>Not Found</h1>", "text/html"))
        elif scope["path"] == "/authorize":
            await self._authorize(dict(parse_qsl(scope["query_string"].decode())), send)
        elif scope["path"] == "/token":
            await self._token(dict(parse_qsl(body.decode())), send)
        else:
            agent = dict(scope["headers"]).get(b"user-agent", b"")
            self.keys_fetched += not agent.startswith(b"devgw-doctor")  # which looks around beside the logins
            await self._reply(send, self.keys_reply or _json({"keys": self.keys}))

    async def _authorize(self, query: dict[str, str], send: Any) -> None:
        self.asked.append(query)
        code = f"pc_{len(self.asked)}_{hashlib.sha256(query['state'].encode()).hexdigest()}"
        self.minted += [code, query["state"], query["nonce"]]
        self.codes[code] = query
        answer = {"code": code} if self.callback is None else self.callback
        location = f"{query['redirect_uri']}?{urlencode({'state': query['state'], **answer, **self.beside})}"
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", location.encode())]})
        await send({"type": "http.response.body", "body": b""})

    async def _token(self, form: dict[str, str], send: Any) -> None:
        self.redeemed.append(form)
        await asyncio.sleep(self.slow)
        if self.token_reply:
            await self._reply(send, self.token_reply)
            return
        query = self.codes.get(form.get("code", ""), {})
        challenge = query.get("code_challenge")
        verifier = form.get("code_verifier", "")
        is_issued = bool(query) and form["redirect_uri"] == query["redirect_uri"]
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            await self._reply(send, _json({"error": "invalid_client"}, 401))
        elif not is_issued or (challenge and _s256(verifier) != challenge):
            await self._reply(send, _json({"error": "invalid_grant"}, 400))
        else:
            await self._reply(send, _json(self._tokens(query)))

    def _tokens(self, query: dict[str, str]) -> dict[str, Any]:
        now = epoch(self.clock.now())
        access_token = "pat_" + hashlib.sha256(query["nonce"].encode()).hexdigest()
        claims = {
            "iss": self.origin,
            "sub": SUBJECT,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": query["nonce"],
            "email": "person@example.com",
            "name": "A Person",
        }
        kept = {name: value for name, value in (claims | self.claims).items() if value is not None}
        id_token = self.sign(kept)
        self.minted += [access_token, id_token, query["nonce"]]
        members = {"access_token": access_token, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}
        return {name: value for name, value in (members | self.answer).items() if value is not None}

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a JWT of these claims, signed as the switches say."""
        content = (self.written_claims or json.dumps(claims)).encode()  # PyJWT's own `encode` would check them first
        return jwt.api_jws.PyJWS().encode(content, self.signer, self.algorithm, headers=self.header)

    async def _reply(self, send: Any, reply: Reply) -> None:
        headers = [(b"content-type", reply.content_type.encode())]
        if self.date:
            headers.append((b"date", self.date.encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body, "more_body": reply.hangs})
        while reply.hangs:
            await asyncio.sleep(0.2)
            await send({"type": "http.response.body", "body": b" ", "more_body": True})


def half_hash(value: str) -> str:
    """Return the `at_hash` of an access token beside an ID token signed with a 256-bit algorithm."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _json(members: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(members).encode())


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


@asynccontextmanager
async def oidc_provider(clock: Clock) -> AsyncIterator[OidcProvider]:
    """Run a provider while the block runs."""
    provider = OidcProvider(clock)
    async with serve(provider) as origin:
        provider.origin = origin
        yield provider


def mcp_route(policy: str, upstream: str = "http://localhost:9002/mcp", name: str = "sample") -> dict[str, Any]:
    """Return the OpenAPI path item of an MCP route behind `policy`."""
    handler = {
        "export": "McpProxyHandler",
        "module": "$import(@zuplo/runtime/mcp-gateway)",
        "options": {"rewritePattern": upstream},
    }
    return {"post": {"operationId": name, "x-zuplo-route": {"handler": handler, "policies": {"inbound": [policy]}}}}


def write_oidc_project(
    root: Path, provider: OidcProvider, *, login: dict[str, Any] | None = None, gateway: dict[str, Any] | None = None
) -> Path:
    """Write a project whose people sign in at `provider`; return its root."""
    options: dict[str, Any] = {
        "oidc": {"issuer": provider.origin, "jwksUrl": f"{provider.origin}/jwks"},
        "browserLogin": {
            "url": f"{provider.origin}/authorize",
            "tokenUrl": f"{provider.origin}/token",
            "clientId": CLIENT_ID,
            "clientSecret": CLIENT_SECRET,
        }
        | (login or {}),
    }
    if gateway:
        options["gateway"] = gateway
    policy = {
        "name": "sign-in",
        "policyType": "mcp-oauth-inbound",
        "handler": {
            "export": "McpOAuthInboundPolicy",
            "module": "$import(@zuplo/runtime/mcp-gateway)",
            "options": options,
        },
    }
    return write_project(root, [policy], {"/mcp/sample": mcp_route("sign-in")})
