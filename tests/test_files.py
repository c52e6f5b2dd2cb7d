"""What devgw writes: made exclusively, for its owner alone, never through a link, never over what it did not write."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devgw.files import FileRefused, create, own, own_folder, replace


def linked(path: Path) -> Path:
    """Put a symbolic link at `path`; return the file outside to which it leads."""
    outside = path.parent.parent / "outside.txt"
    outside.write_text("precious")
    path.symlink_to(outside)
    return outside


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own_folder(tmp_path / "state")
    return tmp_path / "state"


@pytest.mark.parametrize("write", [own, replace], ids=lambda each: each.__name__)
def test_nothing_is_written_through_a_link(folder: Path, write: Callable[[Path], object]) -> None:
    outside = linked(folder / "file")
    with pytest.raises(FileRefused, match="symbolic link"):
        write(folder / "file")
    assert outside.read_text() == "precious"


def test_a_dangling_link_creates_nothing_where_it_leads(folder: Path) -> None:
    (folder / "file").symlink_to(folder.parent / "not there")
    for write in (create, own, replace):
        with pytest.raises(OSError):  # noqa: PT011  each in its own words
            write(folder / "file")
    assert not (folder.parent / "not there").exists()


def test_a_hard_link_to_another_file_is_no_file_of_ours(folder: Path) -> None:
    outside = folder.parent / "outside.txt"
    outside.write_text("precious")
    os.link(outside, folder / "file")
    for write in (own, replace):
        with pytest.raises(FileRefused, match="second name"):
            write(folder / "file")
    assert outside.read_text() == "precious"


def test_a_pipe_or_folder_in_a_files_place_is_refused_at_once(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(FileRefused, match="plain file"):
        own(folder / "pipe")
    (folder / "folder").mkdir()
    with pytest.raises(OSError):  # noqa: PT011  the system says so
        own(folder / "folder")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_what_belongs_to_another_user_is_refused(folder: Path) -> None:
    (folder / "file").write_text("")
    os.chown(folder / "file", 12345, 12345)
    with pytest.raises(FileRefused, match="another user"):
        own(folder / "file")
    os.chown(folder, 12345, 12345)
    with pytest.raises(FileRefused, match="another user"):
        own_folder(folder)


def test_files_and_folders_that_devgw_makes_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert own_folder(tmp_path / "a" / "state")
        with create(tmp_path / "a" / "state" / "file"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "state" / "file").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_what_others_could_read_is_taken_from_them_and_refused_as_a_secret(folder: Path, mode: int) -> None:
    (folder / "file").write_text("precious")
    (folder / "file").chmod(mode)
    with pytest.raises(FileRefused, match="may read it"):
        own(folder / "file", is_secret=True)
    with own(folder / "file"):
        pass
    assert (folder / "file").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_devgw_made_is_closed_again_and_any_other_keeps_its_mode(tmp_path: Path) -> None:
    own_folder(tmp_path / "ours")
    (tmp_path / "ours").chmod(0o755)
    assert own_folder(tmp_path / "ours")
    assert (tmp_path / "ours").stat().st_mode & 0o777 == 0o700
    (tmp_path / "theirs").mkdir(mode=0o755)
    assert not own_folder(tmp_path / "theirs")
    assert (tmp_path / "theirs").stat().st_mode & 0o777 == 0o755
    assert not (tmp_path / "theirs" / ".gitignore").exists()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o707])
def test_a_folder_in_which_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    with pytest.raises(FileRefused, match="chmod go-w"):
        own_folder(tmp_path / "open")


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileRefused, match="symbolic link"):
        own_folder(tmp_path / "state")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_secret_that_others_may_read_is_a_secret_no_more(folder: Path) -> None:
    path = folder / "key"
    path.write_text("known")
    path.chmod(0o644)
    with pytest.raises(FileRefused, match="other users may read it"):
        own(path, is_secret=True)
    own(path).close()
    own(path, is_secret=True).close()


def test_a_pipe_that_nobody_writes_is_no_mark_of_ours_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    assert not own_folder(tmp_path)
