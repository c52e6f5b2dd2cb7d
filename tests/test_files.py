"""What devgw writes: made exclusively, for its owner alone, never through a link, never over what it did not write."""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devgw.files import FileRefused, create, is_made_by_devgw, own, own_folder, replace, todo_of, write_new
from devgw.store.failure import StateUnusable
from devgw.store.sealing import load_key


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


def test_a_file_of_ours_is_opened_again_as_it_is_at_its_beginning(folder: Path) -> None:
    with own(folder / "file") as file:
        file.write(b"first")
    with own(folder / "file") as file:
        assert (file.read(), file.writable(), file.name is not None) == (b"first", True, True)
        file.seek(0)
        file.write(b"F")
    assert (folder / "file").read_bytes() == b"First"


def test_a_replaced_file_is_another_one_and_empty(folder: Path) -> None:
    replace(folder / "file").close()
    with own(folder / "file") as old:
        old.write(b"old")
        with replace(folder / "file") as new:
            assert os.fstat(new.fileno()).st_ino != os.fstat(old.fileno()).st_ino
            assert new.read() == b""
            new.write(b"new")
    assert (folder / "file").read_bytes() == b"new"
    with pytest.raises(FileExistsError):
        create(folder / "file")


def test_a_file_may_be_made_for_others_to_read(folder: Path) -> None:
    before = os.umask(0)
    try:
        create(folder / "file", 0o644).close()
    finally:
        os.umask(before)
    assert (folder / "file").stat().st_mode & 0o777 == 0o644


def test_what_is_refused_is_not_kept_open(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "key").write_text("")
    (folder / "key").chmod(0o644)
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("the system does not list what is open")
    before = len(list(descriptors.iterdir()))
    for _ in range(20):
        for path in (folder / "pipe", folder / "key"):
            with pytest.raises(FileRefused):
                own(path, is_secret=True)
        is_made_by_devgw(folder)
    assert len(list(descriptors.iterdir())) <= before


def test_a_state_folder_is_a_folder_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    link, no_folder = "it is a symbolic link", "it is no folder"
    for path, why, named in (("link", link, "link"), ("file", no_folder, "file"), ("file/state", no_folder, "file")):
        with pytest.raises(FileRefused) as refused:
            own_folder(tmp_path / path)
        assert (refused.value.strerror, refused.value.filename) == (why, str(tmp_path / named))
    with pytest.raises(NotADirectoryError):
        own_folder(tmp_path / "file" / "b" / "state")
    assert own_folder(tmp_path / "a" / "b" / "state")
    assert own_folder(tmp_path / "a" / "b" / "other")


def test_what_mends_a_refusal_is_its_own_or_to_move_it_away() -> None:
    assert todo_of(FileRefused(Path("x"), "why", "Do that")) == "Do that"
    assert todo_of(FileRefused(Path("x"), "why")) == "Move it away"
    assert todo_of(OSError(28, "No space left")) == "Move it away"
    refused = FileRefused(Path("x"), "it is odd")
    assert (refused.errno, refused.strerror, refused.filename) == (errno.EPERM, "it is odd", "x")


@pytest.mark.parametrize(
    ("text", "is_ours"),
    [("*\n", True), ("*", False), ("*\n!kept\n", False), ("", False), ("x\n*\n", False), (None, False)],
)
def test_a_folder_is_known_by_its_mark_alone(tmp_path: Path, text: str | None, *, is_ours: bool) -> None:
    if text is not None:
        (tmp_path / ".gitignore").write_text(text)
    assert is_made_by_devgw(tmp_path) is is_ours
    assert own_folder(tmp_path) is is_ours


def test_a_mark_that_is_a_link_marks_nothing(tmp_path: Path) -> None:
    own_folder(tmp_path / "ours")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / ".gitignore").symlink_to(tmp_path / "ours" / ".gitignore")
    assert not is_made_by_devgw(tmp_path / "theirs")


@pytest.mark.parametrize("mode", [0o777, 0o755, 0o750, 0o701, 0o710, 0o720, 0o704])
def test_a_folder_of_ours_is_closed_again_to_whomever_it_was_opened(tmp_path: Path, mode: int) -> None:
    assert own_folder(tmp_path / "ours")
    assert (tmp_path / "ours" / ".gitignore").read_bytes() == b"*\n"
    (tmp_path / "ours").chmod(mode)
    assert own_folder(tmp_path / "ours")
    assert (tmp_path / "ours").stat().st_mode & 0o777 == 0o700


def test_a_new_name_and_its_absence_are_the_systems_to_tell(folder: Path) -> None:
    for write in (create, own, replace):
        with pytest.raises(FileNotFoundError):
            write(folder / "absent" / "file")


@contextmanager
def no_room() -> Iterator[None]:
    """Let no byte be written to a file until the block ends, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_for_which_there_is_no_room_is_named_and_no_half_of_it_stays(folder: Path) -> None:
    with no_room(), pytest.raises(OSError, match=r"file") as met:
        write_new(folder / "file", b"whole")
    assert met.value.filename == str(folder / "file")
    assert not (folder / "file").exists()
    write_new(folder / "file", b"whole")
    assert (folder / "file").read_bytes() == b"whole"


def test_a_state_folder_without_room_for_its_mark_is_not_left_for_somebody_elses(tmp_path: Path) -> None:
    with no_room(), pytest.raises(OSError, match="state'"):
        own_folder(tmp_path / "state")
    assert not (tmp_path / "state").exists()
    assert own_folder(tmp_path / "state")
    assert is_made_by_devgw(tmp_path / "state")


def test_a_key_for_which_there_is_no_room_is_not_said_to_be_in_the_way(folder: Path) -> None:
    with no_room(), pytest.raises(StateUnusable) as met:
        load_key(folder / "upstream.key")
    assert "upstream.key cannot be made: " in str(met.value)
    assert "Move it away:" not in str(met.value)
    assert not (folder / "upstream.key").exists()
