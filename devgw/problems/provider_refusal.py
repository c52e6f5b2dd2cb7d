"""Why the identity provider sent the browser back without a code."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem
from devgw.problems.provider_redirect import add_callback
from devgw.problems.provider_steps import WORKOS_STEPS, quoted
from devgw.problems.provider_token import change_issuer
from devgw.problems.redirect_words import REDIRECT_CODES, is_against_redirect, named_instead


@dataclass(frozen=True, slots=True)
class ProviderRefused(Problem):
    """The identity provider sent the browser back with an error."""

    provider_error: str
    description: str
    got: str = ""
    """The redirect URI that it was asked with, where its answer speaks against that."""
    nearest: str = ""
    """Another one that its words name."""

    source: ClassVar = "RFC 6749 §4.1.2.1"

    @classmethod
    def of(cls, error: str, description: str, callback: str) -> "ProviderRefused":
        """Return the refusal that an answer at `callback` is, which was what the provider was asked with."""
        if not is_against_redirect(error, description):
            return cls(error, description)
        return cls(error, description, callback, named_instead(description, callback))

    @property
    def diagnosis_id(self) -> str:
        """Return the name of what it speaks against, or of the provider's code."""
        if self._is_against_redirect:
            return "RURI-04"
        if self.provider_error == _PERSONS_NO:
            return "CONS-04"
        if self.provider_error in _OF_CONSENT:
            return _OF_CONSENT[self.provider_error]
        if self.provider_error in WORKOS_STEPS:
            return "WORK-04"
        if self.provider_error in _ITS_OWN_FAILURE:
            return "IDT-25"
        return "IDT-28" if self.provider_error in _THE_REQUESTS_FAULT else "IDT-12"

    @property
    def error(self) -> ErrorCode:  # type: ignore[override]  # what the client is told follows from what we were
        """Return what the MCP client is told: its own request was good, so that only three of the codes are true."""
        if self.provider_error in _ITS_OWN_FAILURE and not self._is_against_redirect:
            return ErrorCode(self.provider_error)
        return ErrorCode.SERVER_ERROR if self._is_of_the_request else ErrorCode.ACCESS_DENIED

    @property
    def fault(self) -> Fault:  # type: ignore[override]  # the request is ours, the rest is the provider's
        """Return whose it is."""
        return Fault.CONFIGURATION if self._is_of_the_request else Fault.PROVIDER

    @property
    def _is_against_redirect(self) -> bool:
        return bool(self.got) or self.provider_error in REDIRECT_CODES

    @property
    def _is_of_the_request(self) -> bool:
        return self._is_against_redirect or self.provider_error in _THE_REQUESTS_FAULT

    def explain(self) -> str:
        """Repeat what it said, and what was sent where that is what it speaks of."""
        sent = f" The gateway sent redirect_uri={self.got}." if self.got else ""
        return f"The identity provider answered {quoted(self.provider_error, self.description)}.{sent}"

    def advise(self) -> str:
        """Say what to do, by the name."""
        if self._is_against_redirect:
            return add_callback(self.got or "the gateway's callback")
        if step := WORKOS_STEPS.get(self.provider_error):
            return step
        return _CHANGES[self.diagnosis_id]


_PERSONS_NO = "signin_consent_denied"
"""WorkOS's word for it. `access_denied` says that a person or the server did (RFC 6749 §4.1.2.1), and not which."""
_OF_CONSENT = {"access_denied": "IDT-21", "consent_required": "IDT-33"}
_ITS_OWN_FAILURE = frozenset({"server_error", "temporarily_unavailable"})
_THE_REQUESTS_FAULT = frozenset(
    {
        *("invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "invalid_client"),
        *("request_not_supported", "request_uri_not_supported"),
        *(
            "unsupported_response_mode",
            "invalid_target",
            "invalid_connection_selector",
            "ambiguous_connection_selector",
        ),
    }
)
_CHANGES = {
    "CONS-04": "Connect again and sign in, if that was a mistake.",
    "IDT-21": (
        "If somebody pressed no at the provider, connect again. Else go by its words: let this person use the "
        "application there, assigned to it alone or in a group (Okta, Entra: Assignments, Users and groups), change "
        "the rule that denies, or correct in policies.json what is named."
    ),
    "IDT-12": "Do what the provider's words say; then start the connection again.",
    "IDT-33": (
        "Let an administrator consent to the application at the provider (Entra: Permissions, Grant admin consent), or "
        "the person; take `prompt=none` out of browserLogin.url, if it stands there. Then start the connection again."
    ),
    "IDT-25": "The provider itself fails: wait a moment, and start the connection again.",
    "IDT-28": (
        "Correct what the provider names in the OAuth policy (scope, client id, pkce, browserLogin.url) or in its "
        "settings of this client; then start the connection again."
    ),
}


@dataclass(frozen=True, slots=True)
class ProviderAnswerForeign(Problem):
    """The answer at the callback says that another issuer gave it than the configured one: code and error count not."""

    got: str
    nearest: str
    also: tuple[str, ...] = ()
    """What would be taken as well."""

    diagnosis: ClassVar = "IDT-35"
    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 9207 §2.4"

    def explain(self) -> str:
        """Show both."""
        wanted = " or ".join((self.nearest, *self.also))
        return (
            f"The answer at the callback says iss={self.got}; the configured issuer is {wanted}. Nothing else in the "
            "answer was used."
        )

    def advise(self) -> str:
        """Say what to configure if it is the same provider; if not, that its answer is none to this login."""
        return f"{change_issuer(self.got)} If it is another server, start the login again, and see what led there."
