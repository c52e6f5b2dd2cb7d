"""What loads and then cannot work, or is hardly meant, is said with what to write instead."""

from pathlib import Path
from typing import Any

import pytest

from devgw.config.settings_file import read_settings
from devgw.foreign.urls import UrlRefused, read_url
from devgw.limits import Limits
from devgw.settings import Settings
from devgw.wiring.reading import read_project
from tests.config.bench import (
    CLIENT_ID,
    ENVIRON,
    POLICY_NAME,
    capability_filter,
    codes,
    exchange,
    headers,
    only,
    operation,
    policy,
    read,
    workos_options,
    write,
)

SECRET = "sk_test_1234567890abcdef"
OTHER_TOOLS = [
    "${X}",
    "${X:-none}",
    "${env.X}",
    "${env:X}",
    "${process.env.X}",
    "${{ secrets.X }}",
    "{env:X}",
    "{{X}}",
    "{{ env.X }}",
    "$X",
    "%X%",
    "$(X)",
    "$ENV(X)",
    "$env{X}",
    "$env[X]",
    "$env:X",
    "env(X)",
    "process.env.X",
    "import.meta.env.X",
]


@pytest.mark.parametrize("written", [*OTHER_TOOLS, *(f"Bearer {each}" for each in OTHER_TOOLS)])
def test_a_variable_in_another_tools_way_is_an_error_that_says_ours(tmp_path: Path, written: str) -> None:
    """Sent as it stands, it would be a credential that nobody knows."""
    for listed in (
        [policy(workos_options(clientSecret=written))],
        [policy(workos_options()), headers([{"name": "authorization", "value": written}])],
    ):
        loaded = read(write(tmp_path, listed))
        found = only(loaded, "env-malformed")
        assert loaded.project is None
        assert codes(loaded) == ["env-malformed"]
        assert "$env(X)" in found.fix
        assert found.pointer.endswith(("/clientSecret", "/value"))


@pytest.mark.parametrize("written", [each for each in OTHER_TOOLS if each != "${env.X}"])
def test_an_upstream_in_another_tools_way_is_an_error_that_says_ours(tmp_path: Path, written: str) -> None:
    loaded = read(write(tmp_path, paths={"/mcp/x": {"post": operation(written)}}))
    assert loaded.project is None
    assert "${env." in loaded.findings[0].fix


@pytest.mark.parametrize("written", [each for each in OTHER_TOOLS if "$env:" not in each])
def test_a_value_of_the_environment_that_is_a_reference_is_found(tmp_path: Path, written: str) -> None:
    environ = ENVIRON | {"WORKOS_CLIENT_SECRET": written}
    assert "env-unexpanded" in codes(read(write(tmp_path), environ))


@pytest.mark.parametrize(
    "written", ["pa$$word", "a$b", "50%", "a{b}c", "$", "env:read", "x-env(y", "$1", "Bearer abc$DEF-x", "100%off%20"]
)
def test_what_only_looks_a_little_like_one_is_left_alone(tmp_path: Path, written: str) -> None:
    listed = [policy(workos_options()), headers([{"name": "x-team", "value": written}])]
    assert codes(read(write(tmp_path, listed))) == []


def test_templates_and_descriptions_of_tools_are_nobodys_variables(tmp_path: Path) -> None:
    tools = [{"name": "a", "description": "Use ${X} and {{Y}}"}]
    listed = [policy(workos_options()), capability_filter(tools=tools, resourceTemplates=["n://{{id}}"])]
    assert codes(read(write(tmp_path, listed))) == []


@pytest.mark.parametrize(
    ("name", "is_found"), [("authorization", True), ("X-Api-Key", True), ("cookie", True), ("x-team", False)]
)
def test_a_credential_written_into_a_header_stands_in_the_repository(tmp_path: Path, name: str, is_found: bool) -> None:
    listed = [policy(workos_options()), headers([{"name": name, "value": "hunter2hunter2"}])]
    assert codes(read(write(tmp_path, listed))) == (["literal-secret"] if is_found else [])


# --- the client id and .env ---


