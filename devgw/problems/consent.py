"""Why a step of the person's way ends: a denied, stale, expired or finished authorization."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.problems.base import ErrorCode, Problem

STATE_TTL = "browserLoginOverrides.stateTtlSeconds (browserLogin.stateTtlSeconds in mcp-oauth-inbound)"
"""The option in policies.json that says how long a person has for a login."""


@dataclass(frozen=True, slots=True)
class AccessDenied(Problem):
    """The person said no."""

    where: str

    diagnosis: ClassVar = "CONS-04"
    error: ClassVar = ErrorCode.ACCESS_DENIED
    hint: ClassVar = "Connect again and approve, if that was a mistake."
    source: ClassVar = "RFC 6749 §4.1.2.1"

    def explain(self) -> str:
        """Say where."""
        return f"The person declined on the {self.where} page."


@dataclass(frozen=True, slots=True)
class InteractionRequired(Problem):
    """`prompt=none` was asked, but a page has to be shown."""

    page: str

    diagnosis: ClassVar = "REQ-01"
    source: ClassVar = "OpenID Connect Core §3.1.2.6"
    hint: ClassVar = "Ask without prompt=none."

    def explain(self) -> str:
        """Say which page."""
        return f"prompt=none was asked for, but the {self.page} page has to be shown."


@dataclass(frozen=True, slots=True)
class TransactionUnknown(Problem):
    """The page belongs to no pending authorization."""

    diagnosis: ClassVar = "REQ-03"
    hint: ClassVar = "Start the connection again in the MCP client; do not reuse an old browser tab."
    source: ClassVar = "RFC 6749 §10.12"

    def explain(self) -> str:
        """Say so."""
        return "This page belongs to no authorization that is still pending."


@dataclass(frozen=True, slots=True)
class TransactionExpired(Problem):
    """The pending authorization waited too long."""

    client_name: str
    expired_at: datetime

    diagnosis: ClassVar = "SESS-01"
    hint: ClassVar = f"Start the connection again in the MCP client; the time is {STATE_TTL}."
    source: ClassVar = "RFC 6749 §10.12"

    def explain(self) -> str:
        """Say since when."""
        return f"The authorization for {self.client_name} expired at {self.expired_at:%H:%M:%S} UTC."


@dataclass(frozen=True, slots=True)
class TransactionFinished(Problem):
    """The pending authorization already got its answer."""

    client_name: str
    decided_at: datetime

    diagnosis: ClassVar = "REQ-03"
    hint: ClassVar = "Go back to the MCP client; if it is still waiting, start the connection again there."
    source: ClassVar = "RFC 6749 §4.1.2"

    def explain(self) -> str:
        """Say when."""
        return f"The authorization for {self.client_name} was already answered at {self.decided_at:%H:%M:%S} UTC."


@dataclass(frozen=True, slots=True)
class ConsentStale(Problem):
    """A form of ours does not belong to this browser's session: old, doubled, or another user signed in since."""

    detail: str
    is_of_somebody_else: bool = False
    """Whether its page was shown to a person who is not signed in here any more."""

    diagnosis: ClassVar = "CONS-03"
    status: ClassVar = 403
    hint: ClassVar = "Go back to the page with the form, reload it, and decide again."
    source: ClassVar = "MCP security best practices: Consent UI Requirements"

    def explain(self) -> str:
        """Say what does not fit."""
        return f"The form was not taken: {self.detail}."

    def advise(self) -> str:
        """Say how to come to a form of one's own."""
        return "Start the connection again in the MCP client." if self.is_of_somebody_else else self.hint


@dataclass(frozen=True, slots=True)
class PageAskedByScript(Problem):
    """A page that a person has to see is asked for by another page's script, which shows it to nobody."""

    path: str
    purpose: str
    """`Sec-Fetch-Dest`: what the answer is for."""

    diagnosis: ClassVar = "SESS-12"
    status: ClassVar = 403
    hint: ClassVar = "Lead the browser to the URL: by a link, location.assign() or a new window, not by fetch()."
    source: ClassVar = "Fetch Metadata Request Headers §2.1; RFC 6749 §3.1"

    def explain(self) -> str:
        """Say how it came."""
        purpose = clean(self.purpose, 40)
        return f"{self.path} was asked for by a script, or as a part of a page (Sec-Fetch-Dest: {purpose})."


@dataclass(frozen=True, slots=True)
class SessionCookieLost(Problem):
    """The browser signed in a moment ago, and the cookie of that session did not come back with it."""

    others: int
    """Sessions of other cookies of that name that came instead."""

    diagnosis: ClassVar = "SESS-03"
    status: ClassVar = 403
    hint: ClassVar = (
        "Let the browser accept cookies here, delete those of this host name, and start the connection again in the "
        "MCP client. If it comes back, a page on another port of this machine sets cookies of the same name: close it."
    )
    source: ClassVar = "RFC 6265 §8.5 (cookies know no ports), §8.6"

    def explain(self) -> str:
        """Say what came instead."""
        came = f"; {self.others} of another sign-in came" if self.others else ""
        return f"The cookie devgw_session of this sign-in did not come back with the browser{came}."

    def advise(self) -> str:
        """Say first what is usual, where another cookie came: two people at one browser, or one page in two."""
        if not self.others:
            return self.hint
        return (
            "If somebody else signed in in this browser meanwhile, start the connection again in the MCP client. If "
            "this page was opened in another browser, decide in that one. If neither is so, a page on another port of "
            "this machine sets cookies of the same name: close it, and delete the cookies of this host name."
        )


@dataclass(frozen=True, slots=True)
class UpstreamsNotConnected(Problem):
    """Consent cannot be given before the route's upstream is connected."""

    upstreams: tuple[str, ...]

    diagnosis: ClassVar = "CONS-02"
    hint: ClassVar = "Press Connect on the consent page first."
    source: ClassVar = "MCP authorization: third-party authorization"

    def explain(self) -> str:
        """Say which."""
        return f"Not connected yet: {', '.join(self.upstreams)}."
