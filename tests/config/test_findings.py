"""One test per kind of finding in the project's files: its code, its place, its advice."""

import json
from pathlib import Path
from typing import Any

import pytest

from devgw.config.finding import Severity
from devgw.config.jsonc import DEPTH_LIMIT
from devgw.config.source import blank_secrets
from tests.config.bench import POLICY_NAME, codes, only, operation, policy, read, workos_options, write

EXCHANGE: dict[str, Any] = {"displayName": "Linear", "authMode": "user-oauth"}


def exchange(name: str = "mcp-token-exchange-linear", **options: Any) -> dict[str, Any]:
    return policy({**EXCHANGE, **options}, "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", name)


def capability_filter(name: str = "filter", **options: Any) -> dict[str, Any]:
    return policy(options, "mcp-capability-filter-inbound", "McpCapabilityFilterInboundPolicy", name)


def headers(value: Any, name: str = "headers") -> dict[str, Any]:
    return policy({"headers": value}, "set-headers-inbound", "SetHeadersInboundPolicy", name)


@pytest.mark.parametrize(
    ("options", "code", "pointer", "says"),
    [
        (workos_options(scop="x"), "unknown-option", "/scop", "Did you mean `scope`?"),
        (
            workos_options(gateway={"accesTokenTtlSeconds": 1}),
            "unknown-option",
            "/gateway/accesTokenTtlSeconds",
            "accessTokenTtl",
        ),
        (
            workos_options(browserLoginOverrides={"pkse": "none"}),
            "unknown-option",
            "/browserLoginOverrides/pkse",
            "`pkce`",
        ),
        (workos_options(clientSecret=None), "missing-option", "", 'Add "clientSecret"'),
        (workos_options(scope=["openid"]), "wrong-type", "/scope", "double quotes"),
        (workos_options(gateway={"cimdEnabled": "true"}), "wrong-type", "/gateway/cimdEnabled", "without quotes"),
        (
            workos_options(gateway={"accessTokenTtlSeconds": 0}),
            "out-of-range",
            "/gateway/accessTokenTtlSeconds",
            "1 or more",
        ),
        (
            workos_options(gateway={"accessTokenTtlSeconds": 10**10}),
            "out-of-range",
            "/gateway/accessTokenTtlSeconds",
            "or less",
        ),
        (
            workos_options(browserLoginOverrides={"pkce": "s256"}),
            "wrong-choice",
            "/browserLoginOverrides/pkce",
            "'S256'",
        ),
        (workos_options(browserLoginOverrides=[]), "wrong-type", "/browserLoginOverrides", "braces"),
        (workos_options(scope=""), "empty-value", "/scope", "leave the option out"),
        (workos_options(clientSecret="sk_test_literal123"), "literal-secret", "/clientSecret", "$env("),
        (
            workos_options(gateway={"accessTokenTtlSeconds": 3_000_000}),
            "lifetime-order",
            "/gateway/accessTokenTtlSeconds",
            "2592000",
        ),
        (
            workos_options(idJag={"enabled": True, "trustedIssuers": [{"issuer": "x", "jwksUrl": "https://a.b/k"}]}),
            "url",
            "/idJag/trustedIssuers/0/issuer",
            "https://",
        ),
    ],
)
def test_each_mistake_in_an_option_has_its_place(
    tmp_path: Path, options: Any, code: str, pointer: str, says: str
) -> None:
    loaded = read(write(tmp_path, [policy(options)]))
    found = only(loaded, code)

    assert found.pointer == "/policies/0/handler/options" + pointer
    assert found.file == "config/policies.json"
    written = (tmp_path / "config/policies.json").read_text().split("\n")[found.line - 1]
    name = pointer.rsplit("/", 1)[-1] or "options"
    assert f'"{name}"' in written
    assert says in found.fix
    assert "literal123" not in found.source_line + found.message + found.fix


@pytest.mark.parametrize(
    ("broken", "code", "says"),
    [
        ({"name": None}, "policy-shape", "name"),
        ({"name": 5}, "policy-shape", "name"),
        ({"policyType": "mcp-workos-oauth"}, "policy-type", "mcp-workos-oauth-inbound"),
        ({"policyType": "mcp-workos-oauth-inbond"}, "policy-type", "mcp-workos-oauth-inbound"),
        ({"policyType": "something-of-mine"}, "policy-type", "mcp-workos-oauth-inbound"),
        ({"handler": {"export": "McpWorkOSOAuthInboundPolicy"}}, "policy-export", "McpWorkosOAuthInboundPolicy"),
        ({"handler": {"module": "$import(./modules/x)"}}, "policy-module", "@zuplo/runtime/mcp-gateway"),
        ({"handler": {"module": None}}, "policy-shape", "module"),
    ],
)
def test_each_mistake_in_the_frame_of_a_policy(tmp_path: Path, broken: dict[str, Any], code: str, says: str) -> None:
    right = policy(workos_options())
    handler = {**right["handler"], **broken.get("handler", {})}
    whole = {**right, **broken, "handler": {name: value for name, value in handler.items() if value is not None}}
    loaded = read(write(tmp_path, [{name: value for name, value in whole.items() if value is not None}]))
    found = only(loaded, code)

    assert found.severity is Severity.ERROR
    assert says in found.fix