@pytest.mark.parametrize(
    ("written", "code", "says"),
    [
        (CLIENT_ID[:-1], "workos-client-id-length", "25"),
        (f"{CLIENT_ID}2", "workos-client-id-length", "27"),
        (CLIENT_ID.lower(), "workos-client-id-shape", CLIENT_ID),
        (f"{CLIENT_ID};", "workos-client-id-shape", CLIENT_ID),
        (f"{CLIENT_ID} # mine", "workos-client-id-shape", CLIENT_ID),
        (f"“{CLIENT_ID}”", "workos-client-id-quoted", CLIENT_ID),
        ("client_YOUR_CLIENT_ID", "workos-client-id-placeholder", "Client ID"),
        ("client_xxxx", "workos-client-id-placeholder", "Client ID"),
    ],
)
def test_a_client_id_that_is_nearly_one_says_what_is_off(tmp_path: Path, written: str, code: str, says: str) -> None:
    loaded = read(write(tmp_path), ENVIRON | {"WORKOS_CLIENT_ID": written})
    found = only(loaded, code)
    assert says in f"{found.message} {found.fix}"
    assert "workos-client-id-letter" not in codes(loaded)


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (f"WORKOS_CLIENT_SECRET: {SECRET}", "env-line", "WORKOS_CLIENT_SECRET=…"),
        (f'"WORKOS_CLIENT_SECRET": "{SECRET}"', "env-line", "WORKOS_CLIENT_SECRET=…"),
        (f"set WORKOS_CLIENT_SECRET={SECRET}", "env-line", "WORKOS_CLIENT_SECRET=…"),
        (f'$env:WORKOS_CLIENT_SECRET="{SECRET}"', "env-line", "WORKOS_CLIENT_SECRET=…"),
        (f"WORKOS_CLIENT_SECRET=‘{SECRET}’", "env-quotes", "quotes"),
        (f"WORKOS_CLIENT_SECRET={SECRET},", "env-punctuation", "`,`"),
        (f"WORKOS_CLIENT_SECRET={SECRET}\u200b", "env-hidden", "U+200B"),
        (f"WORKOS_CLIENT_SECRET={SECRET}\nDEVGW_PORT=9100", "env-setting", "devgw.toml"),
    ],
)
def test_a_line_of_env_that_is_off_says_what_to_write_and_never_the_value(
    tmp_path: Path, line: str, code: str, says: str
) -> None:
    found = only(read(write(tmp_path, dotenv=line + "\n"), {"WORKOS_CLIENT_ID": CLIENT_ID}), code)
    assert says in f"{found.message} {found.fix}"
    assert "1234567890abcdef" not in str(found)


@pytest.mark.parametrize("name", ["WORKOS_CLEINT_ID", "WORKOS_CLIENTID", "workos_client_id", "WORKOS_CLIENT_IDS"])
def test_a_slip_in_a_name_of_env_does_not_lead_to_the_emulator_in_silence(tmp_path: Path, name: str) -> None:
    write(tmp_path, dotenv=f"# mine\n{name}={CLIENT_ID}\n")
    loaded = read_project(Settings(root=tmp_path), {})
    found = only(loaded, "env-misspelt")
    assert loaded.wants_emulator
    assert (found.severity, found.file, found.line) == ("warning", ".env", 2)
    assert "Call it WORKOS_CLIENT_ID" in found.fix


# --- the provider's URLs and times ---


def generic(oidc: dict[str, Any], login: dict[str, Any]) -> list[dict[str, Any]]:
    base = "https://idp.example.com"
    given = {"url": f"{base}/authorize", "tokenUrl": f"{base}/token", "clientId": "gw"}
    given |= {"clientSecret": "$env(WORKOS_CLIENT_SECRET)"}
    options = {"oidc": {"issuer": base, "jwksUrl": f"{base}/jwks"} | oidc, "browserLogin": given | login}
    return [policy(options, "mcp-oauth-inbound", "McpOAuthInboundPolicy")]


DISCOVERY = "https://idp.example.com/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("oidc", "login", "code", "fix"),
    [
        ({"issuer": DISCOVERY}, {}, "discovery-url", '"https://idp.example.com"'),
        ({"issuer": "https://a.example/.well-known/oauth-authorization-server/t"}, {}, "discovery-url", "a.example"),
        ({"issuer": "https://idp.example.com/?p=1"}, {}, "issuer-query", '"https://idp.example.com/"'),
        ({"jwksUrl": DISCOVERY}, {}, "discovery-url", "document"),
        ({}, {"url": DISCOVERY}, "discovery-url", "document"),
        ({}, {"tokenUrl": DISCOVERY}, "discovery-url", "document"),
        ({}, {"tokenUrl": "https://idp.example.com/token "}, "url", '"https://idp.example.com/token"'),
        ({"jwksUrl": " https://idp.example.com/jwks"}, {}, "url", '"https://idp.example.com/jwks"'),
        (
            {},
            {"url": "https://i.example/o?x=1", "tokenUrl": "https://i.example/o"},
            "one-url-for-both",
            "token_endpoint",
        ),
        ({}, {"remoteTimeoutMs": 10}, "time-short", "10000"),
        ({}, {"stateTtlSeconds": 5}, "time-short", "900"),
    ],
)
def test_a_url_or_time_with_which_no_sign_in_works_is_found(
    tmp_path: Path, oidc: dict[str, Any], login: dict[str, Any], code: str, fix: str
) -> None:
    assert fix in only(read(write(tmp_path, generic(oidc, login))), code).fix
    assert codes(read(write(tmp_path, generic({}, {"remoteTimeoutMs": 300, "stateTtlSeconds": 30})))) == []


