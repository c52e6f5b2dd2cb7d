"""A host that nobody can be asked for is refused where it is written."""

from pathlib import Path

import pytest

from devgw.cli.up import command
from devgw.config.settings_file import SETTINGS, read_settings

LONG = "a" * 64
HOSTS = [LONG, f"box.{LONG}.lan", "a..b", "..", ".lan", "ü" * 64, "a" * 63 + "ü", ""]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_with_a_label_that_has_no_form_in_dns_is_a_mistake(host: str, tmp_path: Path) -> None:
    for environ, overrides, file in (({"DEVGW_HOST": host}, {}, "DEVGW_HOST"), ({}, {"host": host}, "--host")):
        settings, findings = read_settings(tmp_path, environ, overrides)
        assert settings.host == "localhost"
        assert [(each.code, each.file) for each in findings] == [("setting-value", file)]
        assert "such as localhost" in findings[0].message


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost.", "127.0.0.1", "::1", "::", "box", "box.lan", "bücher.lan", "a" * 63, "fe80::1%eth0"],
)
def test_every_other_host_is_taken(host: str, tmp_path: Path) -> None:
    settings, findings = read_settings(tmp_path, {}, {"host": host})
    assert settings.host == host
    assert {each.code for each in findings} <= {"host-not-loopback"}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: each.name)
def test_a_value_from_the_command_line_is_placed_at_a_flag_that_there_is(setting: object, tmp_path: Path) -> None:
    name = setting.name  # type: ignore[attr-defined]  # a setting
    _, findings = read_settings(tmp_path, {}, {name: object()})
    flag, _, named = findings[0].file.partition(" ")
    assert flag in {each for option in command.params for each in option.opts}
    assert named == ("" if flag == f"--{name.replace('_', '-')}" else name)
