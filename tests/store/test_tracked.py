"""A key that came with a clone is known to everybody who has the repository, however git writes down what it tracks."""

import shlex
import subprocess
from pathlib import Path

import pytest

from devgw.store.database import Database
from devgw.store.failure import StateUnusable
from devgw.store.migrations import MIGRATIONS
from devgw.store.sealing import load_key
from devgw.store.tracked import is_tracked, untrack

KEY = ".devgw/upstream.key"
NAMES = (KEY, ".devgw/upstream.key2", "examples/x/.devgw/devgw.db", "devgw.db.md", "z" * 200 + "/" + "y" * 200)


def git(folder: Path, *words: str) -> None:
    options = ("user.name=a", "user.email=a@b", "protocol.file.allow=always", "core.autocrlf=false")
    subprocess.run(
        ["git", *(word for each in options for word in ("-c", each)), *words],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def repository(folder: Path, *options: str) -> Path:
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    git(folder, "init", "-q", *options)
    git(folder, "add", "-f", ".")
    git(folder, "commit", "-qm", "all")
    return folder


def assert_known(root: Path) -> None:
    assert all(is_tracked(root / name) for name in NAMES)
    for name in (".devgw/devgw.db", "devgw.db", "upstream.key", ".devgw/upstream.ke", "evgw/upstream.key", "y" * 200):
        assert not is_tracked(root / name), name


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("hashes", ["sha1", "sha256"])
def test_what_git_tracks_is_known_by_its_exact_name(tmp_path: Path, version: str, hashes: str) -> None:
    root = repository(tmp_path, f"--object-format={hashes}")
    git(root, "update-index", "--index-version", version)
    assert_known(root)
    assert not is_tracked(Path("/nowhere/at/all"))


@pytest.mark.parametrize("version", ["3", "4"])
def test_a_file_that_git_is_told_to_pass_over_is_tracked_all_the_same(tmp_path: Path, version: str) -> None:
    """Its entry is longer by two bytes."""
    root = repository(tmp_path)
    git(root, "update-index", "--index-version", version)
    git(root, "update-index", "--skip-worktree", *NAMES)
    assert_known(root)


def test_what_stands_in_the_shared_part_of_a_split_index_is_tracked(tmp_path: Path) -> None:
    root = repository(tmp_path)
    git(root, "update-index", "--split-index")
    (root / "new").write_text("")
    git(root, "add", "new")
    assert_known(root)
    assert is_tracked(root / "new")


def test_a_worktree_and_a_submodule_have_their_index_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    root = repository(tmp_path / "one")
    git(root, "worktree", "add", "-q", str(tmp_path / "two"))
    assert_known(tmp_path / "two")
    (tmp_path / "three").mkdir()
    git(tmp_path / "three", "init", "-q")
    git(tmp_path / "three", "submodule", "add", "-q", str(root), "sub")
    assert_known(tmp_path / "three" / "sub")


def test_a_project_that_is_reached_by_a_link_into_a_repository_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    root = repository(tmp_path / "one")
    (tmp_path / "link").symlink_to(root / "examples" / "x")
    assert is_tracked(tmp_path / "link" / ".devgw" / "devgw.db")


@pytest.mark.parametrize("version", ["2", "4"])
def test_a_name_in_other_letters_is_the_same_file_on_many_disks(tmp_path: Path, version: str) -> None:
    root = repository(tmp_path)
    git(root, "update-index", "--index-version", version)
    assert is_tracked(root / ".DevGW" / "Upstream.key")


@pytest.mark.parametrize("content", [b"", b"DIRC", b"DIRC\0\0\0\4\xff\xff\xff\xff" + b"\xff" * 500, b"\0" * 99])
def test_an_index_that_is_none_tracks_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(content)
    assert not is_tracked(tmp_path / KEY)


@pytest.mark.parametrize("content", ["", "gitdir:", "gitdir: /nowhere", "gitdir: \0", "x" * 9_000])
def test_a_git_file_that_leads_nowhere_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / ".git").write_text(content)
    assert not is_tracked(tmp_path / KEY)


def test_a_key_of_a_worktree_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    git(repository(tmp_path / "one"), "worktree", "add", "-q", str(tmp_path / "two"))
    with pytest.raises(StateUnusable, match="git tracks it"):
        load_key(tmp_path / "two" / KEY)


@pytest.mark.parametrize("name", ["devgw.db", "upstream.key"])
def test_neither_a_database_nor_a_key_that_git_tracks_is_used(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-f", name)

    def use() -> object:
        return Database(tmp_path / name, MIGRATIONS) if name == "devgw.db" else load_key(tmp_path / name)

    with pytest.raises(StateUnusable, match="git tracks it") as refused:
        use()
    assert (tmp_path / name).read_text() == ""
    (tmp_path / name).rename(tmp_path / "away")
    with pytest.raises(StateUnusable, match="git tracks it"):  # it would go out with the next commit
        use()
    printed = str(refused.value).split("`")[1]
    subprocess.run(shlex.split(printed), cwd=tmp_path, check=True, capture_output=True)
    assert use()


def test_the_command_that_untracks_a_file_is_one_whatever_its_folder_is_called() -> None:
    path = Path("/home/ada/x;reboot $(id) it's/devgw.db")
    command = untrack(path).split("`")[1]
    assert shlex.split(command) == ["git", "rm", "--cached", str(path)]
