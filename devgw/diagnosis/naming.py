"""From a refusal to the name of the failure behind it: what an error page, an `error_description` and a rule all show.

A problem knows its name (`Problem.diagnosis_id`). What stands here, keyed by `Problem.reason`, are those whose name
follows from facts that are not typed yet.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache

import devgw.problems
from devgw.problems import Problem
from devgw.problems.base import reason_of

Name = str | None | Callable[[Problem], str | None]


def name_problem(problem: Problem) -> str | None:
    """Return the id in the catalogue for `problem`; None where it is no failure."""
    name = NAMES.get(problem.reason, problem.diagnosis_id)
    return name(problem) if callable(name) else name


def name_reason(reason: str) -> str | None:
    """Return the id that every problem with this reason has; None where there is none, or the facts decide."""
    name = NAMES.get(reason) or _by_reason().get(reason)
    return name if isinstance(name, str) else None


@cache
def _by_reason() -> dict[str, str | None]:
    return {reason_of(kind): kind.diagnosis for kind in problem_kinds()}


def problem_kinds() -> Iterator[type[Problem]]:
    """Yield every kind of problem that there is."""
    for each in pkgutil.iter_modules(devgw.problems.__path__):
        importlib.import_module(f"devgw.problems.{each.name}")
    yield from _kinds(Problem)


def _kinds(kind: type[Problem]) -> Iterator[type[Problem]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


NAMES: dict[str, Name] = {
    # `StandardRefusal`: in the standard's own words, without facts of ours
    "invalid_request": "REQ-01",
    "invalid_client": "TOK-01",
    "invalid_grant": "TOK-03",
    "unauthorized_client": "REQ-02",
    "unsupported_grant_type": "REQ-02",
    "unsupported_response_type": "REQ-02",
    "invalid_scope": "SCOPE-01",
    "invalid_target": "AUD-01",
    "invalid_redirect_uri": "REG-05",
    "invalid_client_metadata": "REQ-01",
}
