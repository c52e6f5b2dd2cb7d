"""Why the parameters of a request cannot be read: absent, repeated, cut off, mangled."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import Problem


@dataclass(frozen=True, slots=True)
class ParameterMissing(Problem):
    """A required parameter is absent or empty."""

    parameter: str
    endpoint: str = "authorization"
    instead: str = ""
    """A name that came, and is this one but for how it is written."""

    diagnosis: ClassVar = "REQ-01"
    source: ClassVar = "RFC 6749 §3.1, §3.2"

    def explain(self) -> str:
        """Say which."""
        came = f", but {self.instead}" if self.instead else ""
        return f"The {self.endpoint} request has no {self.parameter}{came}."

    def advise(self) -> str:
        """Say to send it."""
        if self.instead:
            return f"Write {self.parameter} in the place of {self.instead}: names match letter by letter."
        if self.endpoint != "authorization":
            return f"Send {self.parameter} in the form."
        return f"Send {self.parameter}; where a URL was copied by hand, check that it was not cut off."


@dataclass(frozen=True, slots=True)
class GrantTypeUnfit(Problem):
    """A token request says one grant and brings what belongs to another."""

    grant_type: str
    brought: str
    """The parameter that came."""
    missing: str
    meant: str
    """The grant to which it belongs."""

    diagnosis: ClassVar = "REQ-01"
    source: ClassVar = "RFC 6749 §4.1.3, §6"

    def explain(self) -> str:
        """Say both."""
        return f"grant_type is {self.grant_type}, but the token request has {self.brought} and no {self.missing}."

    def advise(self) -> str:
        """Say which grant it is."""
        return f"Send grant_type={self.meant} with {self.brought}, or send {self.missing} for {self.grant_type}."


@dataclass(frozen=True, slots=True)
class RequestCutOff(Problem):
    """Only the beginning of an authorization request arrived."""

    last: str
    """The last parameter that came."""
    length: int
    """How many characters of it came."""
    is_alone: bool
    """Whether nothing else came."""

    source: ClassVar = "RFC 6749 §4.1.1"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is."""
        return "RURI-09" if self.is_alone else "RURI-10"

    def explain(self) -> str:
        """Say where it ends."""
        if self.is_alone:
            return f"Only `{self.last}` of the authorization request arrived: the URL was cut at its first `&`."
        return f"The authorization request ends within `{self.last}`, after {self.length} characters: the URL was cut."

    def advise(self) -> str:
        """Say how to open all of it."""
        if self.is_alone:
            return "Open the whole URL from the client's log; its launcher must quote it for the command line."
        return "Open the whole URL from the client's log, without the line breaks of a terminal."


@dataclass(frozen=True, slots=True)
class QueryMangled(Problem):
    """The parameters of a query or form were changed on their way, so that they are not read as what they are."""

    what: str
    """What stands there, in words with an example."""
    fix: str

    diagnosis: ClassVar = "REQ-04"
    source: ClassVar = "RFC 6749 §3.1, RFC 3986 §3.4"

    def explain(self) -> str:
        """Say what stands there."""
        return f"The parameters of the request are not written as a query or form is: {self.what}."

    def advise(self) -> str:
        """Say how to write them."""
        return self.fix


@dataclass(frozen=True, slots=True)
class FormExpected(Problem):
    """What should be a form came as something else, or in the wrong place."""

    endpoint: str
    got: str
    """What came: a content type, or where the parameters stand."""

    diagnosis: ClassVar = "REQ-05"
    source: ClassVar = "RFC 6749 §3.2, §4.1.3, Appendix B"

    def explain(self) -> str:
        """Say what came."""
        return f"The {self.endpoint} request has no form: {self.got}."

    def advise(self) -> str:
        """Say what to send."""
        return (
            "Send the parameters in the body, with Content-Type: application/x-www-form-urlencoded. Write them as "
            "name=value, joined by & and not packed."
        )


@dataclass(frozen=True, slots=True)
class ParameterRepeated(Problem):
    """A parameter came more than once."""

    parameter: str
    times: int

    diagnosis: ClassVar = "REQ-01"
    source: ClassVar = "RFC 6749 §3.1, §3.2"

    def explain(self) -> str:
        """Say which, and how often."""
        return f"The parameter {self.parameter} came {self.times} times; it may come once."

    def advise(self) -> str:
        """Say to send it once."""
        return f"Send {self.parameter} once."


@dataclass(frozen=True, slots=True)
class ParameterTooLong(Problem):
    """A parameter is longer than any that is taken."""

    parameter: str
    """Its name, or the beginning of that."""
    length: int
    most: int

    diagnosis: ClassVar = "REQ-01"
    source: ClassVar = "RFC 6749 §3.1, §3.2"

    def explain(self) -> str:
        """Say which, and how long it is."""
        return f"The parameter {self.parameter} has {self.length:,} characters; at most {self.most:,} are read."

    def advise(self) -> str:
        """Say what to send."""
        return f"Send a shorter {self.parameter}."


@dataclass(frozen=True, slots=True)
class RequestObjectUnsupported(Problem):
    """The parameters came as a signed or stored object (RFC 9101), which this gateway does not read."""

    parameter: str

    diagnosis: ClassVar = "REQ-01"
    source: ClassVar = "RFC 6749 §4.1.1; RFC 9101 §5"

    def explain(self) -> str:
        """Say in which parameter."""
        return f"The authorization request carries its parameters in {self.parameter}, which is not read here."

    def advise(self) -> str:
        """Say how they are read."""
        return f"Send the parameters in the query, each by its own name, without {self.parameter}."


@dataclass(frozen=True, slots=True)
class ParameterInvalid(Problem):
    """A parameter has a value that cannot be taken."""

    parameter: str
    got: str
    expected: str
    endpoint: str = "authorization"

    diagnosis: ClassVar = "REQ-01"
    source: ClassVar = "RFC 6749 §4.1.2.1, §5.2"

    def explain(self) -> str:
        """Say which, with both values."""
        return f"The {self.parameter} of the {self.endpoint} request is {self.got}; expected {self.expected}."

    def advise(self) -> str:
        """Say what to send."""
        return f"Send {self.parameter} = {self.expected}."
