"""A whole project: what the gateway gets, and what a user is told."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devgw.config.environment import Origin
from devgw.config.finding import Severity
from devgw.config.load import load, watched_files
from devgw.config.sample import sample_root
from devgw.settings import EmulatorSettings, Settings
from tests.config.bench import CLIENT_ID, ENVIRON, codes, only, operation, policy, read, workos_options, write
from tests.support.certificates import key_and_certificate

EMULATOR = {"WORKOS_CLIENT_ID": "client_01EMVW0RK0S0000000000000D0", "WORKOS_CLIENT_SECRET": "sk_test_emulator"}


def test_the_seeds_policy_becomes_the_generic_shape(tmp_path: Path) -> None:
    """The table of the seeds, `gateway.md` §2."""
    project = read(write(tmp_path)).project

    assert project is not None
    assert project.oauth is not None
    assert project.oauth.oidc is not None
    assert project.oauth.oidc.issuer == f"https://api.workos.com/user_management/{CLIENT_ID}"
    assert project.oauth.oidc.jwks_url == f"https://api.workos.com/sso/jwks/{CLIENT_ID}"
    assert project.oauth.oidc.other_issuers == ("https://api.workos.com", "https://api.workos.com/")
    assert project.oauth.login.url == "https://api.workos.com/user_management/authorize"
    assert project.oauth.login.token_url == "https://api.workos.com/user_management/authenticate"
    assert project.oauth.login.client_id == CLIENT_ID
    assert project.oauth.login.client_secret.value == ENVIRON["WORKOS_CLIENT_SECRET"]
    assert project.oauth.login.scope == "openid profile email"
    assert project.oauth.login.pkce == "none"
    assert project.oauth.login.session_ttl == timedelta(hours=8)
    assert project.oauth.tokens.access_token_ttl == timedelta(minutes=15)
    assert project.oauth.tokens.refresh_token_ttl == timedelta(days=30)


def test_the_route_carries_what_its_operation_says(tmp_path: Path) -> None:
    paths = {
        "/mcp/linear/": {"get,post": operation("https://mcp.linear.app/mcp", forwardSearch=False, mtlsCertificate="c")}
    }
    (tmp_path / "c").write_bytes(key_and_certificate("me"))
    loaded = read(write(tmp_path, paths=paths))

    assert loaded.findings == ()
    assert loaded.project is not None
    (route,) = loaded.project.routes
    assert (route.path, route.operation_id, route.summary) == ("/mcp/linear", "linear", "Linear")
    assert route.methods == ("GET", "POST")
    assert route.upstream_url == "https://mcp.linear.app/mcp"
    assert (route.forward_search, route.follow_redirects, route.mtls_certificate) == (False, False, "c")
    assert (route.file, route.line) == ("config/routes.oas.json", 5)
    assert [use.name for use in route.policies] == ["workos-managed-oauth"]
    assert route.policies[0].line == 3


def test_an_empty_folder_gets_the_sample_with_the_emulators_values(tmp_path: Path) -> None:
    """`gateway.md` §9: with no client id the emulator signs in, and every face says so."""
    at = datetime(2026, 11, 22, tzinfo=UTC)
    loaded = read(tmp_path, {}, fallback_environ=EMULATOR, workos_origin="http://localhost:9001", read_at=at)

    assert loaded.project is not None
    assert loaded.project.is_sample
    assert loaded.project.root == tmp_path
    assert loaded.read_from == sample_root()
    assert loaded.wants_emulator
    assert loaded.project.oauth is not None
    assert loaded.project.oauth.login.url == "http://localhost:9001/user_management/authorize"
    assert loaded.project.oauth.oidc is not None
    assert loaded.project.oauth.oidc.other_issuers == ("http://localhost:9001", "http://localhost:9001/")
    assert {use.name: use.origin for use in loaded.environment} == dict.fromkeys(EMULATOR, Origin.EMULATOR)
    assert [use.read_at for use in loaded.environment] == [at, at]
    assert loaded.project.routes[0].upstream_url == "http://localhost:9002/mcp"
    assert {each.severity for each in loaded.findings} == {Severity.NOTE}


def test_the_sample_holds_the_seeds_policy_word_for_word() -> None:
    """The seeds' first JSON."""
    (first, *_) = json.loads((sample_root() / "config/policies.json").read_text())["policies"]

    assert first["name"] == "my-mcp-workos-oauth-inbound-policy"
    assert first["handler"]["module"] == "$import(@zuplo/runtime)"
    assert first["handler"]["options"] == {
        "browserLoginOverrides": {"remoteTimeoutMs": 10000, "sessionTtlSeconds": 28800, "stateTtlSeconds": 900},
        "clientId": "$env(WORKOS_CLIENT_ID)",
        "clientSecret": "$env(WORKOS_CLIENT_SECRET)",
        "gateway": {"accessTokenTtlSeconds": 900, "cimdEnabled": True, "refreshTokenTtlSeconds": 2592000},
        "scope": "openid profile email",
    }


