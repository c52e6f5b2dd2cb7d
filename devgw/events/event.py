"""What every event is: links to whatever it concerns, how it ended, and whose fault it was."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from devgw.ids import ClientId, GrantId, OperationId, SessionId, SubjectId, TraceId, TransactionId
from devgw.problems.base import Fault, Problem


class Outcome(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    DENIED = "denied"
    APPLICATION_ERROR = "application_error"
    CONNECT_REQUIRED = "connect_required"
    PARTIAL = "partial"
    CANCELLED = "cancelled"


class FailureOrigin(StrEnum):
    """Whose fault it was."""

    GATEWAY = "gateway"
    UPSTREAM = "upstream"
    CLIENT = "client"
    IDENTITY_PROVIDER = "identity_provider"

    @classmethod
    def of(cls, problem: Problem) -> "FailureOrigin":
        """Return whose fault a problem is, in the words of events: this machine and its files are the gateway's."""
        return _ORIGINS.get(problem.fault, cls.GATEWAY)


_ORIGINS = {
    Fault.CLIENT: FailureOrigin.CLIENT,
    Fault.PROVIDER: FailureOrigin.IDENTITY_PROVIDER,
    Fault.UPSTREAM: FailureOrigin.UPSTREAM,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. Every field that is known is given; None means unknown or not applicable."""

    trace_id: TraceId | None = None
    """The HTTP request in which it happened."""
    transaction_id: TransactionId | None = None
    grant_id: GrantId | None = None
    session_id: SessionId | None = None
    client_id: ClientId | None = None
    client_name: str | None = None
    operation_id: OperationId | None = None
    subject_id: SubjectId | None = None
    upstream_server_id: str | None = None
    outcome: Outcome = Outcome.SUCCESS
    failure_origin: FailureOrigin | None = None
    reason_code: str | None = None
    """`Problem.reason`, where something was refused."""
    explanation: str | None = None
    """`Problem.explain()`."""
    hint: str | None = None
    """`Problem.advise()`."""
    diagnosis_id: str | None = None
    """`Problem.diagnosis_id`: its page in the catalogue; None where it is no failure."""
    problem: Problem | None = field(default=None, repr=False)
    """The refusal as a value, with its facts: for those who follow along in this process; no face shows it."""

    @property
    def name(self) -> str:
        """Return the stable snake_case name of this kind of event."""
        return _snake(type(self).__name__)

    def known(self) -> dict[str, Any]:
        """Return the fields that are known, by their Python names, in order of definition."""
        return {name: value for name in self.__dataclass_fields__ if (value := getattr(self, name)) is not None}


@cache
def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def refusal(problem: Problem) -> dict[str, Any]:
    """Return what every event that tells of a refusal says of it: whose fault, why, the one change, its page."""
    return {
        "failure_origin": FailureOrigin.of(problem),
        "reason_code": problem.reason,
        "explanation": problem.explain(),
        "hint": problem.advise(),
        "diagnosis_id": problem.diagnosis_id,
        "problem": problem,
    }
