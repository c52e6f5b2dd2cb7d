"""Why a sign-in at the identity provider did not end in a session."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from devgw.ids import OperationId
from devgw.problems.base import ErrorCode, Fault, Problem
from devgw.problems.consent import STATE_TTL
from devgw.problems.provider_steps import quoted


@dataclass(frozen=True, slots=True)
class DevLoginElsewhere(Problem):
    """Somebody who is not known to be on this machine wants the sign-in that asks nobody who they are."""

    origin: str
    """Under which the gateway was asked."""
    header: str = ""
    """By which a proxy or tunnel in between is known; empty where none is."""

    diagnosis: ClassVar = "HOST-09"
    fault: ClassVar = Fault.CONFIGURATION
    error: ClassVar = ErrorCode.ACCESS_DENIED
    status: ClassVar = 403
    hint: ClassVar = (
        "Open http://localhost with the gateway's port in a browser on this machine; for anybody else, configure an "
        "identity provider."
    )

    def explain(self) -> str:
        """Say how the request came."""
        how = f"with the header {self.header}, which a proxy or tunnel adds" if self.header else f"for {self.origin}"
        return f"dev-login signs anybody in, so it works on this machine only; this request came {how}."


@dataclass(frozen=True, slots=True)
class StateMissing(Problem):
    """The identity provider's answer carries no state, so that it belongs to no login that began here."""

    has_code: bool
    is_workos: bool
    provider_error: str = ""
    description: str = ""

    source: ClassVar = "RFC 6749 §4.1.2, §4.1.2.1, §10.12"

    @property
    def diagnosis_id(self) -> str:
        """Return whether WorkOS began this login itself, which it does with a code alone."""
        return "WORK-03" if self.has_code and self.is_workos else "IDT-24"

    def explain(self) -> str:
        """Say what came, in the provider's words where it has any."""
        if self.provider_error:
            said = quoted(self.provider_error, self.description)
            return f"The identity provider answered {said}, without a state: it is not known of which login that is."
        came = "a code but no state" if self.has_code else "neither code nor state"
        return f"The callback got {came}: it is not known of which login that is, if one began here at all."

    def advise(self) -> str:
        """Say how a login begins, or what the provider has to send along."""
        if self.diagnosis_id == "WORK-03":
            return "Start the login from the MCP client: what begins at WorkOS (impersonation) cannot be finished here."
        if self.provider_error:
            return "Do what the provider's words say; then start the connection again in the MCP client."
        return (
            "Start the connection in the MCP client. If this came from a login that did, the provider answers in "
            "another way than by the query (response_mode=fragment, a page of its own): set response_mode=query there."
        )


@dataclass(frozen=True, slots=True)
class AnswerPosted(Problem):
    """The identity provider answers by a form (`response_mode=form_post`), where the gateway reads the query."""

    authorize_url: str
    """The provider's, without a query; empty where nobody signs in at a provider."""
    is_derived: bool
    """Whether the policy knows its URLs by itself, so that none can be configured."""
    asks_for_it: bool
    """Whether the configured URL itself says response_mode=form_post."""

    diagnosis: ClassVar = "IDT-22"
    fault: ClassVar = Fault.CONFIGURATION
    source: ClassVar = "OAuth 2.0 Form Post Response Mode §2"

    def explain(self) -> str:
        """Say how it came."""
        return (
            "The identity provider sent its answer to the callback as a form (POST); it is read from the query (GET)."
        )

    def advise(self) -> str:
        """Say what to write where."""
        if self.asks_for_it:
            return "Write response_mode=query for response_mode=form_post in browserLogin.url, and start again."
        if not self.authorize_url:
            return "Start the connection in the MCP client; look at what sent this form: nobody signs in at a provider."
        url = f"browserLogin.url = {self.authorize_url}?response_mode=query"
        if self.is_derived:
            return (
                "Look at what sent this form: the provider of this policy answers in the query, unless its settings "
                f"for this client say otherwise. Where they must, take the policy mcp-oauth-inbound, with {url}."
            )
        return f"Ask for the answer in the query: configure {url}, and start the connection again."


