"""The crash printer."""

import stat
from pathlib import Path

from devgw.dashboard import crash


def fail() -> None:
    bearer = "at_verysecret"
    raise RuntimeError(f"could not use {bearer}")


def test_a_crash_is_one_line_and_a_private_log_without_values(tmp_path: Path) -> None:
    try:
        fail()
    except RuntimeError as error:
        said = crash.report(error, {"XDG_CACHE_HOME": str(tmp_path)})

    log = tmp_path / "devgw" / "dashboard-crash.log"
    assert said.startswith("devgw: the dashboard failed: RuntimeError at fail")
    assert "\n" not in said
    assert "verysecret" not in said + log.read_text(encoding="utf-8")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "in fail" in log.read_text(encoding="utf-8")
