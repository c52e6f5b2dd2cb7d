"""Nothing that stands in a project's files makes the reading raise; and what a user wrote right stays right."""

import copy
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from devgw.config.explain import explain
from devgw.config.finding import Severity
from devgw.config.report import FORMATS
from devgw.settings import Settings
from tests.config.bench import ENVIRON, POLICY_NAME, operation, policy, read, workos_options, write

EVERYTHING: dict[str, Any] = {
    "policies": {
        "policies": [
            policy(
                workos_options(
                    scope="openid",
                    gateway={"accessTokenTtlSeconds": 900, "cimdEnabled": True},
                    browserLoginOverrides={"pkce": "S256", "remoteTimeoutMs": 1000},
                    idJag={
                        "enabled": True,
                        "trustedIssuers": [{"issuer": "https://i.test", "jwksUrl": "https://i.test/k"}],
                    },
                )
            ),
            policy(
                {
                    "displayName": "L",
                    "authMode": "user-oauth",
                    "scopes": ["a"],
                    "clientRegistration": {"mode": "manual", "clientId": "x"},
                },
                "mcp-token-exchange-inbound",
                "McpTokenExchangeInboundPolicy",
                "mcp-token-exchange-l",
            ),
            policy(
                {"tools": ["a", {"name": "b", "_meta": {}}], "resources": [{"uri": "u"}]},
                "mcp-capability-filter-inbound",
                "McpCapabilityFilterInboundPolicy",
                "f",
            ),
            policy(
                {"headers": [{"name": "A", "value": "$env(KEY)"}]},
                "set-headers-inbound",
                "SetHeadersInboundPolicy",
                "h",
            ),
        ]
    },
    "routes": {
        "openapi": "3.1.0",
        "paths": {
            "/mcp/x": {
                "post": operation("https://${env.HOST}/m", inbound=[POLICY_NAME, "mcp-token-exchange-l", "f", "h"])
            }
        },
    },
}
ENV = {**ENVIRON, "KEY": "k", "HOST": "h.test"}

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "$env(",
            "$env(KEY)",
            "$env(NO)",
            "${env.NO}",
            "McpProxyHandler",
            "mcp-oauth-inbound",
            "https://",
            "http://[::1",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "options", "handler", "x"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value below."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    return [path, *[spot for key, each in below for spot in spots(each, (*path, key))]]


EVERYTHING = json.loads(json.dumps(EVERYTHING))
SPOTS = [spot for spot in spots(EVERYTHING) if len(spot) > 1]


def replaced(document: Any, spot: tuple[Any, ...], new: Any, *, remove: bool) -> None:
    owner = document
    for key in spot[:-1]:
        owner = owner[key]
    if remove:
        del owner[spot[-1]]
    else:
        owner[spot[-1]] = new


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(SPOTS), ANYTHING, st.booleans())
def test_whatever_stands_anywhere_it_is_read_or_found(spot: tuple[Any, ...], new: Any, remove: bool) -> None:
    document = copy.deepcopy(EVERYTHING)
    replaced(document, spot, new, remove=remove)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, policies_text=json.dumps(document["policies"]), routes_text=json.dumps(document["routes"]))
        loaded = read(root, ENV)
        if loaded.project is None:
            assert any(each.severity is Severity.ERROR for each in loaded.findings)
        else:
            for route in loaded.project.routes:
                assert explain(loaded, Settings(root=root), route.path) is not None
        for each in loaded.findings:
            assert each.file
            assert each.message
            assert each.line == 0 or each.source_line or each.file
        for form in FORMATS.values():
            form(loaded.findings)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2000), st.integers(0, 40), st.text(max_size=8))
def test_a_half_written_file_is_read_or_found(start: int, length: int, new: str) -> None:
    """An editor that truncates and writes may be caught in the middle."""
    text = json.dumps(EVERYTHING["policies"], indent=1)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, policies_text="x", routes_text=json.dumps(EVERYTHING["routes"]))
        broken = (text[:start] + new + text[start + length :]).encode("utf-8", "surrogatepass")
        (root / "config/policies.json").write_bytes(broken)
        loaded = read(root, ENV)

        assert loaded.project is not None or loaded.findings


