"""What is said of kept flows that cannot be used: which file it is, and that nothing but them is begun anew."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from devgw.cli.flows import command
from devgw.control.folder import FLOWS
from devgw.problems import Refused
from devgw.store.failure import StateUnusable
from devgw.store.flows import FlowStore
from tests.store.test_flows import NOON, RUN, flow, opened


def is_of_the_flows_alone(said: str) -> bool:
    """Tell whether a sentence speaks of the flows, and sends nobody to begin with clients and logins anew."""
    return "flows" in said and not any(each in said for each in ("state", "--ephemeral", "register", "sign in"))


def newer(path: Path) -> None:
    FlowStore(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version=99")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"once upon a time " * 500),
        lambda path: path.symlink_to(path.with_name("other")),
        lambda path: path.mkdir(),
        newer,
    ],
    ids=["no database", "a link", "a folder", "a newer one"],
)
def test_a_file_that_cannot_be_opened_is_called_what_it_is(make: object, tmp_path: Path) -> None:
    assert callable(make)
    make(tmp_path / FLOWS)
    with pytest.raises(StateUnusable) as caught:
        FlowStore(tmp_path / FLOWS)
    assert is_of_the_flows_alone(str(caught.value).replace(str(tmp_path), ""))


def test_a_file_that_is_damaged_while_it_is_read_makes_nobody_register_anew(tmp_path: Path) -> None:
    store = opened(tmp_path / FLOWS, RUN)
    store.save([flow(1, exchanges=1)], NOON)
    with closing(sqlite3.connect(tmp_path / FLOWS)) as shell:
        shell.execute("DROP TABLE exchange")
    with pytest.raises(Refused) as caught:
        store.find("f-000001")
    problem = caught.value.problem
    assert is_of_the_flows_alone(f"{problem.explain()} {problem.advise()}".replace(str(tmp_path), ""))


def test_flows_that_cannot_be_read_are_counted_and_not_said_to_be_none(tmp_path: Path) -> None:
    state = tmp_path / ".devgw"
    state.mkdir(mode=0o700)
    store = opened(state / FLOWS, RUN)
    store.save([flow(1), flow(2)], NOON)
    store.close()
    with closing(sqlite3.connect(state / FLOWS)) as database, database:
        database.execute("UPDATE flow SET row='once upon a time'")

    listed = CliRunner().invoke(command, ["--all", "-C", str(tmp_path)])

    assert listed.exit_code == 0, listed.output
    assert "2 of the flows that are kept cannot be read." in listed.output
