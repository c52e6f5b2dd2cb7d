"""`mcp-capability-filter-inbound`: what its options come to, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest

from tests.config.bench import POLICY_NAME, codes, operation, policy, read, workos_options, write


def load(root: Path, **options: Any) -> Any:
    found = policy(options, "mcp-capability-filter-inbound", "McpCapabilityFilterInboundPolicy", "filter")
    paths = {"/mcp/x": {"post": operation(inbound=[POLICY_NAME, "filter"])}}
    return read(write(root, [policy(workos_options()), found], paths))


def test_entries_are_strings_or_objects_and_markup_is_no_override(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        tools=[
            "a",
            {"name": "b", "description": "d", "_meta": {"x": 1}, "roles": ["r"]},
            {"name": "c", "public": True},
        ],
        prompts=[],
        resources=[{"uri": "u://1", "name": "One", "mimeType": "text/plain", "groups": ["g"]}],
        resourceTemplates=["u://{id}"],
        accessControl={"mode": "rolesAndGroups", "roleClaim": "realm_access.roles"},
    )
    assert loaded.findings == ()
    found = loaded.project.routes[0].capability_filter
    assert [entry.key for entry in found.tools] == ["a", "b", "c"]
    assert found.tools[1].overrides == {"description": "d", "_meta": {"x": 1}}
    assert found.prompts == ()
    assert found.resources[0].overrides == {"name": "One", "mimeType": "text/plain"}
    assert found.resource_templates[0].key == "u://{id}"
    assert found.access_control == {"mode": "rolesAndGroups", "roleClaim": "realm_access.roles", "groupClaim": "groups"}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"tools": [{"name": "a", "roles": ["r"]}]}, "access-unused"),
        ({"tools": [{"name": "a", "public": True}], "accessControl": {}}, "access-unused"),
        (
            {"prompts": [{"name": "a", "public": True, "groups": ["g"]}], "accessControl": {"mode": "rolesAndGroups"}},
            "access-contradiction",
        ),
        ({"accessControl": {"mode": "function"}}, "missing-option"),
        ({"accessControl": {"mode": "rolesandgroups"}}, None),
        ({"accessControl": {"roles": "x"}}, None),
        ({"tools": [{"nam": "a"}]}, None),
    ],
)
def test_markup_that_would_do_nothing_is_refused(tmp_path: Path, options: dict[str, Any], code: str | None) -> None:
    loaded = load(tmp_path, **options)
    assert loaded.project is None
    assert code is None or code in codes(loaded)


def test_a_function_is_told_as_not_run_here(tmp_path: Path) -> None:
    """gateway.md §2: what devgw does not run is shown, and never silently dropped."""
    identifier = {"module": "$import(./modules/access)", "export": "default"}
    loaded = load(tmp_path, tools=["a"], accessControl={"mode": "function", "identifier": identifier})
    assert codes(loaded) == ["access-control-not-run"]
    assert loaded.project is not None


DEV_LOGIN = {"browserLogin": {"url": "http://localhost:9000/oauth/dev-login"}}


@pytest.mark.parametrize(
    ("entry", "mode", "is_found"),
    [
        ({"roles": ["admin"]}, "rolesAndGroups", True),
        ({"groups": ["staff"]}, "rolesAndGroups", True),
        ({"public": True}, "rolesAndGroups", False),
        ({}, "allPublic", False),
    ],
)
def test_roles_that_nobody_has_are_found_behind_dev_login(
    tmp_path: Path, entry: dict[str, Any], mode: str, is_found: bool
) -> None:
    """Its one person has none, so that the entry would be hidden from everybody."""
    options = {"tools": [{"name": "a", **entry}], "accessControl": {"mode": mode}}
    shared = policy(options, "mcp-capability-filter-inbound", "McpCapabilityFilterInboundPolicy", "filter")
    dev_login = policy(DEV_LOGIN, "mcp-oauth-inbound", "McpOAuthInboundPolicy")
    paths = {"/mcp/x": {"post": operation(inbound=[POLICY_NAME, "filter"])}}
    expected = ["roles-without-provider"] if is_found else []
    assert codes(read(write(tmp_path, [dev_login, shared], paths))) == expected
    assert codes(read(write(tmp_path, [policy(workos_options()), shared], paths))) == []