@pytest.mark.parametrize(("name", "value"), [("remoteTimeoutMs", 10), ("stateTtlSeconds", 5)])
def test_a_time_is_looked_at_behind_a_wrapper_too(tmp_path: Path, name: str, value: int) -> None:
    found = only(read(write(tmp_path, [policy(workos_options(browserLoginOverrides={name: value}))])), "time-short")
    assert found.pointer.endswith(name)


# --- the gateway's own addresses ---


@pytest.mark.parametrize(
    ("written", "origin", "code"),
    [
        ("HTTP://LOCALHOST:9000/", "http://localhost:9000", ""),
        ("https://gw.example.com:443", "https://gw.example.com", "others-let-in"),
        ("http://[::1]:9000", "http://[::1]:9000", ""),
        ("http://user:pw@localhost:9000", "http://localhost:9000", "setting-value"),
        ("http://localhost:9000#x", "http://localhost:9000", "setting-value"),
        ("http://localhost:9000/x", "http://localhost:9000", "setting-value"),
        ("http://localhost:9000?", "http://localhost:9000", ""),
        ("http://localhost:9100", "http://localhost:9100", "origin-elsewhere"),
        ("https://127.0.0.1", "https://127.0.0.1", "origin-elsewhere"),
        ("https://localhost:9000", "https://localhost:9000", "origin-elsewhere"),
        ('http://localhost:9100"\nport = 0\nhost = "localhost', "http://localhost:9100", ""),
    ],
)
def test_an_origin_is_read_as_browsers_write_it(tmp_path: Path, written: str, origin: str, code: str) -> None:
    (tmp_path / "devgw.toml").write_text(f'origin = "{written}"\n')
    settings, findings = read_settings(tmp_path, {})
    assert settings.canonical_origin == origin
    assert [each.code for each in findings] == ([code] if code else [])


def test_a_name_with_a_zero_byte_is_no_state_folder(tmp_path: Path) -> None:
    (tmp_path / "devgw.toml").write_text('state_dir = "a\\u0000b"\n')
    assert [each.code for each in read_settings(tmp_path, {})[1]] == ["setting-value"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("mcp/a", '"/mcp/a"'),
        ("/mcp/{x}", "/mcp/linear"),
        ("/mcp//a", '"/mcp/a"'),
        ("//evil.example/mcp", '"/evil.example/mcp"'),
        ("/mcp/../a", '"/mcp/a"'),
        ("/mcp/./a/", '"/mcp/a"'),
        ("/mcp/a%20b", "letters"),
        ("/mcp/%61", "letters"),
        ("/mcp/a%2Fb", "letters"),
        ("/mcp/ä", "letters"),
        ("/mcp/a\\b", "letters"),
        ('/mcp/a"b', "letters"),
        ("/mcp/<a>", "letters"),
        ("/mcp/a b", "letters"),
    ],
)
def test_a_path_that_clients_would_write_otherwise_is_an_error(tmp_path: Path, path: str, says: str) -> None:
    loaded = read(write(tmp_path, paths={path: {"post": operation(inbound=[POLICY_NAME])}}))
    assert codes(loaded) == ["route-path"]
    assert says in loaded.findings[0].fix


@pytest.mark.parametrize("path", ["/mcp/a/", "/MCP/a", "/mcp/a.b_c~d-e", "/mcp/a;v=1", "/mcp/it's(1)", "/mcp/a@b,c&d"])
def test_a_path_that_everybody_writes_alike_is_taken(tmp_path: Path, path: str) -> None:
    assert codes(read(write(tmp_path, paths={path: {"post": operation()}}))) == []


