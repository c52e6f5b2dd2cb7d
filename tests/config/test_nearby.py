"""A project that was meant, where somebody stands in another folder of it or beside it."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from devgw.cli.check import command
from devgw.config.nearby import nearby_project
from devgw.config.sample import sample_root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return shutil.copytree(sample_root(), tmp_path / "shop" / "gateway")


@pytest.mark.parametrize("where", ["config", "modules", "src/deep/er"])
def test_from_a_folder_within_a_project_it_is_found(project: Path, where: str) -> None:
    folder = project / where
    folder.mkdir(parents=True, exist_ok=True)

    assert nearby_project(folder) == project


def test_from_the_folder_around_a_project_it_is_found(project: Path) -> None:
    assert nearby_project(project.parent) == project


def test_where_there_is_none_none_is_found(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("no folder", encoding="utf-8")
    (tmp_path / "a").mkdir(mode=0o000)
    assert nearby_project(tmp_path) is None
    assert nearby_project(tmp_path / "gone") is None


def test_the_check_names_the_project_that_was_meant(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "config")
    said = CliRunner().invoke(command, []).output

    assert f"No project in {project / 'config'}" in said
    assert f"There is one in {project}: `devgw check {project}`." in said