def test_a_policy_of_another_kind_is_said_not_to_run(tmp_path: Path) -> None:
    """`gateway.md` §2: loaded, shown as not run here, never silently dropped."""
    mine = policy({"anything": 1}, "custom-code-inbound", "default", "mine")
    mine["handler"]["module"] = "$import(./modules/mine)"
    out = policy({"headers": []}, "set-headers-outbound", "SetHeadersOutboundPolicy", "out")
    route = operation(inbound=[POLICY_NAME, "mine"])
    route["x-zuplo-route"]["policies"]["outbound"] = ["out"]
    loaded = read(write(tmp_path, [policy(workos_options()), mine, out], {"/mcp/x": {"post": route}}))

    assert codes(loaded) == ["policy-not-run", "policy-not-run"]
    assert loaded.project is not None
    uses = loaded.project.routes[0].policies
    assert [(use.name, use.runs_here) for use in uses] == [(POLICY_NAME, True), ("mine", False), ("out", False)]


def test_a_second_oauth_policy_and_a_repeated_name(tmp_path: Path) -> None:
    loaded = read(write(tmp_path, [policy(workos_options()), policy(workos_options(), name="two")]))
    assert only(loaded, "second-oauth-policy").pointer == "/policies/1/name"

    loaded = read(write(tmp_path, [policy(workos_options()), headers([], POLICY_NAME)]))
    assert only(loaded, "duplicate-policy").pointer == "/policies/1/name"


@pytest.mark.parametrize("text", ["[]", "{}", '{"policies": {}}', '"x"', "5"])
def test_a_policy_file_of_another_shape(tmp_path: Path, text: str) -> None:
    assert "policies-shape" in codes(read(write(tmp_path, policies_text=text)))


@pytest.mark.parametrize("text", ["[]", "{}", '{"paths": []}', "null"])
def test_a_route_file_of_another_shape(tmp_path: Path, text: str) -> None:
    assert "routes-shape" in codes(read(write(tmp_path, routes_text=text)))


@pytest.mark.parametrize(
    ("path", "item", "code"),
    [
        ("/mcp/x", {"post": operation(operation_id=None)}, "operation-id-missing"),
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


@pytest.mark.parametrize(
    ("listed", "code"),
    [
        ([exchange("linear")], "upstream-id-missing"),
        ([exchange(), exchange("other", id="linear")], "duplicate-upstream-id"),
        ([exchange(authMode="oauth")], "wrong-choice"),
        ([exchange(authMode="id-jag")], "missing-option"),
        ([exchange(clientRegistration={"mode": "manual"})], "missing-option"),
        ([exchange(clientRegistration={"mode": "auto", "clientId": "x"})], "unused-option"),
        ([exchange(prompt=True)], "wrong-type"),
        ([capability_filter(tool=[])], "unknown-option"),
        ([capability_filter(tools=[{"descripton": "x", "name": "a"}])], "unknown-option"),
        ([capability_filter(resources=[{"name": "a"}])], "missing-option"),
        ([capability_filter(tools=[5])], "wrong-type"),
        ([headers([{"name": "X Key:", "value": "v"}])], "header-name"),
        ([headers([{"name": "X-Key", "value": "a\nb"}])], "header-value"),
        ([headers([{"name": "X-Key", "value": "$function(f)"}])], "header-function"),
    ],
)
def test_each_mistake_in_a_policy_towards_the_upstream(tmp_path: Path, listed: list[Any], code: str) -> None:
    loaded = read(write(tmp_path, [policy(workos_options()), *listed]))

    assert codes(loaded) == [code]
    assert loaded.findings[0].fix


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("config/policies.json", b"\xef\xbb\xbf{", "file-has-bom"),
        ("config/policies.json", b'{"a": "\xff"}', "file-not-utf8"),
        ("config/policies.json", '{"policies": []}'.encode("utf-16"), "file-not-utf8"),
        (".env", b"A=\xff\n", "file-not-utf8"),
        ("modules/zuplo.runtime.ts", b"\xfe\xff", "file-not-utf8"),
        ("config/routes.oas.json", b"[" * 1_000_000, "json-syntax"),
        ("zuplo.jsonc", b"{", "json-syntax"),
    ],
)
def test_each_way_in_which_a_file_is_none(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = write(tmp_path) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)

    assert only(read(tmp_path), code).file == name


