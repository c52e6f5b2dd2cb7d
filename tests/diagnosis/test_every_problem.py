"""Every problem that the gateway can raise: it is explained, its change can be done as printed, its id has a page."""

import re

import pytest

from devgw.diagnosis.catalogue import failures, find_failure
from devgw.problems.base import Fault, Problem
from tests.diagnosis.every_problem import URL, built, kinds, spare

UNFILLED = re.compile(r"…|\bID\b(?! token|-JAG|\.)|\{\w*\}|\bNone\b|\bTODO\b|\.\.$")
KINDS = kinds()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_problem_says_what_is_wrong_and_what_mends_it(kind: type[Problem]) -> None:
    for problem in (built(kind), spare(kind)):
        said, change = problem.explain(), problem.advise()
        assert said.strip().endswith((".", "!", "?", ")", '"', "'", "`")) or URL in said, said
        assert not UNFILLED.search(said), said
        assert not UNFILLED.search(change), change
        assert isinstance(problem.fault, Fault)
        if problem.diagnosis_id is not None:
            assert find_failure(problem.diagnosis_id) is not None, problem.diagnosis_id
            assert change or problem.status < 400, f"{kind.__name__} is a failure, and names no change"


def test_there_are_as_many_reasons_as_kinds() -> None:
    reasons = [built(kind).reason for kind in KINDS]
    assert len(reasons) > 100
    assert {each for each in reasons if reasons.count(each) > 1} == set()


def test_no_page_prints_a_placeholder_as_its_change() -> None:
    assert [each.id for each in failures().values() if "upstreams.ID" in each.fix or "…" in each.fix] == []