# --- what would be refused at run time ---


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example:0/mcp",
        "https://h.example/a\\b",
        "https://[fe80::1%25eth0]/x",
        "https://h.example/{x}",
        "https://h.example/<x>",
        "https://h.example/a|b",
        'https://h.example/"x"',
        "https://@h.example/",
        "https://:@h.example/",
        "https://h.example/mcp?x=1#",
        "https://h.example/" + "x" * Limits.URL_BYTES,
    ],
)
def test_a_url_that_nobody_here_would_ask_is_an_error_wherever_it_stands(tmp_path: Path, url: str) -> None:
    """Check and the door for URLs are of one opinion: each refused URL would fail at the first call."""
    assert is_refused(url)
    route = {"/mcp/x": {"post": operation(inbound=[POLICY_NAME, "mcp-token-exchange-linear"])}}
    assert read(write(tmp_path, paths={"/mcp/x": {"post": operation(url)}})).project is None
    assert read(write(tmp_path, generic({"jwksUrl": url}, {}))).project is None
    listed = [policy(workos_options()), exchange(protectedResourceMetadataUrl=url)]
    assert read(write(tmp_path, listed, route)).project is None


def is_refused(url: str) -> bool:
    try:
        read_url(url)
    except UrlRefused:
        return True
    return False


@pytest.mark.parametrize("given", ["a/b", "a b", "ä", "..", ".", "a%2Fb", "a?b", "a#b", "a:b", "a\nb", "x" * 101])
@pytest.mark.parametrize("is_inferred", [False, True])
def test_an_upstream_id_without_an_address_is_an_error(tmp_path: Path, given: str, is_inferred: bool) -> None:
    """It stands in /auth/connections/{id}/connect."""
    name = f"mcp-token-exchange-{given}" if is_inferred else "mcp-token-exchange-linear"
    entry = exchange(name) if is_inferred else exchange(name, id=given)
    loaded = read(write(tmp_path, [policy(workos_options()), entry]))
    assert "upstream-id" in codes(loaded)
    assert loaded.project is None
    assert codes(read(write(tmp_path, [policy(workos_options()), exchange(name, id="A.b_c~d-e")]))) == []


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "connection", "Expect", "upgrade", "TE"]
)
def test_a_header_of_the_connection_cannot_be_set(tmp_path: Path, name: str) -> None:
    """A second Content-Length would make two requests of one."""
    listed = [policy(workos_options()), headers([{"name": name, "value": "5"}])]
    assert only(read(write(tmp_path, listed)), "header-of-connection")


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "\x00", "\x01", "\x7f", "a\x0bb"])
def test_a_header_value_that_could_not_be_sent_is_an_error(tmp_path: Path, value: str) -> None:
    listed = [policy(workos_options()), headers([{"name": "x-team", "value": value}])]
    assert only(read(write(tmp_path, listed)), "header-value")
    assert codes(read(write(tmp_path, [policy(workos_options()), headers([{"name": "x", "value": "名\té"}])]))) == []


BY_HAND = {"mode": "manual", "clientId": "gw"}
SECRETLY = {"clientSecret": "$env(WORKOS_CLIENT_SECRET)"}


@pytest.mark.parametrize(
    ("registration", "code"),
    [
        (BY_HAND | {"tokenEndpointAuthMethod": "client_secret_basic"}, "missing-option"),
        (BY_HAND | {"tokenEndpointAuthMethod": "client_secret_post"}, "missing-option"),
        (BY_HAND | {"tokenEndpointAuthMethod": "private_key_jwt"}, "missing-option"),
        (BY_HAND | SECRETLY | {"tokenEndpointAuthMethod": "none"}, "unused-option"),
        ({"mode": "auto", "tokenEndpointAuthMethod": "none"}, "unused-option"),
        ({"mode": "auto"} | SECRETLY, "unused-option"),
        (BY_HAND, ""),
        (BY_HAND | SECRETLY, ""),
        (BY_HAND | SECRETLY | {"tokenEndpointAuthMethod": "client_secret_post"}, ""),
        (BY_HAND | {"tokenEndpointAuthMethod": "none"}, ""),
        ({"mode": "auto"}, ""),
    ],
)
def test_a_registration_that_lacks_what_its_method_needs_is_an_error(
    tmp_path: Path, registration: dict[str, Any], code: str
) -> None:
    listed = [policy(workos_options()), exchange(clientRegistration=registration)]
    assert codes(read(write(tmp_path, listed))) == ([code] if code else [])


OTHER_ISSUER = {"issuer": "https://idp.example.com", "jwksUrl": "https://idp.example.com/jwks"}


