"""Why a tool, prompt or resource is not to be had through a route."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import ErrorCode, Problem

METHOD_NOT_FOUND = -32601


@dataclass(frozen=True, slots=True)
class CapabilityHidden(Problem):
    """The route's capability filter does not let this one through; the client hears what it hears of unknown ones."""

    kind: str
    """`tool`, `prompt` or `resource`."""
    name: str
    policy: str
    nearest: str | None = None
    """The listed name that looks most like the one asked for."""
    needs: tuple[str, ...] = ()
    """The roles and groups that would see it, where access control hid it."""
    without: tuple[str, ...] = ()
    """The claims that access control reads, and under which this person's sign-in brought nothing."""
    request_id: str | int | None = None
    """The `id` of the JSON-RPC request that asked for it."""

    error: ClassVar = ErrorCode.INVALID_REQUEST
    code: ClassVar[int] = METHOD_NOT_FOUND
    message: ClassVar[str] = "Method not found"
    source: ClassVar = "mcp-capability-filter-inbound; JSON-RPC 2.0 §5.1"

    @property
    def diagnosis_id(self) -> str | None:
        """Return its name where a claim is absent or another name seems meant; to hide is what a filter is for."""
        if self.needs and self.without:
            return "CONF-10"
        return "CONF-08" if self.nearest else None

    def explain(self) -> str:
        """Say what was hidden, by which policy and for whom."""
        if self.needs:
            shown = f"{self.policy} shows the {self.kind} `{self.name}` only to {', '.join(self.needs)}"
            return (
                f"{shown}; this person's sign-in brought nothing under {self._claims}." if self.without else f"{shown}."
            )
        return f"{self.policy} does not list the {self.kind} `{self.name}`, so the call never left the gateway."

    def advise(self) -> str:
        """Name the entry to add, or the one that was probably meant."""
        if self.needs and self.without:
            return bring_claims(self.without)
        if self.needs:
            return "Sign in as somebody who has that role or group, or mark the entry `public: true`."
        if self.nearest:
            return f"The filter lists `{self.nearest}`; names match exactly, with their case."
        return f"Add `{self.name}` to the filter, or remove the list to let all of them pass."

    @property
    def _claims(self) -> str:
        return quoted_claims(self.without)


def quoted_claims(claims: tuple[str, ...]) -> str:
    """Return claims in words to show."""
    return " or ".join(f"`{each}`" for each in claims)


def bring_claims(claims: tuple[str, ...]) -> str:
    """Return what brings claims by which a filter decides."""
    return (
        f"Let the identity provider say {quoted_claims(claims)}, or write the claim that it has as `roleClaim` or "
        "`groupClaim` of accessControl; then sign in again."
    )
