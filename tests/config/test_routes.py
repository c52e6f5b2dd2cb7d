"""One test per kind of finding in route files: its code, its place, its advice."""

from pathlib import Path
from typing import Any

import pytest

from devgw.config.finding import Severity
from tests.config.bench import (
    POLICY_NAME,
    capability_filter,
    codes,
    exchange,
    only,
    operation,
    policy,
    read,
    workos_options,
    write,
)


@pytest.mark.parametrize("text", ["[]", "{}", '{"paths": []}', "null"])
def test_a_route_file_of_another_shape(tmp_path: Path, text: str) -> None:
    assert "routes-shape" in codes(read(write(tmp_path, routes_text=text)))


@pytest.mark.parametrize(
    ("path", "item", "code"),
    [
        ("/mcp/x", {"post": operation(operation_id=None)}, "operation-id-missing"),
        ("/mcp/x", {"post": operation(operation_id="a\x00b")}, "operation-id"),
        ("/mcp/x", {"post": operation(operation_id="a\u202eb")}, "operation-id"),
        ("/mcp/x", {"post": operation(operation_id="a\n")}, "operation-id"),
        ("/mcp/x", {"post": operation(operation_id="x" * 101)}, "operation-id"),
        ("/mcp/{slug}", {"post": operation()}, "route-path"),
        ("mcp/x", {"post": operation()}, "route-path"),
        ("/", {"post": operation()}, "route-path-reserved"),
        ("/oauth/token", {"post": operation()}, "route-path-reserved"),
        ("/mcp/x", {"get": operation()}, "route-method"),
        ("/mcp/x", {"post": operation("/mcp")}, "rewrite-pattern"),
        ("/mcp/x", {"post": operation("ftp://a.example/x")}, "rewrite-pattern"),
        ("/mcp/x", {"post": operation("https://user:pw@a.example/x")}, "rewrite-pattern"),
        ("/mcp/x", {"post": operation("https://${params.host}/mcp")}, "rewrite-template"),
        ("/mcp/x", {"post": operation("https://${env.NOWHERE}/mcp")}, "env-missing"),
        ("/mcp/x", {"post": operation("http://mcp.example.com/mcp")}, "upstream-not-https"),
        ("/mcp/x", {"post": operation(followRedirect=True)}, "unknown-option"),
        ("/mcp/x", {"post": operation(inbound=[])}, "route-unprotected"),
        ("/mcp/x", {"post": operation(inbound="x")}, "wrong-type"),
        ("/mcp/x", {"post": operation(inbound=["workos-manged-oauth"])}, "policy-missing"),
        ("/mcp/x", {"post": operation(inbound=[POLICY_NAME, POLICY_NAME])}, "policy-twice"),
    ],
)
def test_each_mistake_in_a_route(tmp_path: Path, path: str, item: Any, code: str) -> None:
    loaded = read(write(tmp_path, paths={path: item}))
    found = [each for each in loaded.findings if each.code == code]

    assert len(found) == 1, loaded.findings
    assert found[0].file == "config/routes.oas.json"
    assert found[0].line > 1
    assert found[0].fix
    assert found[0].pointer.startswith("/paths/")


@pytest.mark.parametrize("part", ["handler", "policies"])
@pytest.mark.parametrize("value", [["workos-managed-oauth"], "McpProxyHandler", None, 7])
def test_a_part_of_a_route_that_is_no_object_is_said_to_be_none(tmp_path: Path, part: str, value: Any) -> None:
    route = operation()
    route["x-zuplo-route"][part] = value
    found = only(read(write(tmp_path, paths={"/mcp/x": {"post": route}})), "wrong-type")
    assert found.message.startswith(f"`{part}` must be an object, not ")


def test_a_policy_for_requests_among_those_for_answers_is_found(tmp_path: Path) -> None:
    route = operation()
    route["x-zuplo-route"]["policies"] = {"outbound": [POLICY_NAME]}
    loaded = read(write(tmp_path, paths={"/mcp/x": {"post": route}}))
    assert codes(loaded) == ["route-unprotected", "policy-outbound"]
    assert only(loaded, "policy-outbound").pointer.endswith("/policies/outbound/0")


def test_a_misspelt_policy_name_has_its_nearest(tmp_path: Path) -> None:
    loaded = read(write(tmp_path, paths={"/mcp/x": {"post": operation(inbound=["workos-manged-oauth"])}}))

    found = only(loaded, "policy-missing")
    assert found.nearest == POLICY_NAME
    assert found.pointer == "/paths/~1mcp~1x/post/x-zuplo-route/policies/inbound/0"


@pytest.mark.parametrize("export", ["MCPProxyHandler", "McpProxyHandlr", "mcpProxyHandler"])
def test_a_misspelt_handler_is_no_other_route(tmp_path: Path, export: str) -> None:
    route = operation()
    route["x-zuplo-route"]["handler"]["export"] = export

    assert only(read(write(tmp_path, paths={"/mcp/x": {"post": route}})), "route-handler").nearest == "McpProxyHandler"


