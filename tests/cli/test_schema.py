"""`devgw schema`: what an editor marks is what devgw finds."""

import json
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from devgw.cli.schema import command
from devgw.config.catalogue import KINDS
from tests.config.bench import operation, policy, workos_options
from tests.config.providers import TABLE, wrapper


def schema(name: str) -> dict[str, Any]:
    result = CliRunner().invoke(command, [name])
    assert result.exit_code == 0
    found: dict[str, Any] = json.loads(result.output)
    jsonschema.Draft7Validator.check_schema(found)
    return found


def fits(document: Any, name: str) -> bool:
    found: bool = jsonschema.Draft7Validator(schema(name)).is_valid(json.loads(json.dumps(document)))
    return found


@pytest.mark.parametrize(("provider", "export", "own", "urls"), TABLE)
def test_every_wrapper_fits(provider: str, export: str, own: dict[str, Any], urls: object) -> None:
    assert fits({"policies": [wrapper(provider, export, own)]}, "policies")


@pytest.mark.parametrize(
    "wrong",
    [
        policy(workos_options(scop="x")),
        policy(workos_options(clientSecret=None)),
        policy(workos_options(gateway={"accessTokenTtlSeconds": "900"})),
        policy(workos_options(browserLoginOverrides={"pkce": "plain"})),
        policy(workos_options(), export="McpWorkOSInboundPolicy"),
        policy({"tools": [5]}, "mcp-capability-filter-inbound", "McpCapabilityFilterInboundPolicy"),
    ],
)
def test_what_devgw_refuses_an_editor_marks(wrong: Any) -> None:
    assert not fits({"policies": [wrong]}, "policies")


def test_other_policies_and_short_entries_are_left_alone() -> None:
    other = policy({"anything": 1}, "rate-limit-inbound", "RateLimitInboundPolicy")
    entries = ["list_issues", {"name": "get_issue", "description": "d", "_meta": {}}]
    some = policy({"tools": entries}, "mcp-capability-filter-inbound", "McpCapabilityFilterInboundPolicy")

    assert fits({"policies": [other, some]}, "policies")
    assert set(KINDS) <= set(
        schema("policies")["properties"]["policies"]["items"]["properties"]["policyType"]["anyOf"][0]["enum"]
    )


def test_routes_are_looked_at_as_far_as_mcp_goes() -> None:
    assert fits({"paths": {"/mcp/x": {"get,post": operation()}, "/pets": {"get": {"responses": {}}}}}, "routes")
    assert not fits({"paths": {"/mcp/x": {"post": operation(operation_id=None)}}}, "routes")
    assert not fits({"paths": {"/mcp/x": {"post": operation(forwardSearch="yes")}}}, "routes")


def test_settings_have_a_schema_too() -> None:
    assert fits({"port": 9000, "proxy": {"stateful": True}}, "devgw")
    assert not fits({"prot": 9000}, "devgw")
    assert not fits({"proxy": {"stateful": 1}}, "devgw")
