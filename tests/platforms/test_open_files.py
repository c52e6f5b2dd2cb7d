"""What is said where no more files may be open: what this shell can do, and never a limit that it would be refused."""

import errno
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from devgw.platforms.windows import Windows
from devgw.wiring.cause import cause_of

_ASKED = """
import errno, json, pathlib
from devgw.platforms.here import here
from devgw.store.failure import advice_on, unusable
from devgw.wiring.cause import cause_of
from devgw.wiring.project_watch import _without_events
full = OSError(errno.EMFILE, "Too many open files", "/x/devgw.db")
print(json.dumps([
    here().how_to_open_more(), cause_of(full).fix, advice_on(full), str(unusable(pathlib.Path("/x"), full)),
    _without_events(full).fix,
]))
"""


def told(limits: str) -> list[str]:
    """Return the advice of every place in a shell with these limits."""
    command = ["sh", "-c", f'{limits} && exec "$@"', "sh", sys.executable, "-c", _ASKED]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return [str(each) for each in json.loads(done.stdout)]


@pytest.mark.parametrize("most", [256, 1_024, 4_096])
def test_a_limit_that_the_hard_one_refuses_is_named_nowhere(most: int) -> None:
    for each in told(f"ulimit -n {most}"):
        assert "`ulimit -n " not in each
        assert "Raise the number" not in each
        assert "Start devgw from another shell" in each
        assert f"hard limit, now {most:,} (`ulimit -Hn`)" in each


@pytest.mark.parametrize(("soft", "hard"), [(100, 256), (256, 1_024), (1_024, 1_025)])
def test_a_limit_that_may_be_set_is_named_as_it_may(soft: int, hard: int) -> None:
    for each in told(f"ulimit -n {hard} && ulimit -Sn {soft}"):
        (named,) = re.findall(r"`ulimit -n (\d+)`", each)
        assert soft < int(named) <= hard
        assert "start devgw again" in each


def test_where_there_is_no_limit_of_the_shells_none_is_named() -> None:
    assert "ulimit" not in Windows().how_to_open_more()


def test_other_reasons_keep_their_own_advice() -> None:

    assert "ulimit" not in cause_of(OSError(errno.EACCES, "Permission denied")).fix
