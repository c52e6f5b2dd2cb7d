"""Writes projects and reads them, for the tests of this package."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devgw.config.finding import Finding
from devgw.config.load import Loaded, load
from devgw.settings import Settings

CLIENT_ID = "client_01KC6057N3C66XJAXZ65YHAC72"
ENVIRON = {"WORKOS_CLIENT_ID": CLIENT_ID, "WORKOS_CLIENT_SECRET": "sk_test_1234567890abcdef"}
POLICY_NAME = "workos-managed-oauth"


def workos_options(**changed: Any) -> dict[str, Any]:
    """Return the options of the seeds' short form, with `changed` ones; None removes one."""
    options = {"clientId": "$env(WORKOS_CLIENT_ID)", "clientSecret": "$env(WORKOS_CLIENT_SECRET)", **changed}
    return {name: value for name, value in options.items() if value is not None}


def policy(
    options: Any,
    policy_type: str = "mcp-workos-oauth-inbound",
    export: str = "McpWorkosOAuthInboundPolicy",
    name: str = POLICY_NAME,
) -> dict[str, Any]:
    """Return a policy as the file has it."""
    handler = {"module": "$import(@zuplo/runtime/mcp-gateway)", "export": export, "options": options}
    return {"name": name, "policyType": policy_type, "handler": handler}


def operation(
    upstream: str = "https://mcp.example.com/mcp",
    operation_id: str | None = "linear",
    inbound: Any = (POLICY_NAME,),
    **options: Any,
) -> dict[str, Any]:
    """Return one operation of a route file."""
    handler = {
        "module": "$import(@zuplo/runtime/mcp-gateway)",
        "export": "McpProxyHandler",
        "options": {"rewritePattern": upstream, **options},
    }
    found: dict[str, Any] = {
        "summary": "Linear",
        "x-zuplo-route": {"handler": handler, "policies": {"inbound": inbound}},
    }
    return found if operation_id is None else {"operationId": operation_id, **found}


def write(
    root: Path,
    policies: Any = None,
    paths: Mapping[str, Any] | None = None,
    *,
    policies_text: str | None = None,
    routes_text: str | None = None,
    dotenv: str | None = None,
) -> Path:
    """Write a project below `root` and return it."""
    (root / "config").mkdir(exist_ok=True)
    (root / "modules").mkdir(exist_ok=True)
    (root / "modules/zuplo.runtime.ts").write_text("runtime.addPlugin(new McpGatewayPlugin());\n")
    listed = [policy(workos_options())] if policies is None else policies
    routes = {"openapi": "3.1.0", "paths": {"/mcp/linear": {"post": operation()}} if paths is None else paths}
    (root / "config/policies.json").write_text(policies_text or json.dumps({"policies": listed}, indent=2))
    (root / "config/routes.oas.json").write_text(routes_text or json.dumps(routes, indent=2))
    if dotenv is not None:
        (root / ".env").write_text(dotenv)
    return root


def read(root: Path, environ: Mapping[str, str] = ENVIRON, settings: Settings | None = None, **more: Any) -> Loaded:
    """Read the project below `root`."""
    return load(root, environ, settings or Settings(root=root), **more)


def only(loaded: Loaded, code: str) -> Finding:
    """Return the one finding with `code`."""
    found = [each for each in loaded.findings if each.code == code]
    assert len(found) == 1, [(each.code, each.message) for each in loaded.findings]
    return found[0]


def codes(loaded: Loaded) -> list[str]:
    """Return the codes of all findings in order."""
    return [each.code for each in loaded.findings]


EXCHANGE: dict[str, Any] = {"displayName": "Linear", "authMode": "user-oauth"}


def exchange(name: str = "mcp-token-exchange-linear", **options: Any) -> dict[str, Any]:
    return policy({**EXCHANGE, **options}, "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", name)


def capability_filter(name: str = "filter", **options: Any) -> dict[str, Any]:
    return policy(options, "mcp-capability-filter-inbound", "McpCapabilityFilterInboundPolicy", name)


def headers(value: Any, name: str = "headers") -> dict[str, Any]:
    return policy({"headers": value}, "set-headers-inbound", "SetHeadersInboundPolicy", name)
