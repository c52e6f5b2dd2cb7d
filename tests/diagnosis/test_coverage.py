"""The table of all failures is complete, and what it claims of each is true."""

import re
from collections import Counter
from pathlib import Path

from click.testing import CliRunner

from devgw.cli.explain import command
from devgw.diagnosis.catalogue import failures, find_failure
from devgw.diagnosis.clients import entries
from devgw.diagnosis.coverage import BY_CONFIGURATION, BY_DOCTOR, TOLERATED, table
from devgw.diagnosis.mended import ELSEWHERE, MENDED
from devgw.diagnosis.rule import GatewayRule, Rule
from devgw.diagnosis.rules import GATEWAY_RULES, RULES
from devgw.diagnosis.rules.refusals import IDS, NOTED
from tests.support.mending import mended

ALL: list[Rule | GatewayRule] = [*RULES, *GATEWAY_RULES]
PACKAGE = Path(__file__).parents[2] / "devgw"
COUNTS = {
    "DISC": 10, "REG": 12, "RURI": 11, "PKCE": 5, "SESS": 8, "CONS": 4, "TOK": 8, "IDT": 11, "AUD": 9, "BEAR": 6,
    "SCOPE": 4, "REFR": 7, "REVK": 4, "CORS": 5, "HOST": 7, "PROXY": 8, "UPST": 9, "CONF": 8, "PORT": 5,
}  # fmt: skip
"""How many failures of each group were gathered; ours come on top."""


def test_every_gathered_failure_is_in_the_catalogue() -> None:
    wanted = {f"{group}-{number:02}" for group, count in COUNTS.items() for number in range(1, count + 1)}

    assert len(wanted) == 141
    assert wanted - failures().keys() == set()


def test_every_page_is_complete() -> None:
    for failure in failures().values():
        assert all((failure.title, failure.symptom, failure.cause, failure.evidence, failure.fix)), failure.id
        assert failure.sources, failure.id
    assert sum(failure.frequent for failure in failures().values()) == 25


def test_every_id_is_observed_or_has_a_reason() -> None:
    rows = table()

    assert len(rows) == len(failures())
    assert [row.id for row in rows if not row.how] == []
    counted = Counter(row.observed for row in rows)
    assert counted["not here"] <= 3, counted
    assert counted["passive"] + counted["absence"] >= 130, counted


def test_a_fix_counts_as_tried_where_a_test_applies_it_and_nowhere_else() -> None:
    assert mended() ^ MENDED == set()
    assert MENDED - failures().keys() == set()
    assert ELSEWHERE.keys() - failures().keys() == set()
    assert not MENDED & ELSEWHERE.keys()


def test_every_fix_was_tried_or_has_a_reason() -> None:
    assert [row.id for row in table() if row.mended not in ("yes", "cannot be")] == []
    assert [row.id for row in table() if row.mended == "cannot be" and not row.why] == []


def test_every_id_is_read_somewhere_beside_its_page() -> None:
    unread = [row.id for row in table() if row.faces == ("explain",) and row.observed not in ("tolerated", "not here")]

    assert unread == []


def test_the_frequent_failures_are_mended_or_it_is_said_why_not() -> None:
    rows = {row.id: row for row in table()}
    tried = [each.id for each in failures().values() if each.frequent and rows[each.id].mended == "yes"]

    assert len(tried) >= 8, tried


def test_rules_claim_only_ids_that_exist_and_that_their_code_can_say() -> None:
    claimed = {failure_id for rule in ALL for failure_id in rule.ids}
    assert claimed - failures().keys() == set()
    for rule in ALL:
        if rule.ids == tuple(IDS.split()):
            continue
        code = Path(rule.check.__code__.co_filename).read_text()
        assert [failure_id for failure_id in rule.ids if f'"{failure_id}"' not in code] == []


def test_refusals_claim_what_problems_can_say_and_nothing_else() -> None:
    code = (PACKAGE / "diagnosis/rules/refusals.py").read_text().partition("IDS =")[0]
    code += "".join(path.read_text() for path in (PACKAGE / "problems").glob("*.py"))
    sayable = set(re.findall(r'"([A-Z]+-\d\d)"', code)) - {each.diagnosis for each in NOTED}

    assert set(IDS.split()) ^ sayable == set()


def test_what_the_doctor_is_said_to_see_stands_in_its_code() -> None:
    sources = [*(PACKAGE / "diagnosis/verdicts").glob("*.py"), *(PACKAGE / "outbound/probes").glob("*.py")]
    code = "".join(path.read_text() for path in sources)

    ruled = {failure_id for rule in ALL for failure_id in rule.ids}
    assert [failure_id for failure_id in BY_DOCTOR if failure_id not in code and failure_id not in ruled] == []


def test_what_the_tests_see_the_doctor_say_is_in_the_table() -> None:
    seen = "".join((Path(__file__).parent / f"test_doctor{each}.py").read_text() for each in ("", "_upstreams"))
    told = {row.id for row in table() if "doctor" in row.faces}

    assert set(re.findall(r'"([A-Z]+-\d\d)"', seen)) & failures().keys() - told == set()


def test_the_three_lists_beside_the_rules_name_ids_that_exist() -> None:
    assert {*BY_CONFIGURATION, *BY_DOCTOR, *TOLERATED} - failures().keys() == set()


def test_explain_shows_a_page_a_group_a_search_and_the_table() -> None:
    page = CliRunner().invoke(command, ["disc-01"]).output
    assert page.startswith("DISC-01  The issuer in the metadata")
    assert "RFC 8414" in page
    forgetting = CliRunner().invoke(command, ["REVK-03"]).output
    assert all(entry.name in forgetting for entry in entries() if entry.forget)
    assert CliRunner().invoke(command, ["CORS"]).output.count("CORS-0") == 8
    assert "RURI-03" in CliRunner().invoke(command, ["slash", "redirect"]).output
    assert "not here" in CliRunner().invoke(command, ["--table"]).output
    assert CliRunner().invoke(command, ["no such failure"]).exit_code == 1


def test_an_id_is_found_in_any_case() -> None:
    assert find_failure("disc-01") is failures()["DISC-01"]
    assert find_failure("DISC-99") is None


def test_every_id_that_a_rule_can_give_is_asked_for_in_a_test() -> None:
    here = Path(__file__).parent
    asserted = "".join(path.read_text() for path in here.rglob("test_*.py") if path != Path(__file__))

    assert [failure_id for rule in ALL for failure_id in rule.ids if f'"{failure_id}"' not in asserted] == []
