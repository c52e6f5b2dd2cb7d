"""`[upstreams.<id>]` of devgw.toml."""

from pathlib import Path

import pytest

from devgw.config.settings_file import read_settings


def test_an_overlay_is_read_per_upstream(tmp_path: Path) -> None:
    """Issue 5.4: a broken provider document is mended locally."""
    (tmp_path / "devgw.toml").write_text(
        """
        port = 9100

        [upstreams.linear]
        client_metadata_url = "https://me.example/client.json"

        [upstreams.linear.authorization_server_metadata]
        issuer = "https://linear.example"
        code_challenge_methods_supported = ["S256"]

        [upstreams."my notes".protected_resource_metadata]
        scopes_supported = ["read"]
        """
    )
    settings, findings = read_settings(tmp_path, {})
    assert [each.code for each in findings] == ["sent-elsewhere"]
    assert settings.port == 9100
    assert settings.upstreams["linear"].authorization_server_metadata == {
        "issuer": "https://linear.example",
        "code_challenge_methods_supported": ["S256"],
    }
    assert settings.upstreams["linear"].client_metadata_url == "https://me.example/client.json"
    assert settings.upstreams["my notes"].protected_resource_metadata == {"scopes_supported": ["read"]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[upstreams.x]\nauthorization_server_metadta = {}", "is no setting"),
        ('[upstreams.x]\nclient_metadata_url = "http://me.example"', "must be an https URL"),
        ('[upstreams.x]\nprotected_resource_metadata = "no"', "must be a table"),
        ('upstreams = "no"', "one table per upstream"),
    ],
)
def test_what_does_not_fit_is_a_finding(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "devgw.toml").write_text(text)
    _, findings = read_settings(tmp_path, {})
    (finding,) = findings
    assert says in finding.message
    assert "devgw.toml" in str(finding)
