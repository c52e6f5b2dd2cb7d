"""Why a sign-in at the identity provider did not end in a session."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem


@dataclass(frozen=True, slots=True)
class StateMissing(Problem):
    """The identity provider's answer carries no state, so that it belongs to no login that began here."""

    has_code: bool

    diagnosis: ClassVar = "WORK-03"
    hint: ClassVar = (
        "Start the login from the MCP client. A login begun at WorkOS (impersonation) cannot be finished here."
    )
    source: ClassVar = "RFC 6749 §4.1.2, §10.12"

    def explain(self) -> str:
        """Say what came."""
        came = "a code but no state" if self.has_code else "neither code nor state"
        return f"The callback got {came}: this login was not begun by the gateway."


@dataclass(frozen=True, slots=True)
class StateUnknown(Problem):
    """The state was never issued here, or the gateway's state directory was cleared since."""

    diagnosis: ClassVar = "SESS-01"
    hint: ClassVar = "Start the connection again in the MCP client."
    source: ClassVar = "RFC 6749 §10.12"

    def explain(self) -> str:
        """Say so."""
        return "The state of the callback was never issued by this gateway, or its state was cleared since."


@dataclass(frozen=True, slots=True)
class StateExpired(Problem):
    """The login took longer than its state lives."""

    begun_at: datetime
    expired_at: datetime

    diagnosis: ClassVar = "SESS-01"
    hint: ClassVar = "Start again, or raise browserLoginOverrides.stateTtlSeconds."
    source: ClassVar = "RFC 6749 §10.12"

    def explain(self) -> str:
        """Say the times."""
        return f"The login began at {self.begun_at:%H:%M:%S} and its state expired at {self.expired_at:%H:%M:%S} UTC."


@dataclass(frozen=True, slots=True)
class LoginEnded(Problem):
    """The login was under way when the configuration began to sign people in elsewhere."""

    ended_at: datetime

    diagnosis: ClassVar = "SESS-01"
    hint: ClassVar = "Start the connection again in the MCP client; it leads to the provider that is configured now."
    source: ClassVar = "RFC 6749 §10.12"

    def explain(self) -> str:
        """Say when."""
        return (
            f"This login ended at {self.ended_at:%H:%M:%S} UTC: the configuration that was saved then signs people in "
            "elsewhere."
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


@dataclass(frozen=True, slots=True)
class ProviderRefused(Problem):
    """The identity provider sent the browser back with an error."""

    provider_error: str
    description: str

    fault: ClassVar = Fault.PROVIDER
    source: ClassVar = "RFC 6749 §4.1.2.1"
    error: ClassVar = ErrorCode.ACCESS_DENIED

    def explain(self) -> str:
        """Repeat what it said."""
        said = f": {self.description}" if self.description else ""
        return f"The identity provider answered {self.provider_error}{said}."

    def advise(self) -> str:
        """Say what to look at."""
        if self.provider_error == "access_denied":
            return "Connect again and sign in, if that was a mistake."
        return "Look the error up at the identity provider; the gateway's own request is in this flow's trace."