def test_all_of_it_is_right_as_it_stands(tmp_path: Path) -> None:
    """Without this the tests above would prove nothing."""
    write(tmp_path, policies_text=json.dumps(EVERYTHING["policies"]), routes_text=json.dumps(EVERYTHING["routes"]))
    loaded = read(tmp_path, ENV)

    assert loaded.findings == ()
    assert loaded.project is not None
    (route,) = loaded.project.routes
    assert route.token_exchange is not None
    assert route.token_exchange.manual_client is not None
    assert route.capability_filter is not None
    assert [entry.key for entry in route.capability_filter.tools or ()] == ["a", "b"]
    assert route.capability_filter.tools is not None
    assert route.capability_filter.tools[1].overrides == {"_meta": {}}


def test_a_value_that_is_not_text_is_a_finding(tmp_path: Path) -> None:
    loaded = read(write(tmp_path), {**ENVIRON, "WORKOS_CLIENT_SECRET": "\udcff"})

    assert [each.code for each in loaded.findings] == ["env-not-utf8"]
    assert loaded.project is None
    assert loaded.environment


def test_a_project_as_zuplos_pages_write_it(tmp_path: Path) -> None:
    """Issue 4, point 7: comments, trailing commas, two upstreams, a key for one of them, other routes beside."""
    policies_text = """{
  // one policy for everybody
  "policies": [
    {
      "name": "auth0-managed-oauth",
      "policyType": "mcp-auth0-oauth-inbound",
      "handler": {
        "module": "$import(@zuplo/runtime/mcp-gateway)",
        "export": "McpAuth0OAuthInboundPolicy",
        "options": {
          "auth0Domain": "$env(AUTH0_DOMAIN)", // bare host
          "clientId": "$env(AUTH0_CLIENT_ID)",
          "clientSecret": "$env(AUTH0_CLIENT_SECRET)",
        },
      },
    },
    {
      "name": "mcp-token-exchange-linear",
      "policyType": "mcp-token-exchange-inbound",
      "handler": {
        "module": "$import(@zuplo/runtime/mcp-gateway)",
        "export": "McpTokenExchangeInboundPolicy",
        "options": {
          "displayName": "Linear",
          "authMode": "user-oauth",
          "scopes": [],
          "clientRegistration": { "mode": "auto" },
        },
      },
    },
    {
      "name": "search-key",
      "policyType": "set-upstream-api-key-inbound",
      "handler": {
        "module": "$import(@zuplo/runtime)",
        "export": "SetUpstreamApiKeyInboundPolicy",
        "options": { "header": "Authorization", "value": "Bearer $env(SEARCH_KEY)" },
      },
    },
    {
      "name": "strip",
      "policyType": "remove-headers-inbound",
      "handler": {
        "module": "$import(@zuplo/runtime)",
        "export": "RemoveHeadersInboundPolicy",
        "options": { "headers": ["X-Internal"] },
      },
    },
  ],
}"""
    forward = {"x-zuplo-route": {"corsPolicy": "anything-goes", "handler": {"export": "urlForwardHandler"}}}
    routes = {
        "openapi": "3.1.0",
        "info": {"title": "g", "version": "1"},
        "components": {"schemas": {"Deep": {"properties": {"a": {"items": [{}]}}}}},
        "paths": {
            "/mcp/linear-v1": {
                "get,post": operation(
                    "https://mcp.linear.app/mcp", "linear", ["auth0-managed-oauth", "mcp-token-exchange-linear"]
                )
            },
            "/mcp/search": {
                "post": operation("https://search.test/mcp", "search", ["auth0-managed-oauth", "strip", "search-key"])
            },
            "/health": {"get": forward, "x-zuplo-path": {"pathMode": "open-api"}},
        },
    }
    (tmp_path / "zuplo.jsonc").write_text('{ // mine\n "version": 1, "compatibilityDate": "2026-05-01", }')
    write(tmp_path, policies_text=policies_text, routes_text=json.dumps(routes))
    secrets = {"AUTH0_CLIENT_SECRET": "s", "SEARCH_KEY": "k"}
    loaded = read(tmp_path, {"AUTH0_DOMAIN": "t.us.auth0.com", "AUTH0_CLIENT_ID": "abc", **secrets})

    assert loaded.findings == ()
    assert loaded.project is not None
    linear, search = loaded.project.routes
    assert linear.token_exchange is not None
    assert (linear.token_exchange.id, linear.token_exchange.scopes) == ("linear", ())
    assert [edits.remove for edits in search.header_edits] == [("X-Internal",), ()]
    ((name, value, overwrite),) = search.header_edits[1].set
    assert (name, value.value, overwrite) == ("Authorization", "Bearer k", True)
    assert [each.path for each in loaded.project.other_routes] == ["/health"]