def test_an_inbound_assertion_that_nobody_may_issue_is_found(tmp_path: Path) -> None:
    found = only(read(write(tmp_path, [policy(workos_options(idJag={"enabled": True}))])), "id-jag-without-issuer")
    assert found.pointer == "/policies/0/handler/options/idJag"


@pytest.mark.parametrize(
    ("trusted", "is_found"),
    [([{}], True), ([{"audience": "x"}], True), ([OTHER_ISSUER, {}], True), ([OTHER_ISSUER], False)],
)
def test_workos_as_the_issuer_of_assertions_is_found(tmp_path: Path, trusted: list[Any], is_found: bool) -> None:
    """An entry that names nobody means the provider of the browser login, and this one issues none."""
    options = workos_options(idJag={"enabled": True, "trustedIssuers": trusted})
    assert codes(read(write(tmp_path, [policy(options)]))) == (["id-jag-without-issuer"] if is_found else [])


def test_what_is_no_name_among_a_routes_policies_is_said_to_be_none(tmp_path: Path) -> None:
    loaded = read(write(tmp_path, paths={"/mcp/x": {"post": operation(inbound=[POLICY_NAME, 7])}}))
    assert "not a number" in only(loaded, "wrong-type").message
    assert codes(loaded) == ["wrong-type"]


# --- the plugin ---


@pytest.mark.parametrize(
    "written",
    [
        'new McpGatewayPlugin({ basePath: "/dev" })',
        "new McpGatewayPlugin({ 'basePath': `/dev/` })",
        'new McpGatewayPlugin({ ["basePath"]: "/dev" })',
        'new McpGatewayPlugin({ basePath: "/dev" as const })',
        "new McpGatewayPlugin({ basePath: '/dev' satisfies string })",
        'new McpGatewayPlugin<Options>({ basePath: "/dev" })',
        'new zuplo.McpGatewayPlugin({ basePath: "/dev" })',
        'say(\'new McpGatewayPlugin({ basePath: "/x" })\', new McpGatewayPlugin({ basePath: "/dev" }))',
        '/* new McpGatewayPlugin({ basePath: "/x" }) */ new McpGatewayPlugin({ basePath: "/dev" })',
        'new McpGatewayPlugin({ registry: { title: "...a" }, basePath: "/dev" })',
    ],
)
def test_the_base_path_is_read_however_the_plugin_is_made(tmp_path: Path, written: str) -> None:
    write(tmp_path)
    (tmp_path / "modules/zuplo.runtime.ts").write_text(f"runtime.addPlugin({written});\n")
    loaded = read(tmp_path)
    assert codes(loaded) == []
    assert loaded.project is not None
    assert loaded.project.base_path == "/dev"


def test_a_plugin_under_another_name_is_registered_all_the_same(tmp_path: Path) -> None:
    write(tmp_path)
    text = 'import { McpGatewayPlugin as Gateway } from "x";\nruntime.addPlugin(new Gateway({ basePath: "/dev" }));\n'
    (tmp_path / "modules/zuplo.runtime.ts").write_text(text)
    loaded = read(tmp_path)
    assert codes(loaded) == []
    assert loaded.project is not None
    assert loaded.project.base_path == "/dev"


@pytest.mark.parametrize(
    ("more", "is_found"),
    [
        ('runtime.addPlugin(new McpGatewayPlugin({ basePath: "/b" }));', True),
        ("export default new McpGatewayPlugin();", True),
        ('// new McpGatewayPlugin({ basePath: "/b" })', False),
        ("say('new McpGatewayPlugin()');", False),
    ],
)
def test_a_second_plugin_is_found_and_the_first_one_counts(tmp_path: Path, more: str, is_found: bool) -> None:
    write(tmp_path)
    text = f'runtime.addPlugin(new McpGatewayPlugin({{ basePath: "/a" }}));\n{more}\n'
    (tmp_path / "modules/zuplo.runtime.ts").write_text(text)
    loaded = read(tmp_path)
    assert [(each.code, each.line) for each in loaded.findings] == ([("plugin-twice", 2)] if is_found else [])
    assert loaded.project is not None
    assert loaded.project.base_path == "/a"


@pytest.mark.parametrize(
    "written", ["{ ...options }", "{ registry: true, ...options.gateway }", "options", "{ basePath }"]
)
def test_options_that_nobody_can_see_without_running_them_are_said_to_be_unseen(tmp_path: Path, written: str) -> None:
    write(tmp_path)
    (tmp_path / "modules/zuplo.runtime.ts").write_text(f"runtime.addPlugin(new McpGatewayPlugin({written}));\n")
    assert only(read(tmp_path), "plugin-not-literal").line == 1
