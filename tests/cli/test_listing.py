"""`devgw clients`, `sessions` and `upstreams`: what the dashboard shows in its views, as lines or JSON."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sample_gateway import SampleGateway, sample_gateway
from tests.support.terminal import devgw


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleGateway]:
    with sample_gateway(tmp_path_factory.mktemp("listed")) as running:
        said = {name: running.run(name).stdout for name in ("clients", "sessions")}
        assert said == {
            "clients": "No client is known yet: one registers at the beginning of its login.\n",
            "sessions": "Nobody has signed in yet.\n",
        }
        assert running.run("login", "--as", "ada").returncode == 0
        assert running.run("call", "notes", "echo", "message=x", "--as", "bob").returncode == 0
        yield running


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("clients", [["devgw test client", "known", "dcr", "2"], ["devgw test client", "known", "dcr", "2"]]),
        ("sessions", [["bob@example.com", "live"], ["ada@acme.example", "live"]]),
        ("upstreams", [["notes", "ok", "1"], ["sample", "unknown", "0"]]),
    ],
)
def test_each_row_stands_in_the_table_as_json_and_by_its_id(
    gateway: SampleGateway, command: str, words: list[list[str]]
) -> None:
    lines = gateway.run(command).stdout.splitlines()[1:]
    assert len(lines) == len(words)
    assert [each for line, each in zip(lines, words, strict=True) if not all(word in line for word in each)] == []
    rows = [json.loads(line) for line in gateway.run(command, "--json").stdout.splitlines()]
    assert len(rows) == len(words)
    for row in rows:
        shown = gateway.run(command, row["id"])
        assert (shown.returncode, row["id"] in shown.stdout) == (0, True), shown.stderr
        assert json.loads(gateway.run(command, row["id"], "--json").stdout)["row"]["id"] == row["id"]


@pytest.mark.parametrize("command", ["clients", "sessions", "upstreams"])
def test_what_is_not_there_is_said(gateway: SampleGateway, command: str, tmp_path: Path) -> None:
    done = gateway.run(command, "nope")
    assert (done.returncode, "nope" in done.stderr, done.stdout) == (1, True, "")
    alone = subprocess.run(devgw(command), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (alone.returncode, "Start one with `devgw up`" in alone.stderr) == (1, True)