def test_a_file_of_50_mb_is_one_finding_and_not_read(tmp_path: Path) -> None:
    """Issue 4, bad input."""
    with (write(tmp_path) / "config/routes.oas.json").open("r+b") as file:
        file.truncate(50 * 2**20)
    loaded = read(tmp_path)

    assert codes(loaded) == ["file-too-large"]
    assert "50 MB" in loaded.findings[0].message


def test_a_directory_in_the_place_of_a_file(tmp_path: Path) -> None:
    (write(tmp_path) / ".env").mkdir()

    assert only(read(tmp_path), "file-is-directory").file == ".env"


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root reads everything, so the refusal of the system is raised here for one file."""
    write(tmp_path)
    open_file = Path.read_bytes

    def refuse(self: Path) -> bytes:
        if self.name == "policies.json":
            raise PermissionError(13, "Permission denied", str(self))
        return open_file(self)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    found = only(read(tmp_path), "file-unreadable")

    assert found.file == "config/policies.json"
    assert "permission" in found.message


def test_nesting_is_bounded_where_a_stack_would_not_be(tmp_path: Path) -> None:
    write(tmp_path, policies_text='{"policies":' + "[" * (DEPTH_LIMIT + 5))

    assert "nested" in only(read(tmp_path), "json-syntax").message


@pytest.mark.parametrize(
    ("code", "says", "base_path", "registry"),
    [
        ('new McpGatewayPlugin({ basePath: "/", registry: false })', None, "/", False),
        ("new McpGatewayPlugin({\n  // basePath: '/no',\n  basePath: '/gw/',\n})", None, "/gw", True),
        ("new McpGatewayPlugin()", None, "/", True),
        ("new McpGatewayPlugin({ basePath: environment.BASE })", "plugin-not-literal", "/", True),
        ("new McpGatewayPlugin({ registry: { name: 'x' } })", None, "/", True),
        ("new OtherPlugin()", "plugin-missing", "/", True),
        ("// new McpGatewayPlugin()", "plugin-missing", "/", True),
    ],
)
def test_the_plugins_literal_is_read(
    tmp_path: Path, code: str, says: str | None, base_path: str, registry: bool
) -> None:
    (write(tmp_path) / "modules").mkdir()
    (tmp_path / "modules/zuplo.runtime.ts").write_text(
        f"export function runtimeInit(r) {{\n  r.addPlugin({code});\n}}\n"
    )
    loaded = read(tmp_path)

    assert codes(loaded) == ([says] if says else [])
    assert loaded.project is not None
    assert (loaded.project.base_path, loaded.project.registry) == (base_path, registry)


@pytest.mark.parametrize(
    ("document", "is_fine"),
    [
        ({"compatibilityDate": "2026-03-01"}, True),
        ({"compatibilityDate": "2025-02-06"}, False),
        ({}, False),
        ({"compatibilityDate": "x"}, False),
    ],
)
def test_the_compatibility_date_is_looked_at(tmp_path: Path, document: Any, is_fine: bool) -> None:
    (write(tmp_path) / "zuplo.jsonc").write_text("// x\n" + json.dumps(document))

    assert codes(read(tmp_path)) == ([] if is_fine else ["compatibility-date"])


@pytest.mark.parametrize(
    "line",
    [
        '"clientSecret": "hunter2hunter2",',
        '"clientSecret": "hunter2hunter2',
        "clientSecret: 'hunter2hunter2',",
        '"name": "A", "value": "Bearer hunter2hunter2"}',
        '"clientId": "sk_test_hunter2hunter2"',
        '"rewritePattern": "https://user:hunter2hunter2@a.example/x"',
    ],
)
def test_a_source_line_shows_no_secret_and_keeps_its_columns(line: str) -> None:
    shown = blank_secrets(line)

    assert "hunter2" not in shown
    assert len(shown) == len(line)
    assert blank_secrets('"clientSecret": "$env(SECRET)"') == '"clientSecret": "$env(SECRET)"'


def test_operation_ids_of_other_routes_are_their_own_affair(tmp_path: Path) -> None:
    other = {"operationId": "linear", "responses": {}}
    loaded = read(write(tmp_path, paths={"/mcp/x": {"post": operation()}, "/a": {"get": other}, "/b": {"get": other}}))

    assert loaded.findings == ()