def test_a_real_client_id_goes_to_workos_though_an_emulator_is_offered(tmp_path: Path) -> None:
    loaded = read(write(tmp_path), fallback_environ=EMULATOR, workos_origin="http://localhost:9001")

    assert not loaded.wants_emulator
    assert loaded.project is not None
    assert loaded.project.oauth is not None
    assert loaded.project.oauth.login.url.startswith("https://api.workos.com/")


@pytest.mark.parametrize("secret", ["sk_test_mine", "sk_live_mine", "anything"])
def test_the_emulators_client_id_with_another_secret_is_told_before_it_goes_to_workos(
    tmp_path: Path, secret: str
) -> None:
    """The fix is applied: without the secret the emulator signs in."""
    mixed = {"WORKOS_CLIENT_ID": EMULATOR["WORKOS_CLIENT_ID"], "WORKOS_CLIENT_SECRET": secret}
    root = write(tmp_path)
    loaded = read(root, mixed, fallback_environ=EMULATOR, workos_origin="http://localhost:9001")
    (found,) = [each for each in loaded.findings if each.code == "emulator-id-with-other-secret"]
    assert "does not know that id" in found.message
    assert secret not in found.message
    assert "Take WORKOS_CLIENT_SECRET away" in found.fix

    mixed.pop("WORKOS_CLIENT_SECRET")
    mended = read(root, mixed, fallback_environ=EMULATOR, workos_origin="http://localhost:9001")
    assert mended.wants_emulator
    assert "emulator-id-with-other-secret" not in codes(mended)


@pytest.mark.parametrize("name", ["WORKOS_CLIENT_ID", "WORKOS_CLIENT_SECRET"])
def test_the_emulators_values_never_mix_with_real_ones(tmp_path: Path, name: str) -> None:
    """A real id with the emulator's secret would go to WorkOS, or a real secret to the emulator."""
    loaded = read(
        write(tmp_path), {name: ENVIRON[name]}, fallback_environ=EMULATOR, workos_origin="http://localhost:9001"
    )

    assert codes(loaded) == ["env-missing"]
    assert loaded.project is None


def test_the_emulators_own_id_may_be_written_out(tmp_path: Path) -> None:
    environ = {"WORKOS_CLIENT_ID": EMULATOR["WORKOS_CLIENT_ID"]}
    loaded = read(write(tmp_path), environ, fallback_environ=EMULATOR, workos_origin="http://localhost:9001")

    assert loaded.wants_emulator
    assert loaded.project is not None


def test_the_emulator_can_be_asked_for_with_real_names(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, emulators=EmulatorSettings(workos=True))
    loaded = read(write(tmp_path), settings=settings, fallback_environ=EMULATOR, workos_origin="http://localhost:9001")

    assert loaded.wants_emulator
    assert loaded.project is not None
    assert loaded.project.oauth is not None
    assert loaded.project.oauth.login.url.startswith("http://localhost:9001/")


