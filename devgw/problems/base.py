"""What every refusal is."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar

from devgw.limits import Limits

_MOST_LISTED = 50
"""Of a fact that is a list, where it is long."""


class ErrorCode(StrEnum):
    """The `error` values of the standards we speak (RFC 6749 §4.1.2.1 and §5.2, 6750 §3.1, 7591 §3.2.2, 8707 §2)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    UNSUPPORTED_TOKEN_TYPE = "unsupported_token_type"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TARGET = "invalid_target"
    ACCESS_DENIED = "access_denied"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    INVALID_REDIRECT_URI = "invalid_redirect_uri"
    INVALID_CLIENT_METADATA = "invalid_client_metadata"
    INVALID_TOKEN = "invalid_token"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    LOGIN_REQUIRED = "login_required"
    CONSENT_REQUIRED = "consent_required"


class Fault(StrEnum):
    """Who has to change something."""

    CLIENT = "client"
    GATEWAY = "gateway"
    PROVIDER = "provider"
    UPSTREAM = "upstream"
    MACHINE = "machine"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True)
class Problem(ABC):
    """A reason to say no, as a value; its fields are the facts.

    It knows its own name: `diagnosis` is its id in the catalogue, None where it is an ordinary answer (a first 401, an
    expired token that will be refreshed). Where the facts decide, `diagnosis_id` does.
    """

    def __post_init__(self) -> None:
        """Cut what is long in the facts; by none of them anything is done but telling."""
        for each in fields(self):
            value = getattr(self, each.name)
            if (short := _shortened(value)) is not value:
                object.__setattr__(self, each.name, short)

    diagnosis: ClassVar[str | None] = None
    fault: ClassVar[Fault] = Fault.CLIENT
    error: ClassVar[ErrorCode] = ErrorCode.INVALID_REQUEST
    status: ClassVar[int] = 400
    hint: ClassVar[str] = ""
    source: ClassVar[str] = ""

    @property
    def reason(self) -> str:
        """Return the stable snake_case name of this problem."""
        return reason_of(type(self))

    @property
    def diagnosis_id(self) -> str | None:
        """Return its id in the catalogue of diagnoses; None where it is no failure."""
        return self.diagnosis

    @abstractmethod
    def explain(self) -> str:
        """Say in one or two sentences what is wrong, with the facts."""

    def advise(self) -> str:
        """Say the one change that mends it; the class's hint unless the facts allow a better one."""
        return self.hint

    def facts(self) -> dict[str, Any]:
        """Return the facts by name, as they may be shown."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def _shortened(value: Any) -> Any:
    """Return a text cut, and of a list of texts the first ones; everything else as it is."""
    if isinstance(value, str):
        return value if len(value) <= Limits.FACT_CHARACTERS else f"{value[: Limits.FACT_CHARACTERS - 1]}…"
    if not isinstance(value, tuple) or all(not isinstance(each, str) for each in value):
        return value
    if sum(len(each) for each in value if isinstance(each, str)) <= Limits.FACT_CHARACTERS:
        return value
    return tuple(_shortened(each) for each in value[:_MOST_LISTED])


def reason_of(kind: type[Problem]) -> str:
    """Return the stable snake_case name of a kind of problem."""
    return _in_snake_case(kind.__name__)


@cache
def _in_snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Refused(Exception):  # noqa: N818  it reads as what happened
    """Raised to say no for a reason. Not a dataclass: a frozen one breaks inside a context manager."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem
