"""The values of the doctor: an answer as it came, and a check with its verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from devgw.foreign.json import JsonRefused, find_refusal, read_object
from devgw.foreign.text import clean
from devgw.foreign.urls import without_user
from devgw.mcp.answer import events_in
from devgw.oauth.discovery import without_query
from devgw.problems import Problem
from devgw.problems.base import Fault
from devgw.problems.provider_reach import ProviderUnreachable

_OF_RESPONSES = frozenset({"result", "error"})
MOST_SHOWN = 500
"""Characters of a foreign value in a verdict."""


class Verdict(StrEnum):
    """How a check ended."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the doctor."""

    name: str
    """Stable and dotted: `provider.redirect_uri`."""
    verdict: Verdict
    did: str
    saw: str
    todo: str = ""
    """The one thing to do; empty where there is nothing to do."""
    diagnosis_id: str = ""
    marks: tuple[str, ...] = ()
    """Lines for a fixed-width face: two strings and their marks."""
    expected: str = ""
    """The string that the marks compare with; empty where there is none."""
    is_certain: bool = True
    """False for what is only suspected."""
    fault: str = ""
    """Whose fault it is; empty where nothing is wrong, or nobody says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a URL, or why nothing did."""

    url: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    failure: str = ""
    """In words, where nothing came back."""
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    travelled: timedelta = timedelta()
    """By how much the clock of these two moments has travelled."""
    problem: Problem | None = None
    """Where nothing came back: what the gateway itself would refuse for it, as far as that is known."""
    change: str = ""
    """The one change that mends the failure; empty where none follows from it."""
    is_folded: bool = False
    """Whether a header of its head goes on in the next line."""

    @property
    def of_this_machine(self) -> Problem | None:
        """Return what stands in the way here, before anybody is asked; None where it does not lie on this machine."""
        return self.problem if self.problem is not None and self.problem.fault is Fault.MACHINE else None

    @property
    def location(self) -> str:
        """Return where a redirect leads."""
        return clean(without_user(self.headers.get("location", "")), MOST_SHOWN)

    @property
    def media_type(self) -> str:
        """Return the type of the body, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def document(self) -> dict[str, Any]:
        """Return the body as a JSON object, empty where it is none that is taken."""
        try:
            return read_object(self.body)
        except JsonRefused:
            return {}

    @property
    def refused(self) -> JsonRefused | None:
        """Return why the body, where it is meant as JSON, is no object that is taken."""
        return find_refusal(self.body, self.media_type)

    @property
    def message(self) -> dict[str, Any]:
        """Return the JSON-RPC message of the body, of an event stream the response; empty where there is none."""
        if self.media_type != "text/event-stream":
            return self.document
        messages = [Answer(self.url, body=each).document for each in events_in(self.body)]
        responses = [each for each in messages if _OF_RESPONSES & each.keys()]
        return next((each for each in reversed(responses or messages) if each), {})

    def said(self, name: str) -> str:
        """Return the member `name` of the document as text that may be shown; empty where it has none."""
        found = self.document.get(name)
        return "" if found is None else clean(str(found), MOST_SHOWN)

    def listed(self, name: str) -> list[Any]:
        """Return the member `name` of the document, empty where it is no list."""
        found = self.document.get(name)
        return found if isinstance(found, list) else []

    @property
    def shown(self) -> str:
        """Return how it ended, in words."""
        return self.failure or f"status {self.status}"


def passed(name: str, did: str, saw: str) -> Check:
    """Return a check that found nothing wrong."""
    return Check(name, Verdict.PASS, did, saw)


def refused(name: str, did: str, problem: Problem) -> Check:
    """Return the failure of a check in which the gateway itself would say no, with what it would say."""
    todo = problem.advise() or f"See `devgw explain {problem.diagnosis_id or problem.reason}`."
    return Check(name, Verdict.FAIL, did, problem.explain(), todo, problem.diagnosis_id or "")


def skipped(name: str, did: str, why: str) -> Check:
    """Return a check that does not apply here."""
    return Check(name, Verdict.NOT_APPLICABLE, did, why)


def said_once(checks: Iterable[Check]) -> list[Check]:
    """Return the checks with each failure told where it is met first: what stands in every way is one thing to mend."""
    told: dict[tuple[str, str, str], str] = {}
    kept = []
    for check in checks:
        first = told.setdefault((check.diagnosis_id, check.saw, check.todo), check.name)
        is_again = check.verdict is Verdict.FAIL and first != check.name
        kept.append(skipped(check.name, check.did, f"what fails at {first} stands here, too") if is_again else check)
    return kept


def unreachable(name: str, did: str, answer: Answer) -> Check:
    """Return the failure of a check whose URL, one of the provider's, gave no answer."""
    if (problem := answer.of_this_machine) is not None:
        return refused(name, did, problem)
    return refused(name, did, ProviderUnreachable(without_query(answer.url), answer.failure, answer.change))
