"""Every problem that the gateway can raise: it is explained, its change can be done as printed, its id has a page."""

import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from enum import EnumType
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

import devgw.problems
from devgw.diagnosis.catalogue import failures, find_failure
from devgw.problems.base import Fault, Problem

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
URL = "http://localhost:9000/mcp/x"
PLAIN: dict[Any, Any] = {
    str: URL,
    int: 3,
    float: 3.0,
    bool: True,
    datetime: NOON,
    timedelta: timedelta(seconds=3),
    Any: URL,
    object: URL,
}
NAMED = {"passes": "LIMIT-05"}
"""Fields whose text is one of few."""


def kinds() -> list[type[Problem]]:
    """Return every kind of problem that can be raised."""
    for path in sorted(Path(devgw.problems.__file__).parent.glob("*.py")):
        import_module(f"devgw.problems.{path.stem}".removesuffix(".__init__"))
    return sorted(filter(_is_raised, _below(Problem)), key=lambda kind: kind.__name__)


def _below(kind: type[Problem]) -> Iterator[type[Problem]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _is_raised(kind: type[Problem]) -> bool:
    """Tell whether it is one of ours; of a dataclass with slots there is a first class, which nobody uses."""
    is_ours = kind.__module__.startswith("devgw.problems") and kind.explain is not Problem.explain
    return is_ours and getattr(sys.modules[kind.__module__], kind.__name__) is kind


def sample(hint: Any) -> Any:
    """Return a value of a type, as a field may hold it."""
    hint = getattr(hint, "__supertype__", hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if isinstance(hint, EnumType):
        return next(iter(hint))
    return _composed(hint) if get_origin(hint) is not None else _built(hint)


def _composed(hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (dict, frozenset, list):
        return origin()
    if str(origin) == "typing.Literal":
        return arguments[0]
    if origin is tuple:
        return tuple(sample(each) for each in arguments if each is not Ellipsis)
    return sample(next(each for each in arguments if each is not NoneType))


def _built(kind: Any) -> Any:
    """Return a value of a dataclass with a value in every field."""
    hints = get_type_hints(kind)
    return kind(**{each.name: NAMED.get(each.name) or sample(hints[each.name]) for each in fields(kind) if each.init})


def spare(kind: type[Problem]) -> Problem:
    """Return a problem with what must be given and nothing else."""
    hints = get_type_hints(kind)
    needed = [each for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING]
    return kind(**{each.name: NAMED.get(each.name) or sample(hints[each.name]) for each in needed})


UNFILLED = re.compile(r"…|\bID\b(?! token|-JAG|\.)|\{\w*\}|\bNone\b|\bTODO\b|\.\.$")
KINDS = kinds()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_problem_says_what_is_wrong_and_what_mends_it(kind: type[Problem]) -> None:
    for problem in (_built(kind), spare(kind)):
        said, change = problem.explain(), problem.advise()
        assert said.strip().endswith((".", "!", "?", ")", '"', "'", "`")) or URL in said, said
        assert not UNFILLED.search(said), said
        assert not UNFILLED.search(change), change
        assert isinstance(problem.fault, Fault)
        if problem.diagnosis_id is not None:
            assert find_failure(problem.diagnosis_id) is not None, problem.diagnosis_id
            assert change or problem.status < 400, f"{kind.__name__} is a failure, and names no change"


def test_there_are_as_many_reasons_as_kinds() -> None:
    reasons = [_built(kind).reason for kind in KINDS]
    assert len(reasons) > 100
    assert {each for each in reasons if reasons.count(each) > 1} == set()


def test_no_page_prints_a_placeholder_as_its_change() -> None:
    assert [each.id for each in failures().values() if "upstreams.ID" in each.fix or "…" in each.fix] == []
