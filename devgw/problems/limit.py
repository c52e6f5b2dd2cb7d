"""Why something foreign is not taken although nothing else is wrong with it: it passes a limit (`limits.Limits`)."""

from dataclasses import dataclass, field
from typing import ClassVar

from devgw.departure import Departure
from devgw.problems.base import ErrorCode, Fault, Problem

LIMITS = Departure(
    name="limits",
    here="Sizes, counts and times of what comes from outside have devgw's own limits, most of them narrow; a refusal "
    "by one names it (`devgw explain LIMIT`).",
    deployed="It has the platform's limits: 500 MB of a request's body, for one, and time by the plan.",
    why="A developer's machine has less memory, and what passes these limits is broken or an attack.",
    source="https://zuplo.com/docs/articles/limits",
    cannot="No setting takes the platform's limits over; `request_limit` and `response_timeout` under [proxy] change "
    "two.",
)


def limit_id(limit: str) -> str:
    """Return the id under which it is told that JSON passes a limit; empty where another problem's own id tells it."""
    return "LIMIT-05" if limit == "JSON_DEPTH" else ""


@dataclass(frozen=True, slots=True)
class AnswerProblem(Problem):
    """An answer from outside passes a limit; it was read up to there and no further."""

    url: str
    blamed: Fault = field(default=Fault.UPSTREAM, kw_only=True)
    """Who was asked: an upstream or its authorization server, or the identity provider."""

    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 9110 §17.5"

    @property
    def fault(self) -> Fault:  # type: ignore[override]  # known by who was asked, not by the kind
        """Return whose answer it is."""
        return self.blamed


@dataclass(frozen=True, slots=True)
class AnswerTooLong(AnswerProblem):
    """The body of an answer is longer than any of its kind."""

    most_bytes: int

    diagnosis: ClassVar = "LIMIT-01"
    hint: ClassVar = "Check that this URL is the endpoint that is meant, and not a page, a download or a stream."

    def explain(self) -> str:
        """Say how much was read."""
        return f"{self.url} answered with more than {self.most_bytes:,} bytes; the rest was not read."


@dataclass(frozen=True, slots=True)
class AnswerUnpacksTooLong(AnswerProblem):
    """A compressed answer is small on the wire and enormous unpacked."""

    most_bytes: int

    diagnosis: ClassVar = "LIMIT-02"
    hint: ClassVar = "Let the server answer without Content-Encoding, or with less."

    def explain(self) -> str:
        """Say to how much it was unpacked."""
        return f"The compressed answer of {self.url} unpacks to more than {self.most_bytes:,} bytes."


@dataclass(frozen=True, slots=True)
class AnswerHeadTooLong(AnswerProblem):
    """The head of an answer has too many headers, or too long ones; or what frames its body is as long."""

    part: str = field(default="head", kw_only=True)
    """In words to show, after “the”."""

    diagnosis: ClassVar = "LIMIT-03"
    hint: ClassVar = "Look at what sends this head: a proxy in a loop, or a server that sets a cookie again and again."

    def explain(self) -> str:
        """Say whose head."""
        return f"The {self.part} of the answer of {self.url} is longer than any server's; nothing of it was used."


@dataclass(frozen=True, slots=True)
class AnswerUnfinished(AnswerProblem):
    """An answer began and did not end in time."""

    seconds: float
    received: int
    is_silent: bool = False
    """Whether nothing came for that long; else the whole took longer."""

    diagnosis: ClassVar = "LIMIT-04"
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    source: ClassVar = "RFC 9110 §15.6.5"

    def explain(self) -> str:
        """Say how far it came."""
        how = "then sent nothing for" if self.is_silent else "did not end it within"
        return f"{self.url} began an answer and {how} {self.seconds:g} s ({self.received:,} bytes came)."

    def advise(self) -> str:
        """Say what that server has to do: an answer is left open, or comes too slowly."""
        if self.is_silent or not self.received:
            return "Let the server behind this URL end the answer that it began; its own log shows what it waits for."
        return f"Let the server behind this URL send its whole answer within {self.seconds:g} s."


@dataclass(frozen=True, slots=True)
class AnswerGaveWay(AnswerProblem):
    """Too much was held of all answers together, and most of it was this one's."""

    most_bytes: int
    """Of all of them."""

    diagnosis: ClassVar = "LIMIT-40"
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    status: ClassVar = 503
    hint: ClassVar = (
        "Ask again when fewer long answers are under way; an upstream that writes id before result is seldom held."
    )
    source: ClassVar = "RFC 9110 §15.6.4"

    def explain(self) -> str:
        """Say what it gave way to."""
        return (
            f"The gateway held more than {self.most_bytes:,} bytes of upstreams' answers at once, until it would know "
            f"whose each is; the longest of them, of {self.url}, was dropped."
        )


@dataclass(frozen=True, slots=True)
class BodyGaveWay(Problem):
    """Too much was held of all requests together, and most of it was this one's."""

    most_bytes: int
    """Of all of them."""

    diagnosis: ClassVar = "LIMIT-41"
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    status: ClassVar = 503
    hint: ClassVar = "Send it again when fewer long requests are under way."
    source: ClassVar = "RFC 9110 §15.6.4"

    def explain(self) -> str:
        """Say what it gave way to."""
        return (
            f"devgw held more than {self.most_bytes:,} bytes of requests' bodies at once; the longest that was "
            "still coming, this one, was dropped."
        )


@dataclass(frozen=True, slots=True)
class BatchTooLong(Problem):
    """A request's body is a batch of more messages than are answered together."""

    most_messages: int

    diagnosis: ClassVar = "LIMIT-42"
    code: ClassVar[int] = -32600
    hint: ClassVar = "Send the messages in several requests; since MCP 2025-06-18 each has one of its own."
    source: ClassVar = "MCP 2025-06-18, Key Changes"

    def explain(self) -> str:
        """Say the limit."""
        return f"The request's body is a batch of more than {self.most_messages:,} messages."


@dataclass(frozen=True, slots=True)
class BodyTooDeep(Problem):
    """A request's JSON has more arrays and objects inside one another than any message needs."""

    most_depth: int

    diagnosis: ClassVar = "LIMIT-05"
    code: ClassVar[int] = -32600
    hint: ClassVar = "Send a flatter document."
    source: ClassVar = "RFC 8259 §9"

    def explain(self) -> str:
        """Say the limit."""
        return f"The arrays and objects of the request's JSON stand more than {self.most_depth} deep."


@dataclass(frozen=True, slots=True)
class RegistrationTooLarge(Problem):
    """A registration request is larger than any client's metadata."""

    most_bytes: int

    diagnosis: ClassVar = "LIMIT-06"
    error: ClassVar = ErrorCode.INVALID_CLIENT_METADATA
    hint: ClassVar = "Register with fewer or shorter members; a key set belongs behind jwks_uri."
    source: ClassVar = "RFC 7591 §5"

    def explain(self) -> str:
        """Say the limit."""
        return f"The registration is longer than {self.most_bytes:,} bytes."
