"""One test per kind of finding in policies: its code, its place, its advice."""

from pathlib import Path
from typing import Any

import pytest

from devgw.config.finding import Severity
from devgw.limits import Limits
from tests.config.bench import (
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
            '"S256"',
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


def test_a_project_without_an_oauth_policy_or_without_an_mcp_route(tmp_path: Path) -> None:
    """`gateway.md` §2: exactly one; and a gateway in front of nothing is a mistake."""
    found = only(
        read(write(tmp_path, [headers([])], {"/mcp/x": {"post": operation(inbound=[])}})), "oauth-policy-missing"
    )
    assert (found.severity, found.line, found.pointer) == (Severity.ERROR, 2, "/policies")

    loaded = read(write(tmp_path, paths={"/pets": {"get": {"responses": {}}}}))
    assert codes(loaded) == ["no-mcp-route"]
    assert loaded.project is not None


@pytest.mark.parametrize(
    "listed",
    [
        [exchange(clientRegistration={"mode": "manual", "clientId": "x", "clientSecret": "hunter2hunter2"})],
        [
            exchange(
                authMode="id-jag",
                idJag={
                    "idp": {
                        "tokenUrl": "https://idp.example.com/token",
                        "clientAuth": {
                            "method": "client_secret_post",
                            "clientId": "gw",
                            "clientSecret": "hunter2hunter2",
                        },
                    },
                    "resourceAs": {
                        "tokenUrl": "https://ras.example.com/token",
                        "audience": "https://ras.example.com",
                        "clientAuth": {
                            "method": "client_secret_post",
                            "clientId": "gw",
                            "clientSecret": "$env(WORKOS_CLIENT_SECRET)",
                        },
                    },
                },
            )
        ],
        [
            policy(
                {"value": "Bearer hunter2hunter2"},
                "set-upstream-api-key-inbound",
                "SetUpstreamApiKeyInboundPolicy",
                "k",
            )
        ],
    ],
)
def test_a_secret_in_the_file_is_a_warning_wherever_it_stands(tmp_path: Path, listed: list[Any]) -> None:
    names = [POLICY_NAME, *[each["name"] for each in listed]]
    loaded = read(write(tmp_path, [policy(workos_options()), *listed], {"/mcp/x": {"post": operation(inbound=names)}}))

    assert [each for each in codes(loaded) if each != "id-jag-without-id-token"] == ["literal-secret"]
    assert loaded.project is not None
    assert "hunter2" not in repr(loaded)


def test_of_thousands_of_mistakes_the_first_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "config/policies.json").write_text('{"policies": [' + "\n{}," * 1_000 + "\n{}]}")
    loaded = read(tmp_path)
    errors = [each for each in loaded.findings if each.severity is Severity.ERROR]
    assert loaded.project is None
    assert len(errors) == Limits.FINDINGS + 1
    assert (errors[1].code, errors[1].line) == ("policy-shape", 2)
    assert errors[-1].code == "findings-many"
    assert errors[-1].message == "2,505 more are not listed."
