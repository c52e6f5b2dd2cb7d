"""Why what an upstream answered is not passed on."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.proxy import UpstreamProblem


@dataclass(frozen=True, slots=True)
class UpstreamAnswerMalformed(UpstreamProblem):
    """What the upstream sent is no HTTP."""

    failure: str

    diagnosis: ClassVar = "NET-09"
    hint: ClassVar = "Look at what listens on that port: devgw speaks HTTP/1.1 to it."

    def explain(self) -> str:
        """Repeat what the parser said."""
        return f"{self.url} answered something that is no HTTP: {self.failure}."


@dataclass(frozen=True, slots=True)
class UpstreamSwitchedProtocols(UpstreamProblem):
    """The upstream answered 101, and what follows is no HTTP any more."""

    diagnosis: ClassVar = "NET-09"
    hint: ClassVar = "Give the URL of the MCP endpoint, and not one for WebSockets; 101 needs an Upgrade."
    source: ClassVar = "RFC 9110 §15.2.2"

    def explain(self) -> str:
        """Say that nobody asked."""
        return f"{self.url} answered 101 and switched protocols, which devgw never asks for."


@dataclass(frozen=True, slots=True)
class UpstreamFramingUnsafe(UpstreamProblem):
    """The answer is framed so that two programs could disagree where it ends: what follows might be another's."""

    failure: str

    diagnosis: ClassVar = "PROXY-09"
    source: ClassVar = "RFC 9112 §6.3, §11.1, §11.2"
    hint: ClassVar = "Mend that server, or what stands before it: one Content-Length, or Transfer-Encoding: chunked."

    def explain(self) -> str:
        """Say what is ambiguous."""
        return f"The end of the answer of {self.url} is ambiguous: {self.failure}."


@dataclass(frozen=True, slots=True)
class UpstreamAnswerForeign(UpstreamProblem):
    """The response answers another request, by its id, or one that has its answer: it is not relayed."""

    got: str
    """The id as JSON writes it, or that there is none; with `again` where it was answered before."""
    expected: str
    owner: str = ""
    """Whose answer it is, in words; empty for a route's upstream."""

    diagnosis: ClassVar = "PROXY-10"
    source: ClassVar = "JSON-RPC 2.0 §5"

    def explain(self) -> str:
        """Say which id came, and which was asked for."""
        whose = self.owner or f"the upstream {self.url}"
        whose = f"The {whose[4:]}" if whose.startswith("the ") else whose
        return f"{whose} answered with {self.got} where {self.expected} was asked for."

    def advise(self) -> str:
        """Say with which id each request is answered."""
        whose = self.owner or "the upstream"
        return f"Let {whose} answer with the request's own id, in value and type, each request once."


@dataclass(frozen=True, slots=True)
class UpstreamAnswerUnreadable(UpstreamProblem):
    """The answer's JSON cannot be read in one way only, or within bounds; it is not let through unseen."""

    failure: str
    owner: str = ""
    """Whose answer it is, in words; empty for a route's upstream."""

    hint: ClassVar = "Mend what that server writes, or let it write less: devgw has to read whose answer it is."
    diagnosis: ClassVar = "NET-06"
    source: ClassVar = "RFC 8259 §4, §9"

    def explain(self) -> str:
        """Say why it cannot be read."""
        whose = self.owner or f"the upstream {self.url}"
        return f"The JSON that {whose} answered cannot be read in one way and within bounds: {self.failure}."


@dataclass(frozen=True, slots=True)
class UpstreamResponseMalformed(UpstreamProblem):
    """The response is no JSON, or no response by JSON-RPC 2.0: no MCP client reads it, so it is not relayed."""

    failure: str
    owner: str = ""
    """Whose answer it is, in words; empty for a route's upstream."""

    hint: ClassVar = (
        'Mend what that server writes: JSON in UTF-8, with `jsonrpc` as "2.0", and an object as `result` or an `error` '
        "with an integer `code` and a `message`; what is packed needs the Content-Encoding that says so."
    )
    diagnosis: ClassVar = "NET-06"
    source: ClassVar = "JSON-RPC 2.0 §5; RFC 8259 §2, §8.1"

    def explain(self) -> str:
        """Say what is wrong with it."""
        whose = _beginning_with(self.owner or f"the upstream {self.url}")
        return f"{whose} answered what no MCP client reads as a response: {self.failure}."


@dataclass(frozen=True, slots=True)
class UpstreamAnsweredInArray(UpstreamProblem):
    """One request was answered with an array; it is relayed, since some clients read it."""

    method: str
    """What was asked."""
    is_event: bool
    """Whether the array stands in an event."""
    owner: str = ""
    """Whose answer it is, in words; empty for a route's upstream."""

    diagnosis: ClassVar = "PROXY-25"
    source: ClassVar = "JSON-RPC 2.0 §6; MCP 2025-11-25 §Sending Messages to the Server"
    hint: ClassVar = (
        "Let that server answer a request that is an object with an object, and only an array with an array."
    )

    def explain(self) -> str:
        """Say who reads it."""
        some = "some clients read (TypeScript SDK) and others do not (Python SDK)"
        who = "no client reads" if self.is_event else some
        whose = _beginning_with(self.owner or f"the upstream {self.url}")
        return f"{whose} answered one request ({self.method}) with an array of messages, which {who}."


@dataclass(frozen=True, slots=True)
class UpstreamEncodingUnreadable(UpstreamProblem):
    """The answer has to be filtered, but is compressed in a way that cannot be read; it is not let through unseen."""

    encoding: str
    is_broken: bool = False
    """Whether it is one that is asked for, and the body is not packed so."""

    diagnosis: ClassVar = "PROXY-23"

    def explain(self) -> str:
        """Say which encoding."""
        if self.is_broken:
            return f"{self.url} says that its answer is {self.encoding}, and it cannot be unpacked."
        return f"{self.url} answered in {self.encoding}, which devgw cannot look into."

    def advise(self) -> str:
        """Say how it has to be packed."""
        if self.is_broken:
            return (
                "Let that server, or what stands before it, pack the body as Content-Encoding says, or leave both out."
            )
        return "Let that server respect Accept-Encoding: devgw asks for gzip, deflate or identity alone."


def _beginning_with(whose: str) -> str:
    return f"The {whose[4:]}" if whose.startswith("the ") else whose
