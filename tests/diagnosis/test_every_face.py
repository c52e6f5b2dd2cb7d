"""Every problem, for each page that its facts lead to, reads the same on every face; and each id has its page."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

import devgw
from devgw.diagnosis.catalogue import failures
from devgw.diagnosis.coverage import BY_CONFIGURATION, BY_DOCTOR, TOLERATED
from devgw.diagnosis.rule import GatewayRule, Rule, diagnosis
from devgw.diagnosis.rules import GATEWAY_RULES, RULES, watched
from devgw.diagnosis.rules.refusals import NOTED
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.problems import Problem
from tests.diagnosis.every_problem import every_page, kinds, written_pages
from tests.diagnosis.faces import Answers, bare, explained, of_check, read_beside, read_of_diagnosis, spoken
from tests.support.gateway import running_gateway

EVERY_RULE: list[Rule | GatewayRule] = [*RULES, *GATEWAY_RULES, *watched.RULES]
TABLE = every_page()
NAMED = {key: problem for key, problem in TABLE.items() if key[1] is not None and not isinstance(problem, NOTED)}
"""What refuses; what `devgw watch` notes of a good answer is no answer of its own, and only its rule tells it."""
ORDINARY = {key: problem for key, problem in TABLE.items() if key[1] is None}
ANSWERED = ("JSON-RPC", "page", "JSON", "problem details", "bearer body", "WWW-Authenticate")
BESIDE = ("devgw trace", "trace view", "event line", "event view", "devgw doctor")
TOLD = ("devgw why", "devgw why --json", "Doctor view")
OF_A_FLOW = ("Why box", "small Why box", "report")
FLOWLESS = {("PathUnknown", "DISC-10")}
"""Where it is no step of a login that went wrong: there is no flow to open."""
WORDLESS = {("TokenMisplaced", "BEAR-11"), ("TokenAskedHere", "TOK-05"), ("RegistrationAskedHere", "REG-21")}
"""Whose challenge says nothing of an error: no token came in the way in which one is taken here (RFC 6750 §3.1)."""
_ID = re.compile(r"\b[A-Z]{2,6}-\d\d\b")


@pytest.fixture(scope="module")
async def answers() -> AsyncIterator[Answers]:
    async with running_gateway() as running:
        yield Answers(running.runtime.served, list(TABLE.values()))


def test_each_page_that_a_problem_names_can_be_produced() -> None:
    missing = {
        each.__name__: written_pages(each) - {id_ for name, id_ in TABLE if name == each.__name__} for each in kinds()
    }
    assert {name: ids for name, ids in missing.items() if ids} == {}


def test_each_id_of_the_catalogue_is_said_by_a_problem_a_rule_or_a_check() -> None:
    said = {id_ for _, id_ in TABLE if id_} | {id_ for rule in EVERY_RULE for id_ in rule.ids}
    said |= BY_CONFIGURATION.keys() | BY_DOCTOR.keys() | TOLERATED.keys()
    said |= {each.id for each in failures().values() if each.unseen}
    verdicts = "".join(each.read_text() for each in (Path(devgw.__file__).parent / "diagnosis/verdicts").glob("*.py"))
    assert failures().keys() - said - set(_ID.findall(verdicts)) == set()


@pytest.mark.parametrize("key", NAMED, ids=lambda key: f"{key[0]} {key[1]}")
async def test_a_failure_reads_the_same_on_every_face(key: tuple[str, str], answers: Answers) -> None:
    problem, name = NAMED[key], key[1]
    found = spoken([await answers.of(list(TABLE).index(key)), read_beside(problem), {"explain": explained(name)}])

    of_a_flow = () if key in FLOWLESS else OF_A_FLOW
    assert {*ANSWERED, *BESIDE, *TOLD, *of_a_flow} - found.keys() == set()
    if key in WORDLESS:
        assert "error" not in found.pop("WWW-Authenticate")
    assert [face for face, text in found.items() if bare(name) not in text] == []
    said = {face: text for face, text in found.items() if face != "explain"}
    assert [face for face, text in said.items() if bare(problem.explain()) not in text] == []
    assert [face for face, text in said.items() if bare(problem.advise()) not in text] == []
    title = bare(failures()[name].title)
    assert [face for face in (*TOLD, "explain", *of_a_flow[2:]) if title not in found[face]] == []


@pytest.mark.parametrize(("is_certain", "mark"), [(True, "[RURI-04]"), (False, "[RURI-04, suspected]")])
def test_the_doctor_marks_what_it_only_suspects(is_certain: bool, mark: str) -> None:
    check = Check("provider.redirect_uri", Verdict.FAIL, "asked", "it said so", "Mend it.", "RURI-04")
    assert mark in of_check(replace(check, is_certain=is_certain))


@pytest.mark.parametrize("is_certain", [True, False])
@pytest.mark.parametrize("failure_id", failures())
def test_what_a_rule_says_reads_the_same_on_every_face(failure_id: str, is_certain: bool) -> None:
    evidence = ("It was seen in the east.", "It was heard in the west.")
    said = diagnosis(failure_id, "The cause is a squirrel.", "Give it a nut.", certain=is_certain, evidence=evidence)
    found = spoken([read_of_diagnosis(said)])

    assert {"event line", "event view", *TOLD, *OF_A_FLOW} == found.keys()
    wanted = [bare(each) for each in (failure_id, said.cause, said.fix)]
    assert [face for face, text in found.items() if not all(each in text for each in wanted)] == []
    seen = {face: text for face, text in found.items() if face not in ("event line", "event view", "small Why box")}
    assert [face for face, text in seen.items() if not all(bare(each) in text for each in evidence)] == []
    assert [face for face in (*TOLD, "report") if bare(failures()[failure_id].title) not in found[face]] == []
    named = [face for face in found if face != "devgw why --json"]
    assert [face for face in named if ("suspected" in found[face].lower()) is is_certain] == []
    assert ("certaintrue" in found["devgw why --json"]) is is_certain


@pytest.mark.parametrize("key", ORDINARY, ids=lambda key: key[0])
async def test_what_is_no_failure_has_a_name_on_no_face(key: tuple[str, None], answers: Answers) -> None:
    problem = ORDINARY[key]
    found = (await answers.of(list(TABLE).index(key))) | {
        face: text for face, text in read_beside(problem).items() if face in BESIDE
    }
    own = _own_ids(problem)
    assert {
        face: ids for face, text in found.items() if (ids := set(_ID.findall(text)) & failures().keys() - own)
    } == {}


def _own_ids(problem: Problem) -> set[str]:
    return set(_ID.findall(problem.explain() + problem.advise()))
