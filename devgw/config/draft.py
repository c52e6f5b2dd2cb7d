"""The project that puts the gateway in front of MCP servers whose URLs are all that is known: its files, as text.

What `devgw up URL` runs is what `devgw init --from URL` writes, and a project like any other: Zuplo loads it too.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from devgw.config import plugin, policies, routes, settings_file
from devgw.config.dotenv_file import FILE as DOTENV_FILE
from devgw.config.sample import SEED_FILE, sample_root
from devgw.foreign.json import read_object
from devgw.settings import EmulatorSettings, Settings

Login = Literal["dev-login", "workos"]
GATEWAY = "$import(@zuplo/runtime/mcp-gateway)"
RUNTIME = "$import(@zuplo/runtime)"
_NO_SLUG = re.compile(r"[^a-z0-9]+")
_PREFIX = "mcp-token-exchange-"
_USUAL_PATHS = ("", "mcp", "sse")
_LONGEST = 60
USUAL_PORT = Settings().port
"""Of the gateway, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class GivenHeader:
    """A header that opens a server; its value goes into `.env` and nowhere else."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class GivenClient:
    """A client that was registered by hand at a server's authorization server."""

    client_id: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Fronted:
    """One server, and how the gateway reaches it."""

    url: str
    is_connected: bool = False
    """Whether each person connects it: a token exchange."""
    headers: tuple[GivenHeader, ...] = ()
    client: GivenClient | None = None
    wants_sessions: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A project for some servers."""

    servers: tuple[Fronted, ...]
    login: Login = "dev-login"
    port: int = USUAL_PORT

    def named(self) -> list[tuple[str, Fronted]]:
        """Return the servers by the names of their routes, each of which is its own."""
        found: dict[str, Fronted] = {}
        for each in self.servers:
            name, number = slug_of(each.url), 2
            while name in found:
                name, number = f"{slug_of(each.url)}-{number}", number + 1
            found[name] = each
        return list(found.items())

    def files(self) -> dict[str, str]:
        """Return the texts of the project's files by their names below its folder."""
        root = sample_root()
        copied = (plugin.RUNTIME_FILE, plugin.ZUPLO_FILE)
        written = {
            policies.FILE: _json({"policies": [self._login(), *self._of_servers()]}),
            routes.FILE: _json(self._routes()),
            **{name: (root / name).read_text(encoding="utf-8") for name in copied},
        }
        if self.login == "workos":
            written[SEED_FILE] = self._seed((root / SEED_FILE).read_text(encoding="utf-8"))
        settings, values = "".join(self._settings()), "".join(self._values())
        return (
            written | ({settings_file.FILE: settings} if settings else {}) | ({DOTENV_FILE: values} if values else {})
        )

    @property
    def login_name(self) -> str:
        """Return the name of the policy by which people sign in."""
        return f"mcp-{self.login}-inbound" if self.login == "workos" else "mcp-dev-login-inbound"

    def _login(self) -> dict[str, Any]:
        if self.login == "workos":
            options = {"clientId": "$env(WORKOS_CLIENT_ID)", "clientSecret": "$env(WORKOS_CLIENT_SECRET)"}
            return _policy(self.login_name, "mcp-workos-oauth-inbound", "McpWorkosOAuthInboundPolicy", options, RUNTIME)
        page = {"browserLogin": {"url": f"http://localhost:{self.port}/oauth/dev-login"}}
        return _policy(self.login_name, "mcp-oauth-inbound", "McpOAuthInboundPolicy", page, RUNTIME)

    def _seed(self, sample: str) -> str:
        """Return the emulator's environments, in which the callback of this port is registered."""
        callback = f"http://localhost:{self.port}/oauth/callback"
        if callback in sample:
            return sample
        seed = read_object(sample)
        for each in seed["environments"]:
            each["redirectUris"] = [callback, *each.get("redirectUris", [])]
        return _json(seed)

    def _of_servers(self) -> Iterable[dict[str, Any]]:
        for name, server in self.named():
            if server.headers:
                yield _headers(name, server.headers)
            if server.is_connected:
                yield _exchange(name, server)

    def _routes(self) -> dict[str, Any]:
        paths = {f"/mcp/{name}": {"post": self._operation(name, server)} for name, server in self.named()}
        return {"openapi": "3.1.0", "info": {"title": "MCP gateway", "version": "1.0.0"}, "paths": paths}

    def _operation(self, name: str, server: Fronted) -> dict[str, Any]:
        inbound = [self.login_name]
        inbound += [f"{name}-headers"] if server.headers else []
        inbound += [_PREFIX + name] if server.is_connected else []
        options = {"rewritePattern": _as_written(server.url)}
        handler = {"export": routes.HANDLER, "module": GATEWAY, "options": options}
        route = {"corsPolicy": "none", "handler": handler, "policies": {"inbound": inbound}}
        return {"summary": name, "operationId": name, "x-zuplo-route": route}

    def _settings(self) -> Iterable[str]:
        if self.port != USUAL_PORT:
            yield f"port = {self.port}\n\n"
        if any(each.wants_sessions for each in self.servers):
            yield "[proxy]\n# The deployed gateway passes no sessions on.\nstateful = true\n"
        ours = EmulatorSettings()
        if {urlsplit(each.url).port for each in self.servers} & {ours.upstream_port, ours.upstream_auth_port}:
            yield "[emulators]\n# On the ports of devgw's sample servers listens one of your own.\nupstream = false\n"

    def _values(self) -> Iterable[str]:
        for name, server in self.named():
            for each in server.headers:
                yield f"{variable_of(name, each.name)}={quoted(each.value)}\n"
            if server.client and server.client.secret:
                yield f"{variable_of(name, 'client-secret')}={quoted(server.client.secret)}\n"


