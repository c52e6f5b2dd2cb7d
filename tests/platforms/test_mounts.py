"""A project on a mount that cannot hold state: that moves to the person's own folder, and every command finds it."""

import asyncio
from pathlib import Path

import pytest

from devgw.control.state_place import folder_to_join, own_state_folder, placed
from devgw.platforms.paths import is_below, spelt
from devgw.settings import Settings
from tests.platforms.lacking import devgw_without, lacking
from tests.platforms.test_commands import logs_in
from tests.trust.process import GatewayProcess


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("modes", "file modes mean nothing"),
        ("locks", "files cannot be locked"),
        ("shared_memory", "no memory can be shared"),
    ],
)
async def test_state_moves_off_a_mount_that_cannot_hold_it_and_is_found_again(
    what: str, why: str, tmp_path: Path
) -> None:
    mount, home = tmp_path / "c", tmp_path / "state"
    (mount / "p").mkdir(parents=True)
    added = {"MOUNT": str(mount), "XDG_STATE_HOME": str(home)}
    async with GatewayProcess(mount / "p", environ=lacking(what, **added)) as gateway:
        await logs_in(gateway)
        done = await asyncio.to_thread(devgw_without, what, ("tokens",), gateway.root, **added)
        assert done.returncode == 0, done.stderr
        assert gateway.terminate() < 5
    said = gateway.log.read_text(encoding="utf-8")
    assert why in said
    assert "Traceback" not in said
    assert not (mount / "p" / ".devgw").exists()
    (kept,) = (home / "devgw" / "projects").iterdir()
    assert {each.name for each in kept.iterdir()} >= {"devgw.db", "upstream.key"}


def test_a_folder_that_can_hold_it_keeps_it(tmp_path: Path) -> None:
    settings, why = placed(Settings(root=tmp_path), {})
    assert (settings.state_path, why) == (tmp_path / ".devgw", "")
    assert not settings.state_path.exists()  # looking leaves nothing behind


def test_a_folder_that_somebody_named_is_never_another(tmp_path: Path) -> None:
    named = Settings(root=tmp_path, state_dir=tmp_path / "there")
    assert placed(named, {}) == (named, "")
    assert not (tmp_path / "there").exists()


def test_projects_of_one_name_have_a_folder_each(tmp_path: Path) -> None:
    roots = tmp_path / "a" / "p", tmp_path / "b" / "p"
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    first, second = (own_state_folder(each, environ) for each in roots)
    assert first != second
    first.mkdir(parents=True)
    (first / "control.json").touch()
    assert folder_to_join(Settings(root=roots[0]), environ) == first
    assert folder_to_join(Settings(root=roots[1]), environ) == roots[1] / ".devgw"


@pytest.mark.parametrize("typed", ["project", "PROJECT/Config", "Proje\u0301t", "x/../PROJECT"])
def test_a_path_is_the_one_that_its_folders_spell(typed: str, tmp_path: Path) -> None:
    """APFS takes another case, and accents in another form."""
    for each in ("Project/config", "Projét", "x"):
        (tmp_path / each).mkdir(parents=True)

    def same(one: Path, other: Path) -> bool:
        return str(one).casefold().replace("e\u0301", "é") == str(other).casefold().replace("e\u0301", "é")

    found = spelt(tmp_path / typed, same)
    assert found in {tmp_path / "Project", tmp_path / "Project" / "config", tmp_path / "Projét"}


def test_where_case_counts_another_case_is_another_file(tmp_path: Path) -> None:
    for each in ("Project", "project"):
        (tmp_path / each).mkdir()
    assert spelt(tmp_path / "project") == tmp_path / "project"
    assert not is_below(tmp_path / "project" / "x", tmp_path / "Project")
    assert spelt(tmp_path / "absent" / "Absent") == tmp_path / "absent" / "Absent"


def test_a_link_to_a_project_is_the_project(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert is_below(tmp_path / "link" / "state", tmp_path / "real")
    assert not is_below(tmp_path / "link" / ".." / "other", tmp_path / "real")
