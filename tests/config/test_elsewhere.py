"""Which settings of a project send a person, a code or a secret elsewhere than its configuration says."""

import json
from pathlib import Path

import pytest

from devgw.config.elsewhere import SENT_ELSEWHERE
from devgw.config.settings_file import read_settings

CLIENT = "https://client.example/id.json"


def told(root: Path, toml: str, **environ: str) -> list[str]:
    (root / "devgw.toml").write_text(toml)
    _, findings = read_settings(root, environ)
    assert all(each.file == "devgw.toml" and each.line for each in findings)
    return [each.message for each in findings if each.code == SENT_ELSEWHERE]


@pytest.mark.parametrize(
    "url", ["https://workos.example", "http://10.0.0.7:9001", "https://api.workos.com.evil.example"]
)
def test_another_host_in_the_place_of_workos(tmp_path: Path, url: str) -> None:
    said = told(tmp_path, f'[workos]\nbase_url = "{url}"')
    assert said == [f"People sign in at {url}, in place of https://api.workos.com."]


@pytest.mark.parametrize("url", ["https://api.workos.com", "http://localhost:4100", "http://[::1]:1"])
def test_workos_itself_and_a_stand_in_on_this_machine_are_nowhere_else(tmp_path: Path, url: str) -> None:
    assert told(tmp_path, f'[workos]\nbase_url = "{url}"') == []


@pytest.mark.parametrize("table", ["authorization_server_metadata", "protected_resource_metadata"])
@pytest.mark.parametrize(
    "member",
    [
        'authorization_endpoint = "https://away.example/x"',
        'token_endpoint = "https://AWAY.example:443/x"',
        'authorization_servers = ["http://localhost:1", "https://away.example"]',
        'deep = {more = [{x = "https://away.example/"}]}',
    ],
)
def test_what_is_laid_over_an_upstreams_documents(tmp_path: Path, table: str, member: str) -> None:
    said = told(tmp_path, f"[upstreams.linear.{table}]\n{member}")
    assert said == [f"The sign-in at the upstream `linear` uses https://away.example, by its `{table}`."]
    local = member.replace("away.example", "localhost").replace("AWAY.example", "localhost")
    assert told(tmp_path, f"[upstreams.linear.{table}]\n{local}") == []
    assert told(tmp_path, f'[upstreams.linear.{table}]\ncode_challenge_methods_supported = ["S256"]') == []


@pytest.mark.parametrize(
    ("uris", "away"),
    [
        (["http://127.0.0.1/cb", "https://client.example/cb", "com.example.app:/cb"], ""),
        (["https://client.example/cb", "https://away.example/cb"], "https://away.example"),
        ([], ""),
    ],
)
def test_where_the_copy_of_a_clients_document_lets_codes_go(tmp_path: Path, uris: list[str], away: str) -> None:
    (tmp_path / "copy.json").write_text(json.dumps({"client_id": CLIENT, "redirect_uris": uris}))
    said = told(tmp_path, f'[client_documents]\n"{CLIENT}" = "copy.json"')
    assert said == ([f"Codes for the client {CLIENT} are sent to {away}, by the copy of its document."] if away else [])


def test_what_the_persons_own_environment_says_is_no_setting_of_the_project(tmp_path: Path) -> None:
    _, findings = read_settings(tmp_path, {"DEVGW_WORKOS_BASE_URL": "https://workos.example"})
    assert [each.file for each in findings] == ["DEVGW_WORKOS_BASE_URL"]