def test_a_repeated_operation_id_and_a_repeated_path(tmp_path: Path) -> None:
    paths = {"/mcp/x": {"post": operation()}, "/mcp/x/": {"post": operation()}}
    loaded = read(write(tmp_path, paths=paths))

    assert {"duplicate-operation-id", "duplicate-path"} <= set(codes(loaded))


def test_other_routes_are_listed_by_name(tmp_path: Path) -> None:
    """Issue 4, point 7: any OpenAPI that Zuplo accepts."""
    other = {"x-zuplo-route": {"handler": {"export": "urlForwardHandler", "module": "$import(@zuplo/runtime)"}}}
    paths = {
        "/mcp/x": {"post": operation()},
        "/pets/{id}": {"get": other, "delete": {"responses": {}}, "parameters": [{"name": "id"}], "summary": "Pets"},
    }
    loaded = read(write(tmp_path, paths=paths))

    assert loaded.findings == ()
    assert loaded.project is not None
    found = [(each.path, each.methods, each.handler) for each in loaded.project.other_routes]
    assert found == [("/pets/{id}", ("GET",), "urlForwardHandler"), ("/pets/{id}", ("DELETE",), "")]


def test_two_token_exchanges_and_a_filter_before_one(tmp_path: Path) -> None:
    listed = [policy(workos_options()), exchange(), exchange("mcp-token-exchange-two"), capability_filter(tools=[])]
    names = [POLICY_NAME, "filter", "mcp-token-exchange-linear", "mcp-token-exchange-two"]
    loaded = read(write(tmp_path, listed, {"/mcp/x": {"post": operation(inbound=names)}}))

    assert only(loaded, "second-token-exchange").pointer.endswith("/inbound/3")
    assert only(loaded, "filter-before-exchange").severity is Severity.WARNING


def test_the_oauth_policy_belongs_first(tmp_path: Path) -> None:
    listed = [policy(workos_options()), exchange()]
    route = operation(inbound=["mcp-token-exchange-linear", POLICY_NAME])

    assert only(read(write(tmp_path, listed, {"/mcp/x": {"post": route}})), "policy-order").pointer.endswith(
        "/inbound/1"
    )


def test_operation_ids_of_other_routes_are_their_own_affair(tmp_path: Path) -> None:
    other = {"operationId": "linear", "responses": {}}
    loaded = read(write(tmp_path, paths={"/mcp/x": {"post": operation()}, "/a": {"get": other}, "/b": {"get": other}}))

    assert loaded.findings == ()


def group(name: str, *names: str) -> dict[str, Any]:
    return policy({"policies": list(names)}, "composite-inbound", "CompositeInboundPolicy", name)


def test_a_group_stands_for_the_policies_in_it(tmp_path: Path) -> None:
    """As Zuplo's composite policy; a route would look unprotected otherwise."""
    listed = [
        policy(workos_options()),
        exchange(),
        group("all", POLICY_NAME, "up"),
        group("up", "mcp-token-exchange-linear"),
    ]
    loaded = read(write(tmp_path, listed, {"/mcp/x": {"post": operation(inbound=["all"])}}))

    assert loaded.findings == ()
    assert loaded.project is not None
    (route,) = loaded.project.routes
    assert route.protected
    assert route.token_exchange is not None
    assert [use.name for use in route.policies] == ["all", POLICY_NAME, "up", "mcp-token-exchange-linear"]


def test_a_group_in_a_circle_or_with_a_name_that_is_none(tmp_path: Path) -> None:
    listed = [policy(workos_options()), group("a", "b", POLICY_NAME), group("b", "a", "nobody")]
    loaded = read(write(tmp_path, listed, {"/mcp/x": {"post": operation(inbound=["a"])}}))

    assert only(loaded, "policy-loop").message.endswith("a → b → a.")
    assert only(loaded, "policy-missing").pointer == "/policies/2/handler/options/policies/1"


def test_groups_that_double_at_every_level_cost_nothing(tmp_path: Path) -> None:
    groups = [group(f"g{level}", f"g{level + 1}", f"g{level + 1}") for level in range(60)]
    listed = [policy(workos_options()), *groups, group("g60", POLICY_NAME)]
    loaded = read(write(tmp_path, listed, {"/mcp/x": {"post": operation(inbound=["g0"])}}))

    assert loaded.project is not None
    assert set(codes(loaded)) == {"policy-twice"}


@pytest.mark.parametrize("host", ["localhost", "127.1", "LOCALHOST.", "mcp.localhost", "[::ffff:127.0.0.1]"])
def test_what_stays_on_this_machine_needs_no_encryption(tmp_path: Path, host: str) -> None:
    loaded = read(write(tmp_path, paths={"/mcp/x": {"post": operation(f"http://{host}:8123/mcp")}}))
    assert codes(loaded) == []
