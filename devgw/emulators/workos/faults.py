"""Things made to go wrong on purpose: once, a number of times, or until they are cleared."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel


class _Fault(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, defer_build=True
    )

    times: int | None = Field(default=1, gt=0)
    """How often it happens; None: until it is cleared."""


class _OnPath(_Fault):
    path: str
    """As it stands in the URL; `*` stands for anything."""
    method: str | None = None

    def concerns(self, method: str, path: str) -> bool:
        """Tell whether a request for `path` is meant."""
        return self.method in (None, method) and fnmatchcase(path, self.path)


class AnswerFault(_OnPath):
    """A request is answered with this instead of being looked at."""

    kind: Literal["answer"] = "answer"
    status: int = Field(default=500, ge=200, le=599)
    body: dict[str, Any] | str = Field(default_factory=lambda: {"message": "Internal server error"})
    headers: dict[str, str] = Field(default_factory=dict)


class SlowFault(_OnPath):
    """A request waits before it is looked at."""

    kind: Literal["slow"] = "slow"
    seconds: float = Field(gt=0, le=3600)


class TokenFault(_Fault):
    """A token answer comes out otherwise than it should."""

    kind: Literal["token"] = "token"
    claims: dict[str, Any] = Field(default_factory=dict)
    """Laid over the claims; null takes one out."""
    header: dict[str, Any] = Field(default_factory=dict)
    """Laid over the JOSE header; null takes a member out."""
    answer: dict[str, Any] = Field(default_factory=dict)
    """Laid over the JSON answer; null takes a member out."""
    skew_seconds: int = 0
    """How far the clock that issues is ahead (or, negative, behind); the answer's `Date` is of the same clock."""
    signed_by_stranger: bool = False
    """The signature is from a key that is published nowhere, under the right `kid`."""


class CallbackFault(_Fault):
    """The redirect back to the application carries other parameters; null takes one out."""

    kind: Literal["callback"] = "callback"
    parameters: dict[str, str | None]


class WorthlessCode(_Fault):
    """The next authorization code is worth nothing."""

    kind: Literal["code"] = "code"
    code_is: Literal["expired", "spent"] = "expired"


class KeyRotation(_Fault):
    """Before the next token is signed the environment gets a new key."""

    kind: Literal["key_rotation"] = "key_rotation"
    keep_old: bool = False
    """Whether the old key stays in the key set."""


Fault = AnswerFault | SlowFault | TokenFault | CallbackFault | WorthlessCode | KeyRotation
_READER: TypeAdapter[Fault] = TypeAdapter(
    Annotated[Fault, Field(discriminator="kind")], config=ConfigDict(defer_build=True)
)
_F = TypeVar("_F", bound=Fault)


def read_fault(written: Any) -> Fault:
    """Return the fault that `written` (parsed JSON) describes.

    Raises:
        pydantic.ValidationError: It describes none.
    """
    return _READER.validate_python(written)


def _nobody() -> None:
    """Tell nobody: no gateway shows what is armed."""


@dataclass(slots=True)
class _Armed:
    fault: Fault
    left: int | None


class ArmedFaults:
    """What is armed, in order; each is used up as it happens."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self.on_change: Callable[[], None] = _nobody
        """Told whenever something is armed, used up or cleared."""

    def arm(self, *faults: Fault) -> None:
        """Make each of `faults` happen from now on, as often as it says."""
        self._armed.extend(_Armed(fault, fault.times) for fault in faults)
        self.on_change()

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._armed.clear()
        self.on_change()

    def armed(self) -> list[tuple[Fault, int | None]]:
        """Return what is armed and how often it will still happen."""
        return [(armed.fault, armed.left) for armed in self._armed]

    def take(self, kind: type[_F], concerns: Callable[[_F], bool] = lambda _: True) -> list[_F]:
        """Return every armed fault of `kind` that `concerns` picks, and count each down."""
        taken: list[_F] = []
        for armed in self._armed:
            if isinstance(armed.fault, kind) and concerns(armed.fault):
                taken.append(armed.fault)
                armed.left = None if armed.left is None else armed.left - 1
        if taken:
            self._armed = [armed for armed in self._armed if armed.left != 0]
            self.on_change()
        return taken
