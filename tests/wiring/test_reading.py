"""What `devgw check` is content with, a start runs: both read the emulator's own file, and say where a fault is."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from devgw.config.load import Loaded
from devgw.config.sample import sample_root
from devgw.settings import EmulatorSettings, Settings
from devgw.wiring.reading import read_project
from tests.config.test_misspelt_members import is_told, members, renamed, slips

SEED: dict[str, Any] = json.loads((sample_root() / "emulators/workos.json").read_text())
REAL = {"WORKOS_CLIENT_ID": "client_01KC6057N3C66XJAXZ65YHAC72", "WORKOS_CLIENT_SECRET": "sk_test_abcdefghijklmnop"}


def read_with(project: Path, seed: str | bytes, environ: dict[str, str] | None = None, **settings: Any) -> Loaded:
    (project / "emulators/workos.json").write_bytes(seed.encode() if isinstance(seed, str) else seed)
    return read_project(Settings(root=project, **settings), environ or {})


def errors(loaded: Loaded) -> list[tuple[str, str]]:
    return [(each.file, each.code) for each in loaded.findings if each.severity == "error"]


NAMES = {path[-1]: path for path in members(SEED)}


@pytest.mark.parametrize("path", NAMES.values(), ids=str)
def test_a_slip_in_a_name_of_the_emulators_file_is_found(project: Path, path: tuple[str | int, ...]) -> None:
    for slip in slips(str(path[-1]))[::3]:
        loaded = read_with(project, json.dumps(renamed(SEED, path, slip)))
        assert loaded.project is None, slip
        assert is_told(loaded.findings, str(path[-1])), slip


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ('{"environments": [', "json-syntax"),
        ("", "json-syntax"),
        (b'{"environments": "\xe9"}', "file-not-utf8"),
        (json.dumps(SEED).encode("utf-16"), "file-not-utf8"),
        (json.dumps(SEED).encode("utf-16-le"), "file-not-utf8"),
        ("[" * 100_000, "json-syntax"),
        ('{"faults": [], ' + json.dumps(SEED)[1:-1] + ', "faults": []}', "duplicate-key"),
        ('{"environments": []}', "empty-value"),
        (json.dumps(SEED).replace('"mode": "staging"', '"mode": "stagin"'), "wrong-choice"),
        ("7", "wrong-type"),
        (json.dumps({"environments": SEED["environments"][:1] * 2}), "contradiction"),
    ],
    ids=range(11),
)
def test_whatever_is_wrong_in_the_emulators_file_is_all_that_is_said(
    project: Path, written: str | bytes, code: str
) -> None:
    loaded = read_with(project, written)
    assert loaded.project is None
    assert set(errors(loaded)) == {("emulators/workos.json", code)}


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to itself"])
def test_what_is_no_file_in_its_place_is_not_passed_over(project: Path, kind: str) -> None:
    path = project / "emulators/workos.json"
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path)
    loaded = read_project(Settings(root=project), {})
    assert {file for file, _ in errors(loaded)} == {"emulators/workos.json"}


def test_a_file_without_the_emulators_names_is_not_blamed_on_the_environment(project: Path) -> None:
    own = {"environments": [{"name": "a", "clientId": "client_01GS91XFB2YPR1C0NR5SH758Q0", "apiKey": "sk_test_own"}]}
    loaded = read_with(project, json.dumps(own))
    assert errors(loaded) == []
    assert loaded.project is not None
    assert loaded.project.oauth is not None
    assert loaded.project.oauth.login.client_id == "client_01GS91XFB2YPR1C0NR5SH758Q0"
    assert loaded.seed == own


def test_a_file_that_is_half_saved_sends_nobody_to_the_real_workos(project: Path) -> None:
    """The ids in `.env` are the emulator's own: as long as nobody knows which those are, nothing is loaded."""
    environ = {"WORKOS_CLIENT_ID": "client_01DEVGWSAMP1EENV1R0NMENT01", "WORKOS_CLIENT_SECRET": "sk_test_x"}
    assert read_with(project, json.dumps(SEED)[:200], environ).project is None


def test_mistakes_that_nobody_meets_are_nobodys(project: Path) -> None:
    misspelt = json.dumps(SEED).replace("redirectUris", "redirectUri")
    assert errors(read_with(project, misspelt, REAL)) == []
    assert errors(read_with(project, "{", REAL, emulators=EmulatorSettings(workos=False))) == []
    assert errors(read_with(project, "{", REAL, workos_base_url="http://localhost:9100")) == []
    assert errors(read_with(project, misspelt, REAL, emulators=EmulatorSettings(workos=True))) != []


def test_a_folder_with_that_file_alone_runs_the_sample_with_its_environments(tmp_path: Path) -> None:
    (tmp_path / "emulators").mkdir()
    own = {"environments": [{"name": "a", "clientId": "client_01GS91XFB2YPR1C0NR5SH758Q0", "apiKey": "sk_test_own"}]}
    loaded = read_with(tmp_path, json.dumps(own))
    assert loaded.is_sample
    assert loaded.seed == own


@pytest.mark.parametrize(
    "written",
    [
        '{"environments": [',
        "",
        b"\xff",
        "[" * 100_000,
        "7",
        '{"environments": [], "environments": []}',
        '{"enviroments": []}',
    ],
    ids=["half", "empty", "no text", "deep", "a number", "twice", "a slip"],
)
def test_the_emulators_file_stops_no_project_that_signs_in_at_workos_itself(
    project: Path, written: str | bytes
) -> None:
    loaded = read_with(project, written, REAL)
    assert loaded.project is not None
    assert not errors(loaded)
    assert not loaded.wants_emulator


def test_what_is_wrong_with_the_emulators_file_is_still_said_where_it_is_not_used(project: Path) -> None:
    loaded = read_with(project, "{", REAL)
    assert [each.severity for each in loaded.findings if each.file == "emulators/workos.json"] == ["warning"]


def test_a_folder_in_the_place_of_the_emulators_file_stops_nobody_who_does_not_use_it(project: Path) -> None:
    (project / "emulators/workos.json").unlink()
    (project / "emulators/workos.json").mkdir()
    assert read_project(Settings(root=project), REAL).project is not None
    assert read_project(Settings(root=project), {}).project is None


def test_a_file_that_is_emptied_while_the_emulator_signs_in_sends_nobody_to_the_real_workos(project: Path) -> None:
    """An editor empties a file before it writes it: for that moment nobody knows whose the id in `.env` is."""
    (project / "emulators/workos.json").write_text("")
    settings, own = Settings(root=project), "client_01GS91XFB2YPR1C0NR5SH758Q0"
    environ = {"WORKOS_CLIENT_ID": own, "WORKOS_CLIENT_SECRET": "sk_test_own"}
    assert read_project(settings, environ, emulated_id=own).project is None
    assert read_project(settings, REAL, emulated_id=own).project is not None
