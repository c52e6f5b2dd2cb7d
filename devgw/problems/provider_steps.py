"""Where WorkOS wants something more of a person: at its authorize page, or when the code is redeemed."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem

WORKOS_STEPS = {
    "email_verification_required": "Verify the person's email address (WorkOS sent a code), then start again.",
    "organization_selection_required": "Choose one organization in WorkOS's sign-in, then start again.",
    "mfa_enrollment": "Enroll a second factor in WorkOS's sign-in, then start again.",
    "mfa_challenge": "Give the second factor in WorkOS's sign-in, then start again.",
    "mfa_verification": "Give the second factor in WorkOS's sign-in, then start again.",
    "sso_required": "Sign in through the organization's SSO connection: start again with the work email address.",
    "organization_authentication_methods_required": "Sign in by a method that the organization allows.",
    "authentication_method_not_allowed": "Sign in by another method, or allow this one under Authentication.",
    "email_password_auth_disabled": "Sign in by another method, or switch passwords on under Authentication.",
    "passkey_progressive_enrollment": "Add the passkey in WorkOS's sign-in, then start again.",
    "radar_challenge": "Answer the challenge that WorkOS sent, then start again.",
    "sign_up_not_allowed": "Invite the person in the WorkOS Dashboard, or allow sign-ups.",
    "invitation_invalid": "Send the person a new invitation.",
    "invitation_cannot_be_used_for_email": "Sign in with the email address that was invited.",
    "organization_membership_not_found": "Make the person a member of that organization.",
    "organization_not_found": "Take an organization of this environment.",
    "organization_invalid": "Take an organization of this environment with an SSO connection, or sign in without one.",
    "connection_invalid": "Take a connection of this environment.",
    "connection_unlinked": "Finish setting up the connection in the WorkOS Dashboard.",
    "connection_strategy_invalid": "Correct the connection in the WorkOS Dashboard.",
    "connection_domain_invalid": "Add the email's domain to the connection's organization.",
    "profile_not_allowed_outside_organization": "Sign in with an address of the organization's domain.",
}
"""What mends each code by which WorkOS holds a person up; source: WorkOS, Authentication errors and SSO error codes."""


def quoted(error: str, description: str) -> str:
    """Return the provider's own words, without a colon that nothing follows, to be put into a sentence."""
    return ": ".join(each for each in (error, description.rstrip(". ")) if each)


@dataclass(frozen=True, slots=True)
class ProviderStepRequired(Problem):
    """WorkOS wants something more of this person before it lets them in."""

    url: str
    provider_error: str
    description: str

    diagnosis: ClassVar = "WORK-04"
    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.ACCESS_DENIED
    source: ClassVar = "WorkOS: Authentication errors"

    def explain(self) -> str:
        """Say which step."""
        said = quoted(self.provider_error, self.description)
        return f"The identity provider does not let this person in as things stand ({said})."

    def advise(self) -> str:
        """Say how the step is taken, or made needless."""
        return WORKOS_STEPS.get(self.provider_error, "Take that step in the hosted sign-in, then start again.")


@dataclass(frozen=True, slots=True)
class ProviderAnswerEmpty(Problem):
    """The identity provider sent the browser back with neither a code nor an error."""

    got: str
    """The parameters that came, by name."""
    description: str = ""
    """What it says of an error for which it gives no code."""

    diagnosis: ClassVar = "IDT-32"
    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 6749 §4.1.2"

    def explain(self) -> str:
        """Say what came."""
        came = f"The identity provider sent the browser back with {self.got} alone"
        if self.description:
            return f"{came}: no code, and no error beside its words {quoted('', self.description)}."
        return f"{came}: neither a code nor an error."

    def advise(self) -> str:
        """Say what to do at the provider."""
        if self.description:
            return "Do what its words say at the provider; then start the connection again."
        return (
            "Let the provider answer `response_type=code` with `code` and `state` in the query, for this client; then "
            "start the connection again."
        )
