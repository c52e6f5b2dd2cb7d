"""A start that was killed in the middle: the next one finishes what was begun, where nothing can be lost by it."""

from pathlib import Path

import pytest

from devgw.files import is_made_by_devgw, own, own_folder
from devgw.settings import Settings
from devgw.store.failure import StateUnusable
from devgw.store.sealing import load_key
from tests.support.gateway import running_gateway


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own_folder(tmp_path / "state")
    return tmp_path / "state"


@pytest.mark.parametrize("half", [None, b"", b"*"], ids=["no mark", "an empty mark", "half a mark"])
def test_a_state_folder_that_was_only_begun_is_finished(tmp_path: Path, half: bytes | None) -> None:
    """Without its mark git would take database and key."""
    folder = tmp_path / ".devgw"
    folder.mkdir(mode=0o700)
    if half is not None:
        (folder / ".gitignore").write_bytes(half)
    assert own_folder(folder)
    assert is_made_by_devgw(folder)


@pytest.mark.parametrize(
    ("name", "mode", "inside"),
    [
        ("theirs", 0o700, {}),
        ("theirs", 0o700, {".gitignore": b"*"}),
        (".devgw", 0o755, {}),
        (".devgw", 0o700, {"notes.txt": b"mine"}),
        (".devgw", 0o700, {".gitignore": b"*.log\n"}),
        (".devgw", 0o700, {".gitignore": b"", "notes.txt": b"mine"}),
    ],
)
def test_a_folder_of_somebody_elses_is_not_taken_for_one_that_was_begun(
    tmp_path: Path, name: str, mode: int, inside: dict[str, bytes]
) -> None:
    folder = tmp_path / name
    folder.mkdir(mode=mode)
    folder.chmod(mode)
    for each, content in inside.items():
        (folder / each).write_bytes(content)
    assert not own_folder(folder)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == inside


def test_a_mark_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    folder, outside = tmp_path / ".devgw", tmp_path / "outside"
    outside.touch()
    folder.mkdir(mode=0o700)
    (folder / ".gitignore").symlink_to(outside)
    assert not own_folder(folder)
    assert (outside.read_bytes(), (folder / ".gitignore").is_symlink()) == (b"", True)


@pytest.mark.parametrize("begun", [b"", b"\n", b"c2VjcmV0"], ids=["empty", "a line's end", "half"])
def test_a_key_that_was_only_begun_is_finished_where_nothing_can_be_sealed_with_it(folder: Path, begun: bytes) -> None:
    path = folder / "upstream.key"
    own(path).close()
    path.write_bytes(begun)
    key = load_key(path, is_used=False)
    assert len(key) == 44
    assert load_key(path) == key


@pytest.mark.parametrize("begun", [b"", b"c2VjcmV0"], ids=["empty", "half"])
def test_a_key_by_which_something_may_be_sealed_is_left_and_said_with_what_mends_it(folder: Path, begun: bytes) -> None:
    path = folder / "upstream.key"
    own(path).close()
    path.write_bytes(begun)
    with pytest.raises(StateUnusable, match=r"it is no key that devgw made\. Move it away: a new key is made"):
        load_key(path)
    assert path.read_bytes() == begun


@pytest.mark.parametrize("other", [b"somebody's own notes, and no key", b"x" * 200])
def test_what_is_no_beginning_of_a_key_is_left_in_any_case(folder: Path, other: bytes) -> None:
    path = folder / "upstream.key"
    own(path).close()
    path.write_bytes(other)
    with pytest.raises(StateUnusable, match="it is no key that devgw made"):
        load_key(path, is_used=False)
    assert path.read_bytes() == other


async def test_a_gateway_starts_over_what_the_first_start_had_begun(tmp_path: Path) -> None:
    state = tmp_path / ".devgw"
    state.mkdir(mode=0o700)
    (state / ".gitignore").touch()
    own_folder(state)
    for name in ("upstream.key", "devgw.db", "gateway.lock"):
        own(state / name).close()
    async with running_gateway(tmp_path, settings=Settings(port=0, root=tmp_path), ephemeral=False):
        assert len(load_key(state / "upstream.key")) == 44


async def test_a_database_that_holds_nothing_any_more_is_said_to_have_been_emptied(tmp_path: Path) -> None:
    settings, database = Settings(port=0, root=tmp_path), tmp_path / ".devgw" / "devgw.db"
    said = f"{database} was empty: nobody who signed in before is known any more"
    async with running_gateway(tmp_path, settings=settings, ephemeral=False) as first:
        assert not any(said in each for each in first.runtime.notes)
    async with running_gateway(tmp_path, settings=settings, ephemeral=False) as second:
        assert not any(said in each for each in second.runtime.notes)
    for each in database.parent.glob("devgw.db*"):
        each.unlink()
    own(database).close()
    async with running_gateway(tmp_path, settings=settings, ephemeral=False) as third:
        assert any(said in each for each in third.runtime.notes)
    async with running_gateway(tmp_path, settings=settings, ephemeral=False) as fourth:
        assert not any(said in each for each in fourth.runtime.notes)
