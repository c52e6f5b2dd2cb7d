"""Why a request between a client and somebody's MCP server goes no further, or a document is left as it is."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.problems.base import Fault, Problem

_SHOWN = 300


@dataclass(frozen=True, slots=True)
class OriginsExhausted(Problem):
    """The server's documents name more origins than are opened."""

    origin: str
    most: int

    diagnosis: ClassVar = "LIMIT-07"
    fault: ClassVar = Fault.UPSTREAM
    hint: ClassVar = (
        "What its client does at that origin is not seen here; ask the server's owner why it names so many."
    )

    def explain(self) -> str:
        """Say which one was not opened."""
        return f"The server's documents name more than {self.most} origins; {clean(self.origin, _SHOWN)} is not opened."


@dataclass(frozen=True, slots=True)
class WatchedCallbackLeftOut(Problem):
    """The answer to a login goes to the client as it is, and names the real server where it knows the local URL."""

    why: str
    """Why the browser went on without devgw's callback."""
    issuer: str

    diagnosis: ClassVar = "DISC-08"
    fault: ClassVar = Fault.GATEWAY
    hint: ClassVar = (
        "Start the client through devgw, so that it keeps the server's own URL: `devgw watch URL -- COMMAND`."
    )
    source: ClassVar = "RFC 9207 §2.4"

    def explain(self) -> str:
        """Say what a client makes of it here, and that it is not so without devgw."""
        return (
            f"The browser went on without devgw's callback ({self.why}), so the answer to the login names "
            f"{clean(self.issuer, _SHOWN)}, which the client knows by its local URL: one that checks `iss` refuses the "
            "answer here, and takes it without devgw."
        )


@dataclass(frozen=True, slots=True)
class WatchedHostRefused(Problem):
    """A request names a host under which this port does not go."""

    host: str
    known: str

    diagnosis: ClassVar = "HOST-02"
    status: ClassVar = 421
    source: ClassVar = "RFC 9110 §15.5.20; MCP basic/transports: Security Warning (DNS rebinding)"

    def explain(self) -> str:
        """Say which host was named."""
        named = f"The Host is {clean(self.host, _SHOWN)}" if self.host else "The request has no Host"
        return f"{named}; this port answers as {self.known}."

    def advise(self) -> str:
        """Say which one to use."""
        return f"Give the client the URL with {self.known}."


@dataclass(frozen=True, slots=True)
class WatchedPageRefused(Problem):
    """A web page of elsewhere asks for what only a client on this machine may."""

    origin: str
    """Empty where the browser says that it is another site, and not which."""

    diagnosis: ClassVar = "CORS-07"
    status: ClassVar = 403
    hint: ClassVar = "Call from a page that this machine serves (http://localhost), or from a program."
    source: ClassVar = "MCP basic/transports: Security Warning (Origin)"

    def explain(self) -> str:
        """Say whose page it is."""
        whose = f" of {clean(self.origin, _SHOWN)}" if self.origin else " of another site"
        return f"A page{whose} asked; watched servers are asked by programs and pages of this machine alone."


@dataclass(frozen=True, slots=True)
class WatchedTypeRefused(Problem):
    """What is sent calls itself something that a page of any site could send."""

    media_type: str
    wanted: str
    is_registration: bool = False

    status: ClassVar = 415
    source: ClassVar = "RFC 9110 §15.5.16; RFC 7591 §3.1; RFC 6749 §4.1.3"

    @property
    def diagnosis_id(self) -> str:
        """Return what it is no one of: a registration, a form, or an MCP message."""
        if self.is_registration:
            return "LIMIT-27"
        return "REQ-07" if self.wanted == "application/json" else "REQ-05"

    def explain(self) -> str:
        """Say what came."""
        return (
            f"The body calls itself {clean(self.media_type, _SHOWN) or 'nothing'}; {self.wanted} is what is sent here."
        )

    def advise(self) -> str:
        """Say what to send."""
        return f"Send content-type: {self.wanted}."


@dataclass(frozen=True, slots=True)
class WatchedCallbackUnknown(Problem):
    """An answer came to our callback that belongs to no authorization under way."""

    diagnosis: ClassVar = "REQ-03"
    hint: ClassVar = (
        "Begin the login anew in the client: each answer is taken once, within 15 minutes of its beginning."
    )
    source: ClassVar = "RFC 6749 §4.1.2, §10.12"

    def explain(self) -> str:
        """Say that it belongs nowhere."""
        return "This answer belongs to no login that is under way here: it was used, is too old, or began elsewhere."