def test_a_base_url_of_the_settings_stands_for_workos_everywhere(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, workos_base_url="http://127.0.0.1:4100")
    project = read(write(tmp_path), settings=settings, workos_origin="http://localhost:9001").project

    assert project is not None
    assert project.oauth is not None
    assert project.oauth.oidc is not None
    urls = [
        project.oauth.oidc.issuer,
        project.oauth.oidc.jwks_url,
        project.oauth.login.url,
        project.oauth.login.token_url,
    ]
    assert all(url.startswith("http://127.0.0.1:4100/") for url in urls)


def test_the_emulator_can_be_forbidden_and_then_a_missing_name_is_an_error(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, emulators=EmulatorSettings(workos=False))
    loaded = read(write(tmp_path), {}, settings, fallback_environ=EMULATOR, workos_origin="http://localhost:9001")

    assert loaded.project is None
    assert codes(loaded) == ["env-missing", "env-missing"]


def test_every_finding_comes_at_once(tmp_path: Path) -> None:
    """Issue 2, point 2: never only the first."""
    options = workos_options(scop="openid", gateway={"accessTokenTtlSeconds": "900"})
    loaded = read(
        write(tmp_path, [policy(options)], {"/mcp/x": {"post": operation("not a url", operation_id=None)}}), {}
    )

    assert loaded.project is None
    assert sorted(codes(loaded)) == [
        "env-missing",
        "env-missing",
        "operation-id-missing",
        "rewrite-pattern",
        "unknown-option",
        "wrong-type",
    ]


def test_a_broken_policy_file_says_nothing_about_the_names_in_routes(tmp_path: Path) -> None:
    loaded = read(write(tmp_path, policies_text='{"policies": [}'))

    assert codes(loaded) == ["json-syntax"]


def test_a_missing_file_of_a_project_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "config/routes.oas.json").unlink()
    loaded = read(tmp_path)

    assert only(loaded, "file-missing").file == "config/routes.oas.json"
    assert not loaded.is_sample


def test_route_files_beside_the_usual_one_are_read_too(tmp_path: Path) -> None:
    write(tmp_path)
    more = {"paths": {"/mcp/other": {"post": operation(operation_id="linear")}}}
    (tmp_path / "config/more.oas.json").write_text(json.dumps(more))
    loaded = read(tmp_path)

    assert only(loaded, "duplicate-operation-id").file == "config/more.oas.json"
    assert tmp_path / "config/more.oas.json" in watched_files(tmp_path)


def test_what_is_worth_a_reload_is_watched() -> None:
    names = {each.as_posix() for each in watched_files(Path("p"))}

    assert names == {
        "p/.env",
        "p/config/policies.json",
        "p/config/routes.oas.json",
        "p/devgw.toml",
        "p/emulators/workos.json",
        "p/modules/zuplo.runtime.ts",
        "p/zuplo.jsonc",
    }


@pytest.mark.parametrize("severity", ["note", "warning"])
def test_what_is_no_error_leaves_the_project_usable(tmp_path: Path, severity: str) -> None:
    options = {"rateLimitBy": "ip"}
    limits = policy(options, "rate-limit-inbound", "RateLimitInboundPolicy", "limit")
    listed = [policy(workos_options()), limits]
    paths = {"/mcp/x": {"post": operation(inbound=["workos-managed-oauth", "limit"] if severity == "note" else [])}}
    loaded = load(write(tmp_path, listed, paths), ENVIRON, Settings(root=tmp_path))

    assert loaded.project is not None
    assert severity in {each.severity.value for each in loaded.findings}


def test_a_start_builds_no_models_that_it_does_not_need(tmp_path: Path) -> None:
    """Start-up: ten other providers' models cost more than reading the project."""
    root = write(tmp_path)
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from devgw.config.load import load\nfrom devgw.settings import Settings\n"
        f"assert load(Path({str(root)!r}), {ENVIRON!r}, Settings()).project\n"
        "rare = {'devgw.config.wrappers', 'devgw.config.token_exchange', 'devgw.config.schemas'}\n"
        "extra = rare & set(sys.modules)\n"
        "assert not extra, extra\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
