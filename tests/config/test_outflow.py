"""What of the shell's environment a project uses, and where it goes: said from the configuration alone."""

from pathlib import Path
from typing import Any

import pytest

from devgw.config.load import load
from devgw.config.outflow import PUBLISHED, Outflow, outflows
from devgw.settings import Settings, UpstreamSettings
from tests.config.bench import POLICY_NAME, operation, policy, workos_options, write

WORKOS = {"WORKOS_CLIENT_ID": "client_01KC6057N3C66XJAXZ65YHAC72", "WORKOS_CLIENT_SECRET": "sk_test_1234567890abcdef"}
SHELL = WORKOS | {"API_KEY": "a-key-of-mine", "TENANT": "acme-corp", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"}
ELSEWHERE = "https://mcp.example.com/mcp"


def with_header(value: str, name: str = "headers") -> dict[str, Any]:
    return policy(
        {"headers": [{"name": "x-key", "value": value}]}, "set-headers-inbound", "SetHeadersInboundPolicy", name
    )


def found(
    root: Path, listed: list[Any], upstream: str = ELSEWHERE, settings: Settings | None = None, **more: Any
) -> list[Outflow]:
    inbound = [POLICY_NAME, *(each["name"] for each in listed)]
    paths = {"/mcp/x": {"post": operation(upstream, inbound=inbound)}}
    write(root, [policy(workos_options()), *listed], paths, **more)
    loaded = load(root, SHELL, settings or Settings(root=root))
    assert loaded.project is not None, loaded.findings
    return list(outflows(loaded))


def test_a_header_goes_to_the_upstream_of_every_route_that_sets_it(tmp_path: Path) -> None:
    assert found(tmp_path, [with_header("Bearer $env(API_KEY)")]) == [Outflow("API_KEY", "https://mcp.example.com")]


def test_two_names_in_one_value_both_go(tmp_path: Path) -> None:
    names = [each.name for each in found(tmp_path, [with_header("$env(API_KEY)-$env(TENANT)")])]
    assert names == ["API_KEY", "TENANT"]


def test_a_name_in_the_upstream_url_goes_there_and_is_not_shown(tmp_path: Path) -> None:
    (only,) = found(tmp_path, [], "https://${env.TENANT}.example.com/mcp")
    assert only == Outflow("TENANT", "https://${TENANT}.example.com")
    (only,) = found(tmp_path, [], "https://${env.AWS_SECRET_ACCESS_KEY}.example.com/mcp")
    assert only.origin == "https://${AWS_SECRET_ACCESS_KEY}.example.com"


def test_what_stays_on_this_machine_goes_nowhere(tmp_path: Path) -> None:
    for upstream in ("http://localhost:9002/mcp", "http://127.0.0.1:1/mcp", "http://[::1]:1/mcp"):
        assert found(tmp_path, [with_header("$env(API_KEY)")], upstream) == []


def test_the_names_of_workos_may_go_to_workos_and_nowhere_else(tmp_path: Path) -> None:
    assert found(tmp_path, []) == []
    elsewhere = Settings(root=tmp_path, workos_base_url="https://workos.example.net")
    assert found(tmp_path, [], settings=elsewhere) == [
        Outflow("WORKOS_CLIENT_ID", "https://workos.example.net"),
        Outflow("WORKOS_CLIENT_SECRET", "https://workos.example.net"),
    ]
    stolen = found(tmp_path, [with_header("$env(WORKOS_CLIENT_SECRET)")])
    assert stolen == [Outflow("WORKOS_CLIENT_SECRET", "https://mcp.example.com")]


def test_what_the_projects_own_env_file_says_is_its_own(tmp_path: Path) -> None:
    mine = [with_header("$env(OWN_KEY)")]
    assert found(tmp_path, mine, dotenv="OWN_KEY=abc\n") == []


def test_what_a_link_out_of_the_project_leads_to_is_the_persons(tmp_path: Path) -> None:
    file, root = tmp_path / "credentials", tmp_path / "p"
    root.mkdir()
    file.write_text("[default]\naws_secret_access_key = wJalrXUtnFEMI\nplain = x-${API_KEY}\n", encoding="utf-8")
    (root / ".env").symlink_to("../credentials")
    mine = [with_header("$env(aws_secret_access_key)-$env(plain)")]
    assert found(root, mine) == [
        Outflow("API_KEY", "https://mcp.example.com"),
        Outflow("aws_secret_access_key", "https://mcp.example.com", str(file.resolve())),
        Outflow("plain", "https://mcp.example.com", str(file.resolve())),
    ]
    (only,) = found(root, [], "https://$env(aws_secret_access_key).example.com/mcp")
    assert only.origin == "https://${aws_secret_access_key}.example.com"
    assert found(root, mine, "http://localhost:1/mcp") == []


def test_a_link_within_the_project_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "values").write_text("OWN_KEY=abc\n", encoding="utf-8")
    (tmp_path / ".env").symlink_to("values")
    assert found(tmp_path, [with_header("$env(OWN_KEY)")]) == []


