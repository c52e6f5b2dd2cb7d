"""The evidence of defects: bounded, masked, the owner's alone."""

from pathlib import Path

import pytest

from devgw.control.folder import LOG
from devgw.wiring.log import log_writer


def test_what_is_written_is_for_its_owner_alone_and_without_secrets(tmp_path: Path) -> None:
    write = log_writer(tmp_path)
    write("painter failed\nValueError: at_" + "A1b2" * 8 + " \x1b]0;owned\x07\n")
    write("again")
    told = (tmp_path / LOG).read_text()
    assert (tmp_path / LOG).stat().st_mode & 0o777 == 0o600
    assert "painter failed\nValueError: at_…#" in told
    assert "A1b2A1b2" not in told
    assert "\x1b" not in told
    assert told.endswith("again\n")


def test_a_log_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / LOG).write_text("before\n")
    (tmp_path / LOG).chmod(0o644)
    log_writer(tmp_path)("after")
    assert (tmp_path / LOG).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / LOG).read_text() == "before\nafter\n"


def test_the_older_half_goes_where_it_grows_too_long(tmp_path: Path) -> None:
    write = log_writer(tmp_path, most_bytes=1_000)
    for number in range(200):
        write(f"line {number:04d} of the log")
        assert (tmp_path / LOG).stat().st_size <= 1_000
    lines = (tmp_path / LOG).read_text().splitlines()
    assert lines == [f"line {number:04d} of the log" for number in range(200 - len(lines), 200)]
    assert len(lines) > 15
    write("x" * 5_000)
    assert (tmp_path / LOG).stat().st_size <= 1_001


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("theirs")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / LOG).symlink_to(outside)
    log_writer(tmp_path / "state")("ours")
    assert outside.read_text() == "theirs"


@pytest.mark.parametrize("folder", [None, Path("/nonexistent/devgw")])
def test_where_nothing_is_kept_nothing_is_written(folder: Path | None) -> None:
    log_writer(folder)("a traceback")
