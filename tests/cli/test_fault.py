"""`devgw fault`: what goes wrong on purpose is set by name, seen while it lasts, and named by devgw when it happens."""

import json
from collections.abc import Iterator

import pytest

from devgw.emulators.upstream_auth.faults import SampleFault
from devgw.emulators.workos.scenarios import SCENARIOS
from tests.support.sample_gateway import SampleGateway, sample_gateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleGateway]:
    with sample_gateway(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_wrong(gateway: SampleGateway) -> None:
    assert gateway.run("fault", "--clear").stdout == "Nothing goes wrong on purpose now.\n"


def faults(gateway: SampleGateway) -> dict[str, dict[str, object]]:
    rows = [json.loads(line) for line in gateway.run("fault", "--json").stdout.splitlines()]
    return {row["name"]: row for row in rows}


def is_told(gateway: SampleGateway) -> bool:
    return "faults on purpose" in gateway.run("why").stdout


def test_every_fault_of_both_emulators_has_one_name_and_says_what_is_seen(gateway: SampleGateway) -> None:
    found = faults(gateway)
    assert found.keys() == SCENARIOS.keys() | {each.value.replace("_", "-") for each in SampleFault}
    assert len(found) == len(SCENARIOS) + len(SampleFault)
    assert all(row["meaning"] for row in found.values())
    assert not [name for name, row in found.items() if row.get("is_set")]


def test_a_fault_happens_as_often_as_it_is_to_stands_in_why_meanwhile_and_is_named(gateway: SampleGateway) -> None:
    done = gateway.run("fault", "code_expired", "--times", "2")
    assert (done.returncode, "2 more" in done.stdout) == (0, True), done.stderr
    assert "code-expired at WorkOS, 2 more" in gateway.run("why").stdout
    for left in ({"is_set": True, "left": 1}, {}):
        assert "502" in gateway.run("login", "--as", "ada").stderr
        row = faults(gateway)["code-expired"]
        assert {name: row[name] for name in ("is_set", "left") if row.get(name)} == left
    assert "WORK-06" in gateway.run("why").stdout
    assert not is_told(gateway)
    assert gateway.run("login", "--as", "ada").returncode == 0


def test_one_that_stays_is_there_until_it_is_cleared(gateway: SampleGateway) -> None:
    assert "until cleared" in gateway.run("fault", "mcp-html", "--stay").stdout
    assert gateway.run("call", "notes", "--as", "bob").returncode == 1
    assert gateway.run("call", "notes", "--as", "bob").returncode == 1
    assert is_told(gateway)
    gateway.run("fault", "--clear")
    assert not is_told(gateway)
    assert gateway.run("call", "notes", "--as", "bob").returncode == 0


def test_redirect_uris_that_were_forgotten_come_back(gateway: SampleGateway) -> None:
    gateway.run("fault", "redirect-uri-unregistered")
    assert is_told(gateway)
    assert "Invalid redirect URI" in gateway.run("login", "--as", "ada").stderr
    gateway.run("fault", "--clear")
    assert not is_told(gateway)
    assert gateway.run("login", "--as", "ada").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["mcp-htm"], 1, "Did you mean mcp-html?"),
        (["zzz"], 1, "`devgw fault` lists them."),
        (["mcp-html", "--clear"], 2, "it clears all"),
        (["mcp-html", "--times", "0"], 2, "--times"),
        (["mcp-slow", "--seconds", "99999"], 1, "`seconds` must be a number from 0 to 3,600."),
        (["mcp-slow", "--seconds", "nan"], 2, "nan is no number of seconds"),
        (["mcp-slow", "--seconds", "inf"], 2, "inf is no number of seconds"),
    ],
)
def test_what_is_no_fault_is_said_and_sets_none(
    gateway: SampleGateway, arguments: list[str], code: int, words: str
) -> None:
    done = gateway.run("fault", *arguments)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert not is_told(gateway)
