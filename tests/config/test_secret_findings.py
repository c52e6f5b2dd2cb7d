"""A finding quotes what was written, and of a variable its name: never the value of a secret."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.config.bench import ENVIRON, operation, policy, read, workos_options, write

SECRETS = [
    "Zk9-My Super/Secret+Value=42",
    "correct\nhorse'battery\\staple",
    "s3cr3t",
    "9" * 500,
    "http://user:pass-word-77@host/x?key=abcdef",
    'quote"d-and-back\\slashed',
]
EXCHANGE = {
    "displayName": "Notes",
    "summary": "Sample notes",
    "authMode": "user-oauth",
    "scopes": ["a"],
    "clientRegistration": {"mode": "manual", "clientId": "c", "clientSecret": "s"},
}
POLICIES = [
    policy(workos_options(scope="openid", gateway={"accessTokenTtlSeconds": 900})),
    policy(EXCHANGE, "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", "mcp-token-exchange-notes"),
    policy(
        {"headers": [{"name": "x-a", "value": "v", "overwrite": True}]},
        "set-headers-inbound",
        "SetHeadersInboundPolicy",
        "set",
    ),
]
PATHS = {"/mcp/a": {"post": operation(inbound=["workos-managed-oauth", "mcp-token-exchange-notes", "set"])}}


def spots(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value of a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, each in items:
        yield from spots(each, (*way, name))
        if not isinstance(each, (dict, list)):
            yield (*way, name)


def replaced(node: Any, way: tuple[Any, ...], value: str) -> Any:
    """Return a copy of a document with another value at one spot."""
    found = at = copy.deepcopy(node)
    for each in way[:-1]:
        at = at[each]
    at[way[-1]] = value
    return found


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("written", ["$env(ODD_THING)", "https://h/$env(ODD_THING)?x"])
def test_no_finding_carries_a_secret_wherever_its_variable_stands(tmp_path: Path, secret: str, written: str) -> None:
    document = {"policies": POLICIES, "paths": PATHS}
    found = 0
    for way in spots(document):
        changed = replaced(document, way, written)
        write(tmp_path, changed["policies"], changed["paths"])
        loaded = read(tmp_path, environ=ENVIRON | {"ODD_THING": secret})
        for each in loaded.findings:
            text = json.dumps([each.message, each.fix, each.source_line, each.nearest])
            for line in secret.splitlines():
                assert json.dumps(line)[1:-1] not in text, (way, each)
                assert len(line) < 20 or line[:20] not in text, (way, each)
            found += "$env(ODD_THING)" in each.message
    assert found > 3


def test_what_is_no_secret_is_quoted(tmp_path: Path) -> None:
    """Else nobody would see what is wrong with it."""
    write(tmp_path, [policy(workos_options())], {"/mcp/a": {"post": operation(upstream="$env(UPSTREAM_URL)")}})
    loaded = read(tmp_path, environ=ENVIRON | {"UPSTREAM_URL": "htps://mcp.example.com"})
    assert any("htps://mcp.example.com" in each.message for each in loaded.findings)
