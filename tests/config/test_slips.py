"""What would silently do nothing is found: slips in names, routes in the wrong place, files of any name, own URLs."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from devgw.config.finding import Severity
from devgw.config.load import has_config, watched_files
from devgw.settings import EmulatorSettings, Settings
from tests.config.bench import (
    CLIENT_ID,
    ENVIRON,
    POLICY_NAME,
    codes,
    only,
    operation,
    policy,
    read,
    workos_options,
    write,
)
from tests.support.certificates import key_and_certificate


def renamed(node: Any, old: str, new: str) -> Any:
    """Return a copy in which one name is another, wherever it stands."""
    if isinstance(node, dict):
        return {new if name == old else name: renamed(each, old, new) for name, each in node.items()}
    return [renamed(each, old, new) for each in node] if isinstance(node, list) else node


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x-zuplo-route", "x-zuplo-routes"),
        ("x-zuplo-route", "x-zuplo-rout"),
        ("x-zuplo-route", "X-Zuplo-Route"),
        ("x-zuplo-route", "x_zuplo_route"),
        ("x-zuplo-route", "xzuploroute"),
        ("corsPolicy", "corsPolcy"),
        ("corsPolicy", "corspolicy"),
        ("corsPolicy", "cors-policy"),
        ("handler", "handlers"),
        ("policies", "policy"),
        ("inbound", "inbounds"),
        ("inbound", "in-bound"),
        ("export", "exports"),
        ("module", "modul"),
        ("options", "option"),
        ("operationId", "operationID"),
        ("paths", "path"),
    ],
)
def test_a_slip_in_a_route_file_is_an_error_with_the_name_that_was_meant(tmp_path: Path, old: str, new: str) -> None:
    route = operation()
    route["x-zuplo-route"]["corsPolicy"] = "none"
    write(tmp_path, paths={"/mcp/x": {"post": route}})
    path = tmp_path / "config/routes.oas.json"
    path.write_text(json.dumps(renamed(json.loads(path.read_text()), old, new), indent=1))
    loaded = read(tmp_path)
    found = next(each for each in loaded.findings if each.code == "misspelt-member")
    assert loaded.project is None
    assert (found.nearest, found.severity) == (old, "error")
    assert found.pointer.endswith(new)
    assert found.line > 1


@pytest.mark.parametrize(
    ("old", "new"), [("policies", "policys"), ("policyType", "policy_type"), ("name", "Name"), ("handler", "handeler")]
)
def test_a_slip_in_the_policies_is_an_error_with_the_name_that_was_meant(tmp_path: Path, old: str, new: str) -> None:
    write(tmp_path)
    path = tmp_path / "config/policies.json"
    path.write_text(json.dumps(renamed(json.loads(path.read_text()), old, new)))
    found = [each for each in read(tmp_path).findings if each.code == "misspelt-member"]
    assert [each.nearest for each in found] == [old]


def test_what_others_put_into_openapi_is_left_alone(tmp_path: Path) -> None:
    route = operation() | {"x-zuplo-path": {"pathMode": "open-api"}, "x-internal": True, "x-codegen": {"a": 1}}
    route |= {"description": "d", "tags": ["t"], "responses": {}, "parameters": [], "security": []}
    assert codes(read(write(tmp_path, paths={"/mcp/x": {"post": route, "parameters": [], "summary": "s"}}))) == []


def test_a_slip_in_what_no_gateway_acts_on_is_a_warning(tmp_path: Path) -> None:
    loaded = read(write(tmp_path, paths={"/mcp/x": {"post": operation() | {"descripton": "d"}}}))
    assert only(loaded, "misspelt-member").nearest == "description"
    assert loaded.project is not None


# --- CORS policies ---


@pytest.mark.parametrize("name", ["none", "anything-goes", "mine"])
def test_a_cors_policy_that_exists_is_taken(tmp_path: Path, name: str) -> None:
    loaded = read(with_cors(tmp_path, name))
    assert codes(loaded) == []


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("anything-gose", "anything-goes"), ("None", "none"), ("mien", "mine"), ("*", None), (7, None)],
)
def test_an_unknown_cors_policy_is_an_error_that_says_which_exist(
    tmp_path: Path, name: Any, nearest: str | None
) -> None:
    loaded = read(with_cors(tmp_path, name))
    found = only(loaded, "cors-policy" if isinstance(name, str) else "wrong-type")
    assert loaded.project is None
    assert found.nearest == nearest
    assert not isinstance(name, str) or "none, anything-goes, mine" in found.message


def with_cors(root: Path, name: Any) -> Path:
    route = operation()
    route["x-zuplo-route"]["corsPolicy"] = name
    write(root, paths={"/mcp/x": {"post": route}})
    path = root / "config/policies.json"
    document = json.loads(path.read_text()) | {"corsPolicies": [{"name": "mine", "allowedOrigins": ["*"]}]}
    path.write_text(json.dumps(document))
    return root


@pytest.mark.parametrize("value", [{"name": "mine"}, "mine", None])
def test_cors_policies_that_are_no_list_are_said_to_be_none(tmp_path: Path, value: Any) -> None:
    write(tmp_path)
    path = tmp_path / "config/policies.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"corsPolicies": value}))
    assert only(read(tmp_path), "wrong-type").pointer == "/corsPolicies"


# --- routes in the wrong place ---


@pytest.mark.parametrize("name", ["policies", "handler", "corsPolicy"])
def test_what_stands_beside_the_extension_is_an_error(tmp_path: Path, name: str) -> None:
    """Left alone, policies there would leave the route open to everybody."""
    route = operation()
    inside = route["x-zuplo-route"] | {"corsPolicy": "none"}
    route[name] = inside.pop(name)
    loaded = read(write(tmp_path, paths={"/mcp/x": {"post": route | {"x-zuplo-route": inside}}}))
    assert f"`{name}` stands beside `x-zuplo-route`" in only(loaded, "route-misplaced").message
    assert loaded.project is None


def beside_the_methods(route: dict[str, Any]) -> dict[str, Any]:
    return {"x-zuplo-route": route.pop("x-zuplo-route"), "post": route}


def without_the_extension(route: dict[str, Any]) -> dict[str, Any]:
    return {"post": route | route.pop("x-zuplo-route")}


def under_another_name(route: dict[str, Any]) -> dict[str, Any]:
    return {"post": {"x-gateway": route.pop("x-zuplo-route"), **route}}


def under_a_method_that_is_none(route: dict[str, Any]) -> dict[str, Any]:
    return {"psot": route}


def without_a_handler(route: dict[str, Any]) -> dict[str, Any]:
    del route["x-zuplo-route"]["handler"]
    return {"post": route}


def as_text(route: dict[str, Any]) -> dict[str, Any]:
    return {"post": route | {"x-zuplo-route": "McpProxyHandler"}}


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (beside_the_methods, "route-misplaced"),
        (without_the_extension, "route-misplaced"),
        (under_another_name, "route-misplaced"),
        (under_a_method_that_is_none, "route-method"),
        (without_a_handler, "route-handler"),
        (as_text, "wrong-type"),
    ],
)
def test_a_route_that_nobody_would_serve_is_an_error(tmp_path: Path, written: Any, code: str) -> None:
    loaded = read(
        write(tmp_path, paths={"/mcp/x": written(operation()), "/mcp/y": {"post": operation(operation_id="y")}})
    )
    assert code in codes(loaded)
    assert loaded.project is None


def test_an_mcp_path_without_a_route_is_a_warning(tmp_path: Path) -> None:
    bare = {"post": {"operationId": "bare", "summary": "s"}}
    loaded = read(write(tmp_path, paths={"/mcp/x": bare, "/health": bare, "/mcp/y": {"post": operation()}}))
    assert codes(loaded) == ["route-missing"]


# --- files of any name ---


def test_route_files_of_any_name_are_read_and_none_has_to_have_the_usual_one(tmp_path: Path) -> None:
    write(tmp_path, paths={"/mcp/b": {"post": operation(operation_id="b")}})
    (tmp_path / "config/routes.oas.json").rename(tmp_path / "config/b.oas.json")
    (tmp_path / "config/a.oas.json").write_text(
        json.dumps({"openapi": "3.1.0", "paths": {"/mcp/a": {"post": operation(operation_id="a")}}})
    )
    loaded = read(tmp_path)
    assert codes(loaded) == []
    assert loaded.project is not None
    assert [(each.path, each.file) for each in loaded.project.routes] == [
        ("/mcp/a", "config/a.oas.json"),
        ("/mcp/b", "config/b.oas.json"),
    ]
    assert tmp_path / "config/a.oas.json" in watched_files(tmp_path)


def test_what_is_there_twice_is_found_across_files(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "config/more.oas.json").write_text((tmp_path / "config/routes.oas.json").read_text())
    loaded = read(tmp_path)
    for code in ("duplicate-operation-id", "duplicate-path"):
        found = only(loaded, code)
        assert found.file == "config/more.oas.json"
        assert "in config/routes.oas.json, line" in found.message


def test_a_folder_with_route_files_alone_is_a_project(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "config/policies.json").unlink()
    (tmp_path / "config/routes.oas.json").rename(tmp_path / "config/mine.oas.json")
    assert has_config(tmp_path)
    assert only(read(tmp_path), "file-missing").file == "config/policies.json"


# --- devgw as its own upstream ---


@pytest.mark.parametrize(
    "upstream",
    [
        "http://localhost:9000/mcp/other",
        "http://127.0.0.1:9000/mcp/other",
        "http://127.0.0.2:9000/mcp/other",
        "http://127.1:9000/mcp/other",
        "http://0.0.0.0:9000/mcp/other",
        "http://[::1]:9000/mcp/other",
        "http://[::ffff:127.0.0.1]:9000/mcp/other",
        "http://LOCALHOST:9000/__zuplo/mcp/other",
        "http://a.localhost:9000/x",
        "https://localhost:9000/mcp/other/",
        "https://gw.example.com/mcp/other",
        "https://gw.example.com:443/dev/x",
        "https://gw.example.com./dev/x",
        "http://tunnel.example.net./mcp/other",
        "http://tunnel.example.net/mcp/other",
    ],
)
def test_an_upstream_that_is_devgw_itself_is_an_error(tmp_path: Path, upstream: str) -> None:
    settings = Settings(root=tmp_path, origin="https://gw.example.com", allowed_hosts=("tunnel.example.net",))
    paths = {"/mcp/x": {"post": operation(upstream)}, "/mcp/other": {"post": operation(operation_id="other")}}
    loaded = read(write(tmp_path, paths=paths), settings=settings)
    found = only(loaded, "upstream-is-devgw")
    assert loaded.project is None
    assert found.pointer == "/paths/~1mcp~1x/post/x-zuplo-route/handler/options/rewritePattern"


@pytest.mark.parametrize(
    ("upstream", "is_found"),
    [
        ("https://tunnel.example.net:8443/mcp/other", True),
        ("https://tunnel.example.net/mcp/other", False),
        ("http://[2001:db8::1]:8443/mcp/other", True),
        ("http://[2001:db8::1]/mcp/other", False),
    ],
)
def test_a_host_that_is_allowed_with_its_port_is_ours_on_that_port_alone(
    tmp_path: Path, upstream: str, is_found: bool
) -> None:
    settings = Settings(root=tmp_path, allowed_hosts=("Tunnel.example.net:8443", "[2001:db8::1]:8443"))
    loaded = read(write(tmp_path, paths={"/mcp/x": {"post": operation(upstream)}}), settings=settings)
    assert ("upstream-is-devgw" in codes(loaded)) == is_found


@pytest.mark.parametrize(
    "upstream", ["http://localhost:9002/mcp", "https://gw.example.com/mcp", "http://10.0.0.1:9000/x"]
)
def test_an_upstream_on_another_port_or_host_is_none_of_ours(tmp_path: Path, upstream: str) -> None:
    loaded = read(write(tmp_path, paths={"/mcp/x": {"post": operation(upstream)}}))
    assert "upstream-is-devgw" not in codes(loaded)


@pytest.mark.parametrize(
    ("upstream", "host", "is_found"),
    [
        ("http://192.0.2.7:9000/mcp/x", "192.0.2.7", True),
        ("http://Gateway:9000/mcp/x", "gateway", True),
        ("http://192.0.2.7:9100/mcp/x", "192.0.2.7", False),
        ("http://192.0.2.8:9000/mcp/x", "192.0.2.7", False),
    ],
)
def test_the_address_that_devgw_binds_is_its_own(tmp_path: Path, upstream: str, host: str, is_found: bool) -> None:
    loaded = read(
        write(tmp_path, paths={"/mcp/x": {"post": operation(upstream)}}), settings=Settings(root=tmp_path, host=host)
    )
    assert ("upstream-is-devgw" in codes(loaded)) == is_found


@pytest.mark.parametrize(
    ("upstream", "is_found"),
    [
        ("http://localhost:9002/", True),
        ("http://127.0.0.1:9003/sse", True),
        ("http://[::1]:9002/mcp/x", True),
        ("http://localhost:9002/mcp", False),
        ("http://localhost:9003/mcp/", False),
        ("http://localhost:9004/", False),
        ("https://mcp.example.com:9002/", False),
    ],
)
def test_a_path_that_no_sample_server_has_is_found(tmp_path: Path, upstream: str, is_found: bool) -> None:
    write(tmp_path, paths={"/mcp/x": {"post": operation(upstream)}})
    assert codes(read(tmp_path)) == (["upstream-is-sample"] if is_found else [])
    without = Settings(root=tmp_path, emulators=EmulatorSettings(upstream=False))
    assert codes(read(tmp_path, settings=without)) == []


@pytest.mark.parametrize(
    "upstream",
    [
        "http://localhost:9001/mcp",
        "http://127.0.0.1:9001",
        "http://[::1]:9001/",
        "http://0.0.0.0:9001/mcp",
        "http://LOCALHOST.:9001/mcp",
        "https://a.localhost:9001/mcp",
    ],
)
def test_an_upstream_that_is_the_emulator_is_an_error_where_that_runs(tmp_path: Path, upstream: str) -> None:
    write(tmp_path, paths={"/mcp/x": {"post": operation(upstream)}})
    emulated: dict[str, Any] = {"environ": {}, "fallback_environ": ENVIRON}
    assert only(read(tmp_path, **emulated), "upstream-is-emulator")
    assert read(tmp_path, **emulated, workos_origin="http://localhost:9001").project is None
    elsewhere = read(tmp_path, **emulated, workos_origin="http://localhost:50001")
    assert "upstream-is-emulator" not in codes(elsewhere)
    assert "upstream-is-emulator" not in codes(read(tmp_path))
    unknown = Settings(root=tmp_path, emulators=EmulatorSettings(workos_port=0))
    assert read(tmp_path, **emulated, settings=unknown, workos_origin="http://localhost:0").project is not None


@pytest.mark.parametrize(
    ("url", "is_found"),
    [
        ("http://localhost:9000/oauth/authorize", True),
        ("http://127.0.0.1:9000/oauth/authorize", True),
        ("http://localhost:9000/oauth/dev-login", False),
        ("http://localhost:9001/authorize", False),
    ],
)
def test_an_identity_provider_that_is_devgw_itself_is_an_error(tmp_path: Path, url: str, is_found: bool) -> None:
    login = {"url": url, "tokenUrl": url.replace("authorize", "token"), "clientId": "gw"}
    login["clientSecret"] = "$env(WORKOS_CLIENT_SECRET)"
    oidc = {"issuer": "https://idp.example.com", "jwksUrl": "https://idp.example.com/jwks"}
    listed = [policy({"oidc": oidc, "browserLogin": login}, "mcp-oauth-inbound", "McpOAuthInboundPolicy")]
    assert ("provider-is-devgw" in codes(read(write(tmp_path, listed)))) == is_found


@pytest.mark.parametrize(
    "path", ["/dev/oauth/token", "/dev/token", "/dev/auth/connections/x", "/oauth/x", "/__zuplo/x"]
)
def test_a_route_where_an_endpoint_of_the_gateway_stands_is_an_error(tmp_path: Path, path: str) -> None:
    settings = Settings(root=tmp_path, base_path="/dev")
    loaded = read(write(tmp_path, paths={path: {"post": operation()}}), settings=settings)
    assert only(loaded, "route-path-reserved")
    fine = read(write(tmp_path, paths={"/dev/mcp/x": {"post": operation()}}), settings=settings)
    assert codes(fine) == []


# --- a credential for everybody ---


@pytest.mark.parametrize("mode", ["user-oauth", "shared-oauth"])
def test_a_token_exchange_without_the_oauth_policy_is_an_error(tmp_path: Path, mode: str) -> None:
    options = {"id": "linear", "displayName": "Linear", "authMode": mode}
    exchange = policy(options, "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", "exchange")
    listed = [policy(workos_options()), exchange]
    route = operation(inbound=["exchange"])
    loaded = read(write(tmp_path, listed, {"/mcp/x": {"post": route}}))
    found = only(loaded, "exchange-unprotected")
    assert loaded.project is None
    assert found.pointer.endswith("/policies/inbound/0")
    route = copy.deepcopy(route)
    route["x-zuplo-route"]["policies"]["inbound"] = [POLICY_NAME, "exchange"]
    assert codes(read(write(tmp_path, listed, {"/mcp/x": {"post": route}}))) == []


# --- each mistake its own correction ---


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (json.dumps(policy(workos_options())), '{"policies": [ … ]} around it'),
        (json.dumps([policy(workos_options())]), '{"policies": … } around it'),
        ("{}", 'Write {"policies": [ … ]}.'),
    ],
)
def test_what_is_pasted_as_the_whole_file_is_told_apart_and_routes_are_not_blamed(
    tmp_path: Path, text: str, fix: str
) -> None:
    loaded = read(write(tmp_path, policies_text=text))
    assert codes(loaded) == ["policies-shape"]
    assert fix in loaded.findings[0].fix


@pytest.mark.parametrize(("written", "says", "fix"), [(900.0, "not 900.0", "Write 900."), (1.5, "not 1.5", "Write 2.")])
def test_a_fraction_is_shown_as_it_was_written(tmp_path: Path, written: float, says: str, fix: str) -> None:
    listed = [policy(workos_options(gateway={"accessTokenTtlSeconds": written}))]
    found = only(read(write(tmp_path, listed)), "wrong-type")
    assert says in found.message
    assert found.fix == fix


@pytest.mark.parametrize(
    ("client_id", "fix"),
    [
        ("Client_01KC6057N3C66XJAXZ65YHAC72", '"client_01KC6057N3C66XJAXZ65YHAC72"'),
        ("CLIENT_01KC6057N3C66XJAXZ65YHAC72", '"client_01KC6057N3C66XJAXZ65YHAC72"'),
        ("Client_01kc6057n3c66xjaxz65yhac72", '"client_01KC6057N3C66XJAXZ65YHAC72"'),
        ("my-app", "WorkOS Dashboard"),
        ("your_client_id", "WorkOS Dashboard"),
    ],
)
def test_a_client_id_in_env_is_corrected_and_never_sent_in_a_circle(tmp_path: Path, client_id: str, fix: str) -> None:
    environ = {"WORKOS_CLIENT_ID": client_id, "WORKOS_CLIENT_SECRET": "sk_test_1234567890abcdef"}
    loaded = read(write(tmp_path), environ)
    found = next(each for each in loaded.findings if each.code.startswith("workos-client-id"))
    assert fix in found.fix


def test_credentials_that_were_swapped_hide_no_word_of_what_is_said_of_them(tmp_path: Path) -> None:
    """What every client id or URL begins with is no part of a secret, though a secret may begin so."""
    environ = {
        "WORKOS_CLIENT_ID": "sk_test_1234567890abcdef",
        "WORKOS_CLIENT_SECRET": "client_01KCAAAAAAAAAAAAAAAAAAAAAA",
    }
    found = only(read(write(tmp_path), environ), "workos-client-id-is-key")
    assert "not the client id" in found.message.lower()
    assert "$env(WORKOS_CLIENT_SECRET)" not in found.message + found.fix
    assert "1234567890abcdef" not in found.message + found.fix


@pytest.mark.parametrize(
    ("upstream", "fix"),
    [
        ("localhost:9002/mcp", 'Write "http://localhost:9002/mcp".'),
        ("127.0.0.1/mcp", 'Write "http://127.0.0.1/mcp".'),
        ("mcp.example.com:8443/mcp", 'Write "https://mcp.example.com:8443/mcp".'),
        ("http://localhost:9002/mcp ", 'Write "http://localhost:9002/mcp".'),
        (" https://mcp.example.com/mcp", 'Write "https://mcp.example.com/mcp".'),
        ("/mcp", 'Write "https://host/path".'),
    ],
)
def test_an_upstream_that_is_no_url_is_told_with_the_one_that_was_meant(
    tmp_path: Path, upstream: str, fix: str
) -> None:
    write(tmp_path, paths={"/mcp/x": {"post": operation(upstream)}})
    found = only(read(tmp_path), "rewrite-pattern")
    assert found.fix == fix
    assert ("blank stands" in found.message) == (upstream != upstream.strip())


def test_the_choices_of_an_option_are_written_as_json_writes_them(tmp_path: Path) -> None:
    write(tmp_path, policies=[policy(workos_options(browserLoginOverrides={"pkce": "s256"}))])
    assert only(read(tmp_path), "wrong-choice").fix == 'Write "none" or "S256".'


def test_a_client_certificate_that_is_not_there_is_found(tmp_path: Path) -> None:
    paths = {"/mcp/x": {"post": operation(mtlsCertificate="certs/me.pem")}}
    assert only(read(write(tmp_path, paths=paths)), "mtls-certificate").line
    (tmp_path / "certs").mkdir()
    for wrong in (
        b"x",
        key_and_certificate("me", b"passphrase"),
        key_and_certificate("me").split(b"-----BEGIN CERT")[0],
    ):
        (tmp_path / "certs/me.pem").write_bytes(wrong)
        assert "holds no certificate with its key" in only(read(tmp_path), "mtls-certificate").message
    (tmp_path / "certs/me.pem").write_bytes(key_and_certificate("me"))
    assert codes(read(tmp_path)) == []


@pytest.mark.parametrize(
    "named", ["../mine.pem", "certs/../../mine.pem", "{root}/mine.pem", "linked.pem", "linked/mine.pem"]
)
def test_a_client_certificate_of_the_persons_own_is_no_projects(tmp_path: Path, named: str) -> None:
    project = tmp_path / "p"
    project.mkdir()
    (tmp_path / "mine.pem").write_bytes(key_and_certificate("me"))
    (project / "linked.pem").symlink_to(tmp_path / "mine.pem")
    (project / "linked").symlink_to(tmp_path)
    paths = {"/mcp/x": {"post": operation(mtlsCertificate=named.format(root=tmp_path))}}
    found = only(read(write(project, paths=paths)), "mtls-certificate")
    assert (found.severity, "outside of the project" in found.message) == (Severity.ERROR, True)


@pytest.mark.parametrize(("scope", "is_found"), [("profile email", True), ("openid email", False), (None, False)])
def test_a_scope_without_openid_is_found_at_a_plain_provider(tmp_path: Path, scope: str | None, is_found: bool) -> None:
    login = {
        "url": "https://idp.example.com/authorize",
        "tokenUrl": "https://idp.example.com/token",
        "clientId": "gw",
        "clientSecret": "$env(WORKOS_CLIENT_SECRET)",
    }
    if scope is not None:
        login["scope"] = scope
    oidc = {"issuer": "https://idp.example.com", "jwksUrl": "https://idp.example.com/jwks"}
    listed = [policy({"oidc": oidc, "browserLogin": login}, "mcp-oauth-inbound", "McpOAuthInboundPolicy")]
    assert codes(read(write(tmp_path, listed))) == (["scope-without-openid"] if is_found else [])


@pytest.mark.parametrize(
    ("url", "is_found"),
    [
        ("https://api.workos.com/user_management/authorize", True),
        ("https://auth.example.com/user_management/authorize?provider=authkit", True),
        ("https://idp.example.com/authorize", False),
    ],
)
def test_workos_behind_the_generic_policy_is_found(tmp_path: Path, url: str, is_found: bool) -> None:
    login = {
        "url": url,
        "tokenUrl": "https://api.workos.com/user_management/authenticate",
        "clientId": CLIENT_ID,
        "clientSecret": "$env(WORKOS_CLIENT_SECRET)",
    }
    oidc = {"issuer": "https://api.workos.com", "jwksUrl": f"https://api.workos.com/sso/jwks/{CLIENT_ID}"}
    listed = [policy({"oidc": oidc, "browserLogin": login}, "mcp-oauth-inbound", "McpOAuthInboundPolicy")]
    loaded = read(write(tmp_path, listed))
    assert codes(loaded) == (["workos-by-generic-policy"] if is_found else [])
    assert all("mcp-workos-oauth-inbound" in each.fix for each in loaded.findings)


def test_cross_app_access_behind_workos_is_found_at_its_mode(tmp_path: Path) -> None:
    client = {"method": "client_secret_post", "clientId": "gw", "clientSecret": "$env(WORKOS_CLIENT_SECRET)"}
    id_jag = {
        "idp": {"tokenUrl": "https://idp.example.com/token", "clientAuth": client},
        "resourceAs": {"tokenUrl": "https://ras.example.com/token", "audience": "https://ras", "clientAuth": client},
    }
    options = {"id": "linear", "displayName": "Linear", "authMode": "id-jag", "idJag": id_jag}
    exchange = policy(options, "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", "exchange")
    paths = {"/mcp/x": {"post": operation(inbound=[POLICY_NAME, "exchange"])}}
    found = only(read(write(tmp_path, [policy(workos_options()), exchange], paths)), "id-jag-without-id-token")
    assert found.pointer == "/policies/1/handler/options/authMode"
