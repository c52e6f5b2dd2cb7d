"""`devgw explain route`: every value with its place."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from devgw.cli.explain import command
from devgw.cli.explain_route import print_route
from devgw.config.sample import sample_root
from devgw.settings import EmulatorSettings, Settings
from tests.config.bench import ENVIRON, POLICY_NAME, operation, policy, workos_options, write
from tests.config.providers import wrapper
from tests.support.gateway import running_gateway


@pytest.fixture(autouse=True)
def _environ(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    tools = policy(
        {"tools": ["a", "b"], "prompts": []},
        "mcp-capability-filter-inbound",
        "McpCapabilityFilterInboundPolicy",
        "some",
    )
    key = policy({"value": "Bearer $env(KEY)"}, "set-upstream-api-key-inbound", "SetUpstreamApiKeyInboundPolicy", "key")
    limit = policy({}, "rate-limit-inbound", "RateLimitInboundPolicy", "limit")
    route = operation("https://${env.HOST}/mcp", inbound=[POLICY_NAME, "some", "key", "limit"])
    other = {"get": {"x-zuplo-route": {"handler": {"export": "urlRewriteHandler"}}}}
    options = workos_options(gateway={"accessTokenTtlSeconds": 60})
    paths = {"/mcp/linear": {"post": route}, "/pets": other}
    return write(
        tmp_path, [policy(options), tools, key, limit], paths, dotenv="KEY=key_verysecret123\nHOST=mcp.example.com\n"
    )


def explained(root: Path, path: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert print_route(root, path, as_json=True) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def fact(found: dict[str, Any], step: int, name: str) -> dict[str, Any]:
    (one,) = [each for each in found["steps"][step]["facts"] if each["name"] == name]
    return dict(one)


def test_policies_come_in_order_and_the_handler_last(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(root, "/mcp/linear", capsys)

    titles = [(step["title"], step["runs_here"]) for step in found["steps"]]
    assert titles == [(POLICY_NAME, True), ("some", True), ("key", True), ("limit", False), ("McpProxyHandler", True)]


def test_each_value_has_its_file_and_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(root, "linear", capsys)
    lines = (root / "config/policies.json").read_text().splitlines()

    ttl = fact(found, 0, "gateway.accessTokenTtlSeconds")
    assert ttl["value"] == "60"
    assert '"accessTokenTtlSeconds": 60' in lines[ttl["line"] - 1]
    issuer = fact(found, 0, "oidc.issuer")
    assert (issuer["origin"], issuer["file"]) == ("derived", "config/policies.json")
    assert '"clientId"' in lines[issuer["line"] - 1]
    assert fact(found, 0, "scope")["origin"] == "default"
    assert fact(found, 0, "clientId")["variables"] == [["WORKOS_CLIENT_ID", "process"]]
    assert fact(found, 1, "tools")["value"] == "a, b"
    assert fact(found, 1, "prompts")["value"] == "none"
    assert fact(found, 1, "resources")["value"] == "all"
    assert fact(found, 2, "Authorization")["variables"] == [["KEY", ".env:1"]]
    assert fact(found, 4, "rewritePattern")["value"] == "https://mcp.example.com/mcp"
    assert fact(found, 4, "rewritePattern")["variables"] == [["HOST", ".env:2"]]


def test_no_secret_is_shown(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (True, False):
        assert print_route(root, "/mcp/linear", as_json=as_json) == 0
        shown = capsys.readouterr().out
        assert "verysecret123" not in shown
        assert "1234567890abcdef" not in shown


def test_text_names_each_step_and_the_findings(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_route(root, "http://127.0.0.1:9000/mcp/linear/") == 0
    shown = capsys.readouterr().out

    assert "4. limit  [rate-limit-inbound]  not run here" in shown
    assert "[policy-not-run]" in shown
    assert "redirect URI at the identity provider = http://localhost:9000/oauth/callback" in shown


def test_a_wrapper_derives_from_its_own_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, [wrapper("auth0", "Auth0", {"auth0Domain": "t.us.auth0.com"})])
    issuer = fact(explained(tmp_path, "/mcp/linear", capsys), 0, "oidc.issuer")

    line = (tmp_path / "config/policies.json").read_text().splitlines()[issuer["line"] - 1]
    assert '"auth0Domain"' in line


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/mcp/liner", "Did you mean /mcp/linear?"),
        ("/pets", "its handler is urlRewriteHandler"),
        ("/zzz", "There are: /mcp/linear."),
    ],
)
def test_a_route_that_is_not_there_is_said(
    root: Path, capsys: pytest.CaptureFixture[str], path: str, says: str
) -> None:
    assert print_route(root, path) == 1
    assert says in capsys.readouterr().err


def test_a_broken_project_points_at_check(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "config/policies.json").write_text("{")

    assert print_route(root, "/mcp/linear") == 1
    assert "devgw check" in capsys.readouterr().err


def test_it_is_a_word_of_explain(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 4, point 6: `devgw explain route /mcp/x`."""
    monkeypatch.chdir(root)
    result = CliRunner().invoke(command, ["route", "/mcp/linear"])

    assert result.exit_code == 0
    assert result.output.startswith("/mcp/linear  Linear  (operationId linear)")


def test_a_route_is_not_explained_with_settings_that_up_would_not_start_with(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "devgw.toml").write_text('base_pth = "/dev"\n')
    assert print_route(root, "/mcp/linear") == 1
    assert "devgw check" in capsys.readouterr().err


async def test_beside_a_running_gateway_its_own_port_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRON:
        monkeypatch.delenv(name)
    root = tmp_path / "project"
    shutil.copytree(sample_root(), root)
    settings = Settings(root=root, port=0, state_dir=root / ".devgw", emulators=EmulatorSettings(workos_port=0))
    async with running_gateway(root, ephemeral=False, settings=settings) as gateway:
        command = [sys.executable, "-m", "devgw", "explain", "route", "/mcp/sample"]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=root, capture_output=True, text=True, check=True, timeout=30
        )
        assert f"redirect URI at the identity provider = {gateway.origin}/oauth/callback" in done.stdout
        assert "localhost:9000" not in done.stdout
        assert f"browserLogin.url = {gateway.runtime.companions.workos.origin}/" in done.stdout