@dataclass(frozen=True, slots=True)
class StateUnknown(Problem):
    """The state was never issued here, or the gateway's state directory was cleared since."""

    provider_error: str = ""
    description: str = ""

    diagnosis: ClassVar = "SESS-01"
    source: ClassVar = "RFC 6749 §10.12"

    def explain(self) -> str:
        """Say so, with what the answer says besides."""
        words = "The state of the callback was never issued by this gateway, or its state was cleared since"
        said = quoted(self.provider_error, self.description) if self.provider_error else ""
        return f"{words}; the answer is {said}." if said else f"{words}."

    def advise(self) -> str:
        """Say what to do; an error of the provider's comes first."""
        first = "Do what the words of the answer say; then start" if self.provider_error else "Start"
        return f"{first} the connection again in the MCP client."


@dataclass(frozen=True, slots=True)
class StateExpired(Problem):
    """The login took longer than its state lives."""

    begun_at: datetime
    expired_at: datetime

    diagnosis: ClassVar = "SESS-01"
    hint: ClassVar = f"Start again; the time is {STATE_TTL}."
    source: ClassVar = "RFC 6749 §10.12"

    def explain(self) -> str:
        """Say the times."""
        return f"The login began at {self.begun_at:%H:%M:%S} and its state expired at {self.expired_at:%H:%M:%S} UTC."


@dataclass(frozen=True, slots=True)
class LoginEnded(Problem):
    """The login was under way when the configuration got another provider, or another client of it."""

    ended_at: datetime

    diagnosis: ClassVar = "SESS-01"
    hint: ClassVar = "Start the connection again in the MCP client; it leads to the provider that is configured now."
    source: ClassVar = "RFC 6749 §10.12"

    def explain(self) -> str:
        """Say when."""
        return (
            f"This login ended at {self.ended_at:%H:%M:%S} UTC: the configuration that was saved then signs people in "
            "at another provider, or as another client of it."
        )


@dataclass(frozen=True, slots=True)
class RouteGone(Problem):
    """The authorization was under way when its route was taken out, or got another address or operationId."""

    client_name: str
    resource: str
    operation_id: OperationId
    ended_at: datetime

    diagnosis: ClassVar = "SESS-01"
    hint: ClassVar = "Start the connection again in the MCP client, with the URL of a route that is served now."
    source: ClassVar = "RFC 8707 §2"

    def explain(self) -> str:
        """Say which, and when."""
        return (
            f"The authorization for {self.client_name} ended at {self.ended_at:%H:%M:%S} UTC: the configuration that "
            f"was saved then no longer has its route, {self.resource} with the operationId {self.operation_id}."
        )


@dataclass(frozen=True, slots=True)
class StateSpent(Problem):
    """The callback came a second time."""

    spent_at: datetime

    diagnosis: ClassVar = "SESS-04"
    hint: ClassVar = "Go back to the MCP client; if it still waits, start the connection again there."
    source: ClassVar = "RFC 6749 §4.1.2, §10.12"

    def explain(self) -> str:
        """Say when it came first."""
        return f"This callback was already handled at {self.spent_at:%H:%M:%S} UTC; its code works once."


@dataclass(frozen=True, slots=True)
class LoginCookieMissing(Problem):
    """The browser that came back is not the one that left: its login cookie is absent or another's."""

    callback_host: str
    begun_host: str

    status: ClassVar = 403
    source: ClassVar = "RFC 6749 §10.12; RFC 6265 §5.3"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is."""
        return "SESS-02" if self.callback_host != self.begun_host else "SESS-03"

    def explain(self) -> str:
        """Say on which hosts it began and ended."""
        if self.callback_host != self.begun_host:
            return (
                f"The login began on {self.begun_host} and came back on {self.callback_host}: "
                "cookies belong to one host, so the login cookie did not come along."
            )
        return f"The login cookie that was set on {self.begun_host} did not come back with the callback."

    def advise(self) -> str:
        """Say which host to use."""
        if self.callback_host != self.begun_host:
            return (
                f"Register the callback under {self.begun_host} at the identity provider, and use that name everywhere."
            )
        return "Finish the login in the browser window in which it began, with cookies allowed."


CALLBACK_REFUSALS = (StateMissing, StateUnknown, StateExpired, StateSpent, LoginEnded, RouteGone, LoginCookieMissing)
"""What the gateway's own callback refuses; the rest is the provider's doing, or fails after it."""
