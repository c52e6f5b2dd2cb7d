"""`devgw init`: a project of one's own, and nothing lost."""

import json
import os
from pathlib import Path

import jsonschema
from click.testing import CliRunner

from devgw.cli.check import command as check
from devgw.cli.init import command
from devgw.config.sample import sample_root


def test_it_writes_a_project_that_devgw_reads_without_fault(tmp_path: Path) -> None:
    target = tmp_path / "new"
    result = CliRunner().invoke(command, [str(target)])

    assert result.exit_code == 0
    for name in ("config/policies.json", "config/routes.oas.json", ".env.example", "modules/zuplo.runtime.ts"):
        assert (target / name).read_text() == (sample_root() / name).read_text()
    assert (target / ".gitignore").read_text().split() == [".env", ".devgw/"]
    checked = CliRunner().invoke(check, [str(target)])
    assert checked.exit_code == 0, checked.output
    assert "built-in sample" not in checked.output


def test_it_wires_vs_code_with_schemas_that_take_what_it_wrote(tmp_path: Path) -> None:
    CliRunner().invoke(command, [str(tmp_path)])
    settings = json.loads((tmp_path / ".vscode/settings.json").read_text())

    for entry in settings["json.schemas"]:
        schema = json.loads((tmp_path / entry["url"]).read_text())
        (files,) = tmp_path.glob(entry["fileMatch"][0].lstrip("/"))
        jsonschema.Draft7Validator.check_schema(schema)
        jsonschema.validate(json.loads(files.read_text()), schema, jsonschema.Draft7Validator)


def test_what_exists_is_left_alone_and_named(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / ".vscode").mkdir()
    mine = {"config/policies.json": "mine", ".vscode/settings.json": "{}", ".gitignore": "node_modules\n.env\n"}
    for name, content in mine.items():
        (tmp_path / name).write_text(content)
    result = CliRunner().invoke(command, [str(tmp_path)])

    assert result.exit_code == 0
    assert {name: (tmp_path / name).read_text() for name in mine} == mine
    for name in mine:
        assert f"exists  {name}" in result.output
    assert "json.schemas" in result.output
    assert "Add to .gitignore, so that no secret is committed: .devgw/" in result.output

    second = CliRunner().invoke(command, [str(tmp_path)])
    assert "wrote" not in second.output


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file")
    result = CliRunner().invoke(command, [str(tmp_path)])

    assert result.exit_code == 1
    assert "config" in result.output
    assert "Name a folder that you may write to: devgw init DIR" in result.output


def test_what_stands_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    """Whoever opens a named pipe waits for its writer, for ever."""
    (tmp_path / ".vscode/settings.json").mkdir(parents=True)
    os.mkfifo(tmp_path / ".gitignore")
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.exit_code == 0
    assert ".gitignore, left as it is" in result.output
    assert "Add to .gitignore" in result.output


def test_what_is_said_of_the_sign_in_holds_for_a_shell_that_has_an_id(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("/.env\n/.devgw/\n")
    said = CliRunner().invoke(command, [str(tmp_path)]).output
    assert "As long as WORKOS_CLIENT_ID is set nowhere" in said
    assert "Add to .gitignore" not in said