@pytest.mark.parametrize(
    "dotenv",
    [
        "OWN_KEY=${AWS_SECRET_ACCESS_KEY}\n",
        "OWN_KEY=x-${MIDDLE}\nMIDDLE=${AWS_SECRET_ACCESS_KEY}\n",
        "MIDDLE=${AWS_SECRET_ACCESS_KEY}\nOWN_KEY=x-${MIDDLE}\n",
        "OWN_KEY=${AWS_SECRET_ACCESS_KEY:-none}\n",
    ],
)
def test_what_the_env_file_takes_from_the_shell_is_the_shells(tmp_path: Path, dotenv: str) -> None:
    assert found(tmp_path, [with_header("$env(OWN_KEY)")], dotenv=dotenv) == [
        Outflow("AWS_SECRET_ACCESS_KEY", "https://mcp.example.com")
    ]


def test_the_secret_of_a_token_exchange_goes_to_whatever_its_options_name(tmp_path: Path) -> None:
    options = {
        "id": "linear",
        "displayName": "Linear",
        "authMode": "user-oauth",
        "clientRegistration": {"mode": "manual", "clientId": "x", "clientSecret": "$env(API_KEY)"},
        "protectedResourceMetadataUrl": "https://prm.example.net/x",
    }
    listed = [policy(options, "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", "exchange")]
    origins = {each.origin for each in found(tmp_path, listed)}
    assert origins == {"https://mcp.example.com", "https://prm.example.net"}


def test_what_is_laid_over_an_upstreams_documents_says_where_its_secret_goes(tmp_path: Path) -> None:
    """An upstream on this machine whose token endpoint the project's `devgw.toml` puts elsewhere."""
    registration = {"mode": "manual", "clientId": "x", "clientSecret": "$env(API_KEY)"}
    options = {"id": "linear", "displayName": "Linear", "authMode": "user-oauth", "clientRegistration": registration}
    listed = [policy(options, "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", "exchange")]
    laid = {"token_endpoint": "https://away.example/token", "more": [{"x": "https://deep.example/"}]}
    found(tmp_path, listed, "http://localhost:9002/mcp")
    loaded = load(tmp_path, SHELL, Settings(root=tmp_path))
    assert outflows(loaded) == ()
    for own in (UpstreamSettings(laid), UpstreamSettings(protected_resource_metadata=laid)):
        origins = {each.origin for each in outflows(loaded, {"linear": own})}
        assert origins == {"https://away.example", "https://deep.example"}
    assert outflows(loaded, {"other": UpstreamSettings(laid)}) == ()


def test_the_keys_of_an_issuer_whose_assertions_are_taken_are_asked_for_too(tmp_path: Path) -> None:
    """Whoever presents an assertion makes the gateway fetch them: a page of any site can."""
    trusted = {"issuer": "https://idp.example.org", "jwksUrl": "https://keys.example.org/$env(API_KEY)"}
    options = workos_options() | {"idJag": {"enabled": True, "trustedIssuers": [trusted]}}
    write(tmp_path, [policy(options)])
    loaded = load(tmp_path, SHELL, Settings(root=tmp_path))
    assert loaded.project is not None, loaded.findings
    assert Outflow("API_KEY", "https://keys.example.org") in outflows(loaded)


def test_a_policy_that_no_route_uses_sends_nothing(tmp_path: Path) -> None:
    write(tmp_path, [policy(workos_options()), with_header("$env(API_KEY)")])
    assert outflows(load(tmp_path, SHELL, Settings(root=tmp_path))) == ()


def test_a_policy_within_a_group_goes_where_the_group_goes(tmp_path: Path) -> None:
    group = policy({"policies": ["headers"]}, "composite-inbound", "CompositeInboundPolicy", "group")
    paths = {"/mcp/x": {"post": operation(ELSEWHERE, inbound=[POLICY_NAME, "group"])}}
    write(tmp_path, [policy(workos_options()), with_header("$env(API_KEY)"), group], paths)
    loaded = load(tmp_path, SHELL, Settings(root=tmp_path))
    assert outflows(loaded) == (Outflow("API_KEY", "https://mcp.example.com"),)


@pytest.mark.parametrize("upstream", [ELSEWHERE, "http://localhost:9002/mcp"])
def test_the_name_of_a_route_is_read_by_everybody(tmp_path: Path, upstream: str) -> None:
    """It is the `resource_name` of a document that a page of any site may read."""
    named = operation(upstream, inbound=[POLICY_NAME]) | {"summary": "Notes $env(API_KEY)"}
    write(tmp_path, [policy(workos_options())], {"/mcp/x": {"post": named}})
    assert outflows(load(tmp_path, SHELL, Settings(root=tmp_path))) == (Outflow("API_KEY", PUBLISHED),)


@pytest.mark.parametrize("member", ["displayName", "summary"])
def test_what_an_upstream_is_called_is_read_by_everybody(tmp_path: Path, member: str) -> None:
    options = {"id": "linear", "displayName": "Linear", "authMode": "user-oauth", member: "$env(API_KEY)"}
    listed = [policy(options, "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", "exchange")]
    assert found(tmp_path, listed, "http://localhost:9002/mcp") == [Outflow("API_KEY", PUBLISHED)]
    assert Outflow("API_KEY", PUBLISHED) in found(tmp_path, listed)


def test_what_no_page_shows_is_not_said_to_be_read_by_everybody(tmp_path: Path) -> None:
    listed = [with_header("$env(API_KEY)")]
    assert found(tmp_path, listed, "http://localhost:9002/mcp") == []
