"""An MCP server with its own authorization server, on one origin, that misbehaves on request."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tests.support.serving import listen, origin_of, serve

Handler = Callable[[dict[str, str], "Asked"], tuple[int, dict[str, str], Any]]


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Upstream:
    """Answers by the book until a member is changed. `asked` is everything that arrived."""

    origin: str = ""
    mcp_path: str = "/mcp"
    issuer: str = ""
    challenge: str | None = None
    answers: dict[str, tuple[int, dict[str, str], Any]] = field(default_factory=dict)
    """By path: what to answer instead."""
    server_metadata: dict[str, Any] = field(default_factory=dict)
    """Laid over the metadata; None removes a member."""
    resource_metadata: dict[str, Any] = field(default_factory=dict)
    token_answer: Callable[[Asked, dict[str, Any]], tuple[int, dict[str, str], Any]] | None = None
    expires_in: int | None = 3600
    rotates: bool = True
    knows_its_clients: bool = False
    """Whether the authorization endpoint refuses clients that never registered."""
    held: asyncio.Event | None = None
    """Where there is one, the token endpoint decides at once and answers when it is set."""
    asked: list[Asked] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    access_tokens: set[str] = field(default_factory=set)
    refresh_tokens: set[str] = field(default_factory=set)
    clients: dict[str, dict[str, Any]] = field(default_factory=dict)
    issued: int = 0

    def paths(self) -> list[str]:
        """Return what was asked for, in order."""
        return [f"{each.method} {each.path}" for each in self.asked]

    def asked_at(self, path: str) -> list[Asked]:
        return [each for each in self.asked if each.path == path]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        asked = Asked(
            scope["method"],
            scope["path"],
            {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()},
            {name.decode(): value.decode() for name, value in scope["headers"]},
            body,
        )
        self.asked.append(asked)
        status, headers, content = self.answers.get(asked.path) or self.answer(asked)
        if asked.path == "/token" and self.held:
            await self.held.wait()
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"content-type": "application/json"} | headers
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": payload})

    def answer(self, asked: Asked) -> tuple[int, dict[str, str], Any]:
        places: dict[str, Callable[[Asked], tuple[int, dict[str, str], Any]]] = {
            self.mcp_path: self._mcp,
            f"/.well-known/oauth-protected-resource{self.mcp_path}": self._resource,
            "/.well-known/oauth-authorization-server": self._metadata,
            "/register": self._register,
            "/authorize": self._authorize,
            "/token": self._token,
            "/revoke": lambda _: (200, {}, {}),
        }
        place = places.get(asked.path)
        return place(asked) if place else (404, {"content-type": "text/plain"}, b"Not found")

    def _mcp(self, asked: Asked) -> tuple[int, dict[str, str], Any]:
        if asked.headers.get("authorization", "").removeprefix("Bearer ") in self.access_tokens:
            return 200, {}, {"jsonrpc": "2.0", "id": 1, "result": {}}
        default = f'Bearer resource_metadata="{self.origin}/.well-known/oauth-protected-resource{self.mcp_path}"'
        return 401, {"www-authenticate": self.challenge or default}, {}

    def _resource(self, _: Asked) -> tuple[int, dict[str, str], Any]:
        document = {"resource": self.origin + self.mcp_path, "authorization_servers": [self.issuer]}
        return 200, {}, _laid_over(document, self.resource_metadata)

    def _metadata(self, _: Asked) -> tuple[int, dict[str, str], Any]:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "registration_endpoint": f"{self.origin}/register",
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        }
        return 200, {}, _laid_over(document, self.server_metadata)

    def _register(self, asked: Asked) -> tuple[int, dict[str, str], Any]:
        if not asked.body.startswith(b"{"):
            return 400, {}, {"error": "invalid_client_metadata"}
        client = {"client_id": f"c{len(self.clients) + 1}", "client_secret": "s e+c/ret", **json.loads(asked.body)}
        self.clients[client["client_id"]] = client
        return 201, {}, client

    def _authorize(self, asked: Asked) -> tuple[int, dict[str, str], Any]:
        if self.knows_its_clients and asked.query["client_id"] not in self.clients:
            return 400, {"content-type": "text/html"}, b"<h1>Unknown client</h1>"
        self.issued += 1
        code = f"code-{self.issued}"
        self.codes[code] = asked.query
        extra = (
            {"iss": self.issuer} if self.server_metadata.get("authorization_response_iss_parameter_supported") else {}
        )
        query = urlencode({"code": code, "state": asked.query["state"], **extra})
        return 302, {"location": f"{asked.query['redirect_uri']}?{query}"}, b""

    def _token(self, asked: Asked) -> tuple[int, dict[str, str], Any]:
        form = asked.form
        if form["grant_type"] == "authorization_code":
            begun = self.codes.pop(form["code"], None)
            good = begun is not None and create_s256_code_challenge(form["code_verifier"]) == begun["code_challenge"]
        else:
            good = form.get("refresh_token") in self.refresh_tokens
            if good and self.rotates:
                self.refresh_tokens.discard(form["refresh_token"])
        if not good:
            return 400, {}, {"error": "invalid_grant", "error_description": "It is gone"}
        answer = self.tokens()
        return self.token_answer(asked, answer) if self.token_answer else (200, {}, answer)

    def tokens(self) -> dict[str, Any]:
        self.issued += 1
        access, refresh = f"upstream-access-{self.issued}", f"upstream-refresh-{self.issued}"
        self.access_tokens.add(access)
        self.refresh_tokens.add(refresh)
        answer: dict[str, Any] = {"access_token": access, "refresh_token": refresh, "token_type": "Bearer"}
        return answer | ({} if self.expires_in is None else {"expires_in": self.expires_in})


def _laid_over(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (document | changes).items() if value is not None}


async def _lifespan(receive: Callable[[], Awaitable[dict[str, Any]]], send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


@asynccontextmanager
async def running_upstream() -> AsyncIterator[Upstream]:
    """Serve an upstream on a free port."""
    listener = listen()
    upstream = Upstream(origin=origin_of(listener))
    upstream.issuer = upstream.origin
    async with serve(upstream, on=listener):
        yield upstream


def query_of(url: str) -> dict[str, str]:
    """Return the query of a URL."""
    return dict(parse_qsl(urlsplit(url).query))