def slug_of(url: str) -> str:
    """Return the name of a server's route: its host and port, and its path where that is not a usual one."""
    parts = urlsplit(url)
    path = parts.path.strip("/")
    text = f"{parts.netloc}-{'' if path in _USUAL_PATHS else path}".lower()
    return _NO_SLUG.sub("-", text).strip("-")[:_LONGEST].strip("-") or "server"


def _as_written(url: str) -> str:
    """Return a URL in which nothing is replaced: a server that redirects would name a variable of the shell there."""
    return url.replace("$env(", "%24env(")


def variable_of(route: str, what: str) -> str:
    """Return the name of the variable that holds a value of a route."""
    return re.sub(r"[^A-Z0-9]+", "_", f"mcp_{route}_{what}".upper())


def _policy(name: str, policy_type: str, export: str, options: dict[str, Any], module: str = GATEWAY) -> dict[str, Any]:
    handler = {"export": export, "module": module, "options": options}
    return {"name": name, "policyType": policy_type, "handler": handler}


def _headers(route: str, given: Sequence[GivenHeader]) -> dict[str, Any]:
    values = [{"name": each.name, "value": f"$env({variable_of(route, each.name)})"} for each in given]
    options = {"headers": values}
    return _policy(f"{route}-headers", "set-headers-inbound", "SetHeadersInboundPolicy", options, RUNTIME)


def _exchange(route: str, server: Fronted) -> dict[str, Any]:
    registration: dict[str, Any] = {"mode": "auto"}
    if server.client is not None:
        registration = {"mode": "manual", "clientId": server.client.client_id}
        if server.client.secret:
            registration["clientSecret"] = f"$env({variable_of(route, 'client-secret')})"
    options = {"displayName": route, "authMode": "user-oauth", "clientRegistration": registration}
    return _policy(_PREFIX + route, "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", options)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def stands_for_itself(value: str) -> bool:
    """Tell whether `.env` can hold a value: `${` begins a reference there, also between quotes."""
    return "${" not in value


def quoted(value: str) -> str:
    """Return a value that stands for itself as `.env` takes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
