"""Fuzzed requests and control lines, each from its seed and number alone."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from tests.web.test_fuzz import GETS, HEADER_VALUES, HEADERS, MEMBERS, NAMES, ODD, POSTS

RPC = (
    "tools/call",
    "tools/list",
    "initialize",
    "ping",
    "resources/read",
    "prompts/get",
    "server/discover",
    "",
    "x" * 300,
)
COMMANDS = ("trace", "flow", "token", "client", "revoke", "reload", "why", "doctor", "body", "", "__class__", "x" * 99)
_SHAPES: tuple[Callable[[random.Random], str], ...] = (
    lambda chance: "[" * chance.choice((10, 1_000, 60_000)),
    lambda chance: '{"a":' * chance.choice((10, 500, 20_000)),
    lambda _: "9" * 6_000,
    lambda _: '{"a":1,"a":2}',
    lambda _: "NaN",
    lambda _: '{"a":1e999}',
    lambda _: '"\\ud800"',
    lambda _: '{"a":"\\u0000"}',
    lambda chance: json.dumps("é\u202e\x1b]52;c;x\x07" * chance.choice((1, 400))),
)


@dataclass
class Known:
    """What is real: values that get past the first check."""

    host: str
    values: dict[str, list[str]]
    """By parameter or header name."""
    routes: tuple[str, ...] = field(default=("/mcp/sample", "/mcp/notes"))


@dataclass(frozen=True)
class Sent:
    """One input."""

    number: int
    data: bytes
    is_control: bool = False
    is_head: bool = False
    is_torn: bool = False
    """It is no whole request: nothing has to be answered, and the socket is closed after it."""


class Inputs:
    """Makes the inputs of one seed."""

    def __init__(self, seed: int, known: Known) -> None:
        self._seed = seed
        self._known = known

    def make(self, number: int) -> Sent:
        """Return the input with this number."""
        chance = random.Random(f"{self._seed}:{number}")
        kind = chance.random()
        if kind < 0.05:
            return Sent(number, self._control(chance), is_control=True)
        method = chance.choice(
            ("GET",) * 5 + ("POST",) * 9 + ("HEAD", "OPTIONS", "DELETE", "PUT", "PATCH", "TRACE", "X")
        )
        target = self._target(chance, method)
        body, content_type = self._body(chance, target) if method not in {"GET", "HEAD", "TRACE"} else (b"", "")
        data = self._head(chance, method, target, body, content_type) + body
        if kind < 0.10:
            return Sent(number, _broken(chance, data), is_torn=True)
        return Sent(number, data, is_head=method == "HEAD")

    def _target(self, chance: random.Random, method: str) -> str:
        path: str = chance.choice((*(GETS if method == "GET" else POSTS), *self._known.routes))
        if chance.random() < 0.15:
            path = path + chance.choice(
                ("/", "//", "/..", "/%2e%2e/x", "%00", "%ff", ";x", "/" + "a" * 3000, "?", "/%25")
            )
        if chance.random() < 0.6:
            names = [chance.choice(NAMES) for _ in range(chance.randint(1, 6))]
            path += "?" + "&".join(f"{name}={quote(self._value(chance, name)[:3000])}" for name in names)
        return path

    def _value(self, chance: random.Random, name: str) -> str:
        known = self._known.values.get(name)
        return chance.choice(known) if known and chance.random() < 0.5 else chance.choice(ODD)

    def _head(self, chance: random.Random, method: str, target: str, body: bytes, content_type: str) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._known.host}"]
        for _ in range(chance.choice((0, 0, 1, 2, 4))):
            name = chance.choice(HEADERS)
            if name not in {"host", "content-type"}:
                value = self._value(chance, name) if name in self._known.values else chance.choice(HEADER_VALUES)
                lines.append(f"{name}: {_header(value)}")
        if chance.random() < 0.4:
            lines.append(f"Authorization: Bearer {chance.choice(self._known.values['access_token'])}")
        if content_type:
            lines.append(f"Content-Type: {content_type}")
        if body or method in {"POST", "PUT", "PATCH"}:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"

    def _body(self, chance: random.Random, target: str) -> tuple[bytes, str]:
        if chance.random() < 0.08:
            return chance.randbytes(chance.randint(0, 4000)), chance.choice(("application/json", "text/plain", ""))
        if target.startswith(self._known.routes):
            return _json(chance, self._rpc(chance)), "application/json"
        if "register" in target:
            return _json(chance, self._registration(chance)), chance.choice(("application/json",) * 4 + ("text/plain",))
        pairs = [(name, self._value(chance, name)) for name in chance.choices(NAMES, k=chance.randint(0, 8))]
        text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
        return text.encode(), "application/x-www-form-urlencoded"

    def _rpc(self, chance: random.Random) -> Any:
        one: dict[str, Any] = {
            "jsonrpc": chance.choice(("2.0", "2.0", "1.0", 2)),
            "id": chance.choice((1, "a", None, [], 1.5, 10**30)),
        }
        one["method"] = chance.choice(RPC)
        one["params"] = chance.choice(
            ({}, [], None, {"name": "echo", "arguments": {"message": chance.choice(ODD)}}, "x")
        )
        for _ in range(chance.choice((0, 0, 1, 2))):
            one.pop(chance.choice(list(one)), None)
        return chance.choice((one, one, one, [one, one], [], None, 7))

    def _registration(self, chance: random.Random) -> Any:
        found: dict[str, Any] = {"redirect_uris": [self._value(chance, "redirect_uri")]}
        for _ in range(chance.randint(0, 5)):
            found[chance.choice(MEMBERS)] = chance.choice((chance.choice(ODD), [chance.choice(ODD)], {}, None, 7, True))
        return found

    def _control(self, chance: random.Random) -> bytes:
        hello = {"type": "hello", "version": chance.choice((1, 1, 1, 1, 2, "1", None)), "kinds": ["-"]}
        lines = [json.dumps(hello).encode()]
        for number in range(chance.randint(0, 4)):
            arguments: Any = {chance.choice(("id", "name", "limit")): chance.choice((*ODD, 7, None, [], {}))}
            command = {"type": "command", "id": str(number), "name": chance.choice(COMMANDS), "arguments": arguments}
            lines.append(_json(chance, command).replace(b"\n", b" "))
        return b"\n".join(lines) + b"\n"


def _json(chance: random.Random, value: Any) -> bytes:
    """Return JSON, or now and then something like it."""
    if chance.random() < 0.15:
        return chance.choice(_SHAPES)(chance).encode("utf-8", "replace")
    data = bytearray(json.dumps(value).encode())
    for _ in range(chance.choice((0, 0, 0, 1, 3))):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def _header(value: str) -> str:
    return "".join(each for each in value if each not in "\r\n\x00").strip()[:6000]


def _broken(chance: random.Random, data: bytes) -> bytes:
    """Return a request that is cut off, or in which bytes were changed."""
    if chance.random() < 0.5:
        return data[: chance.randrange(len(data))]
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)
