"""Blocks and projects in the forms of the public documentation: each loads, and nothing that is found is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from devgw.config.finding import Severity
from devgw.config.load import Loaded, load
from devgw.settings import Settings
from tests.config.documented import (
    EXCHANGES,
    FILTERS,
    GATEWAY,
    LOGIN,
    NOT_RUN,
    RUN_HERE,
    RUNTIME,
    SIGN_IN,
    policy,
)

ENVIRON = {
    "IDP_ID": "abc123",
    "IDP_SECRET": "sk_test_a1B2c3D4e5F6g7H8i9J0",
    "WORKOS_CLIENT_ID": "client_01KC6057N3C66XJAXZ65YHAC72",
    "KEY": "k-1234567890",
    "ISSUES_ID": "issues-client",
    "UPSTREAM": "https://mcp.issues.example",
}
WORKOS = SIGN_IN["WorkOS"] | {"name": "sign-in"}


def route(inbound: list[str], pattern: str = "https://mcp.issues.example/mcp", **more: Any) -> dict[str, Any]:
    options = {"rewritePattern": pattern} | more.pop("options", {})
    handler = {"export": "McpProxyHandler", "module": GATEWAY, "options": options}
    inner = {"corsPolicy": "none", "handler": handler, "policies": {"inbound": inbound}}
    return {"summary": "Issues", "operationId": "issues", "x-zuplo-route": inner | more}


def write(root: Path, policies: list[dict[str, Any]], paths: dict[str, Any], file: str = "routes.oas.json") -> None:
    (root / "config").mkdir(exist_ok=True)
    (root / "modules").mkdir(exist_ok=True)
    (root / "config" / "policies.json").write_text(json.dumps({"policies": policies}, indent=2), "utf-8")
    document = {"openapi": "3.1.0", "info": {"title": "acme", "version": "1.0.0"}, "paths": paths}
    (root / "config" / file).write_text(json.dumps(document, indent=2), "utf-8")
    (root / "zuplo.jsonc").write_text('{"version": 1, "compatibilityDate": "2026-03-01"}', "utf-8")
    (root / "modules" / "zuplo.runtime.ts").write_text("runtime.addPlugin(new McpGatewayPlugin());", "utf-8")


def read(root: Path) -> Loaded:
    loaded = load(root, ENVIRON, Settings(root=root))
    assert loaded.project is not None, [str(each) for each in loaded.findings]
    return loaded


def codes(loaded: Loaded) -> list[str]:
    return [each.code for each in loaded.findings]


@pytest.mark.parametrize("name", SIGN_IN)
def test_every_documented_sign_in_loads_without_a_finding(tmp_path: Path, name: str) -> None:
    write(tmp_path, [SIGN_IN[name] | {"name": "sign-in"}], {"/mcp/issues-v1": {"post": route(["sign-in"])}})

    assert codes(read(tmp_path)) == []


@pytest.mark.parametrize("name", EXCHANGES)
def test_every_documented_token_exchange_loads_without_a_finding(tmp_path: Path, name: str) -> None:
    exchange = policy(
        "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", EXCHANGES[name], name="mcp-token-exchange-issues"
    )
    sign_in = SIGN_IN["Okta"] | {"name": "sign-in"}
    write(tmp_path, [sign_in, exchange], {"/mcp/issues-v1": {"post": route(["sign-in", exchange["name"]])}})

    assert codes(read(tmp_path)) == []


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("module", [RUNTIME, GATEWAY])
def test_every_documented_filter_loads_without_a_finding(tmp_path: Path, name: str, module: str) -> None:
    block = policy(
        "mcp-capability-filter-inbound", "McpCapabilityFilterInboundPolicy", FILTERS[name], name="few", module=module
    )
    write(tmp_path, [WORKOS, block], {"/mcp/issues-v1": {"post": route(["sign-in", "few"])}})

    assert codes(read(tmp_path)) == []


def test_a_filter_by_a_function_loads_and_is_said_to_show_more_here(tmp_path: Path) -> None:
    control = {"mode": "function", "identifier": {"module": "$import(./modules/access)", "export": "access"}}
    block = policy(
        "mcp-capability-filter-inbound",
        "McpCapabilityFilterInboundPolicy",
        {"tools": ["list_issues"], "accessControl": control},
        name="few",
    )
    write(tmp_path, [WORKOS, block], {"/mcp/issues-v1": {"post": route(["sign-in", "few"])}})

    (found,) = read(tmp_path).findings
    assert (found.code, found.severity) == ("access-control-not-run", Severity.WARNING)


@pytest.mark.parametrize("name", RUN_HERE)
def test_every_documented_policy_for_headers_loads_without_a_finding(tmp_path: Path, name: str) -> None:
    block = RUN_HERE[name]
    write(tmp_path, [WORKOS, block], {"/mcp/issues-v1": {"post": route(["sign-in", block["name"]])}})

    assert codes(read(tmp_path)) == []


@pytest.mark.parametrize("name", NOT_RUN)
def test_a_policy_that_does_not_run_here_is_said_to_be_not_run_and_nothing_else(tmp_path: Path, name: str) -> None:
    """Nor is a variable that it alone asks for an error: nobody here needs it."""
    block = NOT_RUN[name]
    direction = "outbound" if "outbound" in block["policyType"] else "inbound"
    attached = {"inbound": ["sign-in"]}
    attached[direction] = [*attached.get(direction, []), block["name"]]
    write(tmp_path, [WORKOS, block], {"/mcp/issues-v1": {"post": route([], policies=attached)}})
    loaded = read(tmp_path)

    assert {each.severity for each in loaded.findings} == {Severity.NOTE}
    assert set(codes(loaded)) - {"env-missing"} == {"policy-not-run"}
    assert loaded.project is not None
    (served,) = loaded.project.routes
    assert direction == "outbound" or [each.name for each in served.policies if not each.runs_here] == [block["name"]]


def test_a_group_of_policies_is_what_it_holds(tmp_path: Path) -> None:
    group = policy(
        "composite-inbound",
        "CompositeInboundPolicy",
        {"policies": ["sign-in", "rate-limit-inbound"]},
        name="all",
        module=RUNTIME,
    )
    blocks = [WORKOS, NOT_RUN["rate limit"], group]
    write(tmp_path, blocks, {"/mcp/issues-v1": {"post": route(["all"])}})
    loaded = read(tmp_path)

    assert codes(loaded) == ["policy-not-run"]
    assert loaded.project is not None
    assert loaded.project.routes[0].protected


@pytest.mark.parametrize(
    "paths",
    [
        {"/mcp/issues-v1": {"get,post": route(["sign-in"])}},
        {"/mcp/issues-v1": {"x-zuplo-path": {"pathMode": "open-api"}, "post": route(["sign-in"])}},
        {"/mcp/issues-v1": {"post": route(["sign-in"], "${env.UPSTREAM}/mcp")}},
        {"/mcp/issues-v1": {"post": route(["sign-in"], options={"forwardSearch": False, "followRedirects": True})}},
        {"/mcp/issues-v1": {"post": route(["sign-in"], corsPolicy="anything-goes")}},
        {
            "/mcp/issues-v1": {
                "post": route(["sign-in"])
                | {
                    "description": "Issues of the team",
                    "tags": ["mcp"],
                    "x-internal": True,
                    "responses": {"200": {"description": "OK"}},
                    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
                }
            }
        },
    ],
    ids=["GET and POST", "path mode", "a variable", "all options", "CORS", "the rest of OpenAPI"],
)
def test_every_documented_form_of_a_route_loads_without_a_finding(tmp_path: Path, paths: dict[str, Any]) -> None:
    write(tmp_path, [WORKOS], paths)

    assert codes(read(tmp_path)) == []


def test_routes_of_every_file_are_served_also_where_the_usual_one_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, [WORKOS], {"/mcp/issues-v1": {"post": route(["sign-in"])}}, "issues.oas.json")
    notes = route(["sign-in"], "https://mcp.notes.example/mcp") | {"operationId": "notes"}
    write(tmp_path, [WORKOS], {"/mcp/notes-v1": {"post": notes}}, "notes.oas.json")
    loaded = read(tmp_path)

    assert codes(loaded) == []
    assert loaded.project is not None
    assert [each.path for each in loaded.project.routes] == ["/mcp/issues-v1", "/mcp/notes-v1"]


def test_other_routes_of_an_api_stand_beside_and_nothing_is_found_in_them(tmp_path: Path) -> None:
    def other(export: str, module: str = RUNTIME, **options: Any) -> dict[str, Any]:
        handler = {"export": export, "module": module, "options": options}
        return {"x-zuplo-route": {"corsPolicy": "anything-goes", "handler": handler, "policies": {"inbound": []}}}

    paths = {
        "/mcp/issues-v1": {"post": route(["sign-in"])},
        "/v1/issues/{id}": {
            "get": other("urlForwardHandler", baseUrl="${env.API_ORIGIN}"),
            "delete": other("urlRewriteHandler", rewritePattern="https://api.example/${params.id}?x=${query.x}"),
        },
        "/hook": {"post": other("default", "$import(./modules/hook)", key="$env(HOOK_KEY)")},
        "/api/mcp": {"post": other("mcpServerHandler", name="Issues", version="1.0.0", operations=[])},
        "/old(.*)": {"get": other("redirectHandler", location="/v1")},
    }
    write(tmp_path, [WORKOS], paths)
    loaded = read(tmp_path)

    assert [(each.code, each.severity) for each in loaded.findings] == [("env-missing", Severity.NOTE)]
    assert loaded.project is not None
    assert len(loaded.project.other_routes) == 5


def test_comments_and_trailing_commas_are_read(tmp_path: Path) -> None:
    write(tmp_path, [WORKOS], {"/mcp/issues-v1": {"post": route(["sign-in"])}})
    file = tmp_path / "config" / "policies.json"
    file.write_text("// who signs in\n" + file.read_text("utf-8").replace("}\n  ]", "}, /* no more */\n  ]"), "utf-8")

    assert codes(read(tmp_path)) == []


def test_a_variable_that_a_policy_of_ours_asks_for_too_is_missing_there(tmp_path: Path) -> None:
    key = policy(
        "set-upstream-api-key-inbound", "SetUpstreamApiKeyInboundPolicy", {"value": "$env(CODE_KEY)"}, module=RUNTIME
    )
    write(
        tmp_path, [WORKOS, NOT_RUN["custom code"], key], {"/mcp/issues-v1": {"post": route(["sign-in", key["name"]])}}
    )
    loaded = load(tmp_path, ENVIRON, Settings(root=tmp_path))

    errors = [each for each in loaded.findings if each.severity is Severity.ERROR]
    assert [each.code for each in errors] == ["env-missing"]
    assert errors[0].pointer == "/policies/2/handler/options/value"


@pytest.mark.parametrize(
    ("policy_type", "meant"),
    [("mcp-okta-oauth", "mcp-okta-oauth-inbound"), ("mcp-workos-oauth-inbond", "mcp-workos-oauth-inbound")],
)
def test_a_slip_in_the_type_is_no_policy_that_does_not_run(tmp_path: Path, policy_type: str, meant: str) -> None:
    """The deployed gateway takes such a name, and serves no route by it."""
    write(tmp_path, [policy(policy_type, "", LOGIN, name="sign-in")], {"/mcp/issues-v1": {"post": route(["sign-in"])}})
    loaded = load(tmp_path, ENVIRON, Settings(root=tmp_path))

    found = next(each for each in loaded.findings if each.code == "policy-type")
    assert (found.severity, found.nearest) == (Severity.ERROR, meant)
