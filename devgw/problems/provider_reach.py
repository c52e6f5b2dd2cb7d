"""Why the identity provider could not be asked."""

from dataclasses import dataclass, field
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem


@dataclass(frozen=True, slots=True)
class ProviderUnreachable(Problem):
    """The identity provider could not be asked."""

    url: str
    failure: str
    change: str = ""
    """The one change, where the failure has one."""
    then: str = field(default="start the connection again", kw_only=True)
    """What is tried after it."""

    diagnosis: ClassVar = "IDT-13"
    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    source: ClassVar = "RFC 6749 §4.1.2.1"

    def explain(self) -> str:
        """Say how it failed."""
        return f"{self.url} could not be reached: {self.failure.rstrip('.')}."

    def advise(self) -> str:
        """Say what mends it."""
        change = self.change or "Check network, DNS, proxy variables and TLS on this machine."
        return f"{change} Then {self.then}."


@dataclass(frozen=True, slots=True)
class ProviderTimedOut(Problem):
    """The identity provider did not answer within the time that the policy gives it."""

    url: str
    timeout_ms: int
    is_setting: bool = field(default=True, kw_only=True)
    """Whether the policy sets the time; cross-app access has devgw's own."""

    diagnosis: ClassVar = "IDT-23"
    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    source: ClassVar = "RFC 9110 §15.6.5"

    def explain(self) -> str:
        """Say for how long it was waited."""
        setting = " (browserLoginOverrides.remoteTimeoutMs)" if self.is_setting else ""
        return f"{self.url} did not answer within {self.timeout_ms:,} ms{setting}."

    def advise(self) -> str:
        """Say what to raise."""
        if not self.is_setting:
            return "Call again; if it stays, look into the provider's own log: no setting of devgw raises this limit."
        more = max(10_000, self.timeout_ms * 2)
        return (
            f"Start the connection again; if it stays, raise `browserLoginOverrides.remoteTimeoutMs` in policies.json "
            f"(browserLogin.remoteTimeoutMs in mcp-oauth-inbound), for example to {more}."
        )
