"""`devgw check`: what people, programs and hooks get to see."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from devgw.cli.check import command
from tests.config.bench import ENVIRON, operation, policy, workos_options, write


def check(*arguments: str, environ: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(command, list(arguments), env={**ENVIRON, **(environ or {})})


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    paths = {
        "/mcp/x": {"post": operation(inbound=["workos-manged-oauth"])},
        "/mcp/y": {"post": operation("http://a.example/m", "y")},
    }
    return write(tmp_path, [policy(workos_options(scop="openid"))], paths)


def test_a_good_project_ends_with_0(tmp_path: Path) -> None:
    result = check(str(write(tmp_path)))

    assert result.exit_code == 0
    assert result.output.endswith("Nothing to find fault with.\n")
    assert (
        "WORKOS_CLIENT_ID = client_01KC6057N3C66XJAXZ65YHAC72  (from process; used at config/policies.json:10)"
        in result.output
    )
    assert ENVIRON["WORKOS_CLIENT_SECRET"] not in result.output


@pytest.mark.usefixtures("broken")
def test_people_get_line_and_caret() -> None:
    result = check()

    assert result.exit_code == 1
    lines = result.output.splitlines()
    first = next(number for number, line in enumerate(lines) if "unknown-option" in line)
    assert lines[first].startswith("config/policies.json:12:11: error: `scop` is no option here.")
    assert lines[first + 1] == '  12 |           "scop": "openid"'
    assert lines[first + 2] == "     |           ^^^^^^"
    assert lines[first + 3] == "  → Did you mean `scope`?"
    assert lines[-1] == "2 errors, 1 warning"


@pytest.mark.usefixtures("broken")
def test_programs_get_json() -> None:
    result = check("--format", "json")
    found = json.loads(result.output)

    assert result.exit_code == 1
    assert [each["code"] for each in found][:2] == ["unknown-option", "policy-missing"]
    assert found[0]["pointer"] == "/policies/0/handler/options/scop"
    assert found[0]["nearest"] == "scope"


@pytest.mark.usefixtures("broken")
def test_github_gets_annotations() -> None:
    lines = check("--format", "github").output.splitlines()

    assert lines[0] == (
        "::error file=config/policies.json,line=12,col=11,title=unknown-option,endColumn=17::"
        "`scop` is no option here. Did you mean `scope`?"
    )
    assert any(line.startswith("::warning file=config/routes.oas.json,") for line in lines)


@pytest.mark.usefixtures("broken")
def test_code_scanning_gets_sarif() -> None:
    """SARIF 2.1.0 §3.27: ruleId, level, message, locations."""
    log = json.loads(check("--format", "sarif").output)
    (run,) = log["runs"]
    first = run["results"][0]

    assert log["version"] == "2.1.0"
    assert first["ruleId"] == "unknown-option"
    assert first["level"] == "error"
    physical = first["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "config/policies.json"}
    assert physical["region"] == {"startLine": 12, "startColumn": 11, "endColumn": 17}
    assert {each["ruleId"] for each in run["results"]} == {each["id"] for each in run["tool"]["driver"]["rules"]}


def test_files_are_named_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gateway").mkdir()
    write(tmp_path / "gateway", [policy(workos_options(scop="x"))])
    monkeypatch.chdir(tmp_path)

    assert "file=gateway/config/policies.json," in check("gateway", "--format", "github").output


def test_settings_are_checked_along(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "devgw.toml").write_text("prot = 1")
    result = check(str(tmp_path))

    assert result.exit_code == 1
    assert "Did you mean `port`?" in result.output


def test_without_a_project_the_sample_is_checked_and_that_is_said(tmp_path: Path) -> None:
    result = check(str(tmp_path))

    assert result.exit_code == 0
    assert "built-in sample" in result.output


def test_a_folder_that_does_not_exist_is_a_mistake_of_usage() -> None:
    assert check("/nowhere/at/all").exit_code == 2


def test_a_literal_secret_is_shown_nowhere(tmp_path: Path) -> None:
    root = write(tmp_path, [policy(workos_options(clientSecret="sk_test_donotshowme12345"))])
    for form in ("human", "json", "github", "sarif"):
        assert "donotshowme" not in check(str(root), "--format", form).output


def test_it_brings_no_server_along(tmp_path: Path) -> None:
    """Fast enough for a pre-commit hook: none of the heavy parts is imported."""
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom devgw.cli.check import command\n"
        f"assert CliRunner().invoke(command, [{str(write(tmp_path))!r}], env={ENVIRON!r}).exit_code == 0\n"
        "heavy = {'quart', 'textual', 'hypercorn', 'httpx2', 'aiohttp', 'sqlite3', 'authlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("line", "column", "length", "expected"),
    [("\tab", 2, 2, "\t^^"), ("日本 x", 4, 1, "     ^"), ("", 1, 1, "^"), ("a", 5, 3, " ^")],
)
def test_the_caret_stands_below_wide_characters_and_tabs(line: str, column: int, length: int, expected: str) -> None:
    from devgw.config.finding import Finding, Severity  # noqa: PLC0415  for this test alone
    from devgw.config.report import caret  # noqa: PLC0415  for this test alone

    facts: dict[str, Any] = {"line": 1, "column": column, "length": length, "source_line": line}
    assert caret(Finding("c", Severity.ERROR, "f", "m", **facts)) == expected


def test_github_commands_are_escaped() -> None:
    """GitHub's workflow commands: % and line breaks in the text, commas and colons in the properties too."""
    from devgw.config.finding import Finding, Severity  # noqa: PLC0415  for this test alone
    from devgw.config.report import as_github  # noqa: PLC0415  for this test alone

    found = as_github([Finding("c", Severity.NOTE, "a,b:c.json", "50% of\nit", line=1, column=2)])
    assert found == "::notice file=a%2Cb%3Ac.json,line=1,col=2,title=c,endColumn=3::50%25 of%0Ait"
