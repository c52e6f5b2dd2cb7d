"""Why the identity provider's own answers were no good: its token endpoint and its keys."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from urllib.parse import urlsplit

from devgw.problems.authentication_words import TAKE_THE_FORM, is_against_way
from devgw.problems.base import ErrorCode, Fault, Problem
from devgw.problems.endpoint_status import NOT_YET, change_of_way, fault_of_way
from devgw.problems.provider_steps import quoted
from devgw.problems.upstream_error import OF_PKCE


class SecretShape(StrEnum):
    """What the gateway's client secret looks like, without saying it."""

    WRAPPED = "is wrapped in quotes or white space"
    PUBLISHABLE = "is a publishable key (pk_), not an API key"
    STAGING = "is a staging key (sk_test_)"
    PRODUCTION = "is a production key (sk_live_)"
    PLAIN = "has no known prefix"

    @classmethod
    def of(cls, secret: str) -> "SecretShape":
        """Return the shape of a secret."""
        if secret != secret.strip() or secret[:1] in ("'", '"'):
            return cls.WRAPPED
        prefixes = {"pk_": cls.PUBLISHABLE, "sk_test_": cls.STAGING, "sk_live_": cls.PRODUCTION}
        return next((shape for prefix, shape in prefixes.items() if secret.startswith(prefix)), cls.PLAIN)


@dataclass(frozen=True, slots=True)
class ProviderClientRefused(Problem):
    """The identity provider does not take the gateway's own credentials."""

    url: str
    provider_error: str
    description: str
    client_id: str
    secret: SecretShape

    diagnosis: ClassVar = "TOK-07"
    fault: ClassVar = Fault.CONFIGURATION
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 6749 §5.2"

    def explain(self) -> str:
        """Say what was sent, masked, and what came back."""
        said = quoted(self.provider_error, self.description)
        way = ", in the form (client_secret_post)" if self._is_of_way else ""
        return (
            f"The identity provider refused the gateway's credentials ({said}). "
            f"Sent client_id {self.client_id} with a secret that {self.secret}{way}."
        )

    @property
    def _is_of_way(self) -> bool:
        return is_against_way(self.provider_error, self.description)

    def advise(self) -> str:
        """Say what to change: by the provider's words, by the look of the secret, else by the provider's own code."""
        if self._is_of_way:
            return TAKE_THE_FORM
        if self.secret is SecretShape.WRAPPED:
            return "Take the quotes and blanks away from around the client secret, and save."
        if self.secret is SecretShape.PUBLISHABLE:
            return "Put the API key, which begins with sk_, in the place of the publishable key."
        if self.provider_error == "unauthorized_client":
            return (
                "The secret may belong to another environment or client: take client id and secret from one and the "
                "same environment, and save both."
            )
        return (
            "The provider takes no such secret of this client id, or not any more. Copy both again, from beside each "
            "other (at WorkOS: API Keys) and out of one environment; a secret is shown once, so make a new one where "
            "it is lost or has expired."
        )


_A_CODE = "a code works once, for some minutes, for one callback and one verifier"


@dataclass(frozen=True, slots=True)
class ProviderCodeRefused(Problem):
    """The identity provider does not redeem the code it gave: `invalid_grant`."""

    url: str
    provider_error: str
    description: str

    diagnosis: ClassVar = "WORK-06"
    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 6749 §5.2"

    def advise(self) -> str:
        """Say to begin anew; where its words speak of PKCE, be it among other causes, what may be wrong with that."""
        if not OF_PKCE.search(self.description):
            return f"Start the connection again; {_A_CODE}."
        return (
            "Set browserLogin.pkce (browserLoginOverrides.pkce) to what this client has at the provider, if it is not: "
            f'"S256" where PKCE is asked for and else "none". Then start the connection again; {_A_CODE}.'
        )

    def explain(self) -> str:
        """Repeat what it said."""
        return f"The identity provider did not redeem the code ({quoted(self.provider_error, self.description)})."


@dataclass(frozen=True, slots=True)
class ProviderTokenRequestRefused(Problem):
    """The identity provider does not take the request itself; the code and the credentials are not what it names."""

    url: str
    status_code: int
    provider_error: str
    description: str
    is_page: bool = False
    """Whether it refused by a page for people."""

    diagnosis: ClassVar = "IDT-27"
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    hint: ClassVar = (
        "Do what its words say, in the provider's settings of this client or in the OAuth policy of policies.json; "
        "then start the connection again."
    )
    source: ClassVar = "RFC 6749 §5.2"

    @property
    def fault(self) -> Fault:  # type: ignore[override]  # a proxy on the way is this machine's
        """Return whose it is."""
        return fault_of_way(self.status_code, Fault.PROVIDER)

    def explain(self) -> str:
        """Repeat what it said."""
        if 200 <= self.status_code < 300:
            return f"{self.url} answered the request for a token with {self.status_code}; tokens come with 200."
        said = quoted(self.provider_error, self.description) or "without a word that can be read"
        return f"{self.url} refused the request for a token: {self.status_code}, {said}."

    def advise(self) -> str:
        """Say where its reason stands."""
        if way := change_of_way(self.status_code, urlsplit(self.url).hostname or "", "browserLogin.tokenUrl"):
            return way
        if 200 <= self.status_code < 300:
            return "Let the provider's token endpoint answer with 200, and check that browserLogin.tokenUrl is its URL."
        if self.is_page:
            return (
                "Go by its words: a page answered, and no token endpoint. Let the gateway's requests past what stands "
                "before the provider (a login, a VPN, a firewall), if it is that; else correct browserLogin.tokenUrl."
            )
        if self.provider_error == "unauthorized_client":
            return (
                "Go by its words; where there are none, switch the authorization code grant on for this client at the "
                "provider, or configure the client id of one that has it. Then start the connection again."
            )
        if self.provider_error or self.description:
            return self.hint
        return "Look for this request in the provider's own log: its answer gives no reason."


@dataclass(frozen=True, slots=True)
class ProviderTokenUrlWrong(Problem):
    """What answers at the configured token URL is no token endpoint."""

    url: str
    status_code: int
    got: str
    is_login_url: bool = False
    """Whether the login page is configured to be there too."""

    diagnosis: ClassVar = "TOK-05"
    fault: ClassVar = Fault.CONFIGURATION
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    hint: ClassVar = (
        "Configure as browserLogin.tokenUrl what the provider's discovery document calls token_endpoint: `devgw "
        "doctor` reads it and compares."
    )
    source: ClassVar = "RFC 8414 §2"

    def explain(self) -> str:
        """Say what answered."""
        said = f"{self.url} answered {self.status_code} with {self.got}"
        if self.is_login_url:
            return f"{said}; it is configured as the login page too, and is not both."
        return f"{said}: that is no token endpoint."


@dataclass(frozen=True, slots=True)
class IdTokenMissing(Problem):
    """An OpenID provider was asked with the scope `openid` and gave no ID token."""

    url: str
    got: str
    """The members that came, by name."""
    looks_like_workos: bool

    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "OpenID Connect Core §3.1.3.3"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is: WorkOS has none to give, another provider owes one."""
        return "IDT-04" if self.looks_like_workos else "IDT-20"

    def explain(self) -> str:
        """Say what came."""
        return f"{self.url} answered with {self.got or 'no members'}, and no id_token, though `openid` was asked for."

    def advise(self) -> str:
        """Say what to configure."""
        if self.looks_like_workos:
            return "WorkOS gives no id_token: use the policy mcp-workos-oauth-inbound, which reads its own answer."
        return "Switch OpenID Connect on for this client at the provider (its scope `openid`); it owes an id_token."


_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class ProviderFailing(Problem):
    """The identity provider is overloaded or broken; nothing is wrong with the request."""

    url: str
    status_code: int
    description: str
    provider_error: str = ""
    wait: str = ""
    """See `foreign.retry_after`."""

    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    source: ClassVar = "RFC 9110 §15.6, RFC 6585 §4"

    @property
    def diagnosis_id(self) -> str:
        """Return whether it fails, or was asked too often."""
        return "IDT-34" if self.status_code == _TOO_MANY else "IDT-25"

    def explain(self) -> str:
        """Say what it answered."""
        words = quoted(self.provider_error, self.description)
        said = f" ({words})" if words else ""
        return f"{self.url} answered {self.status_code}{said}: {self._what}."

    @property
    def _what(self) -> str:
        if self.status_code == _TOO_MANY:
            return "it was asked too often"
        return NOT_YET.get(self.status_code, "the identity provider itself fails")

    def advise(self) -> str:
        """Say what to wait for."""
        if self.status_code == _TOO_MANY:
            return f"Wait {self.wait or 'a minute'} and start the connection again; the limit is the provider's own."
        if self.status_code in NOT_YET:
            return "Start the connection again; if it stays, look at what stands between the provider and this machine."
        wait = self.wait or "a moment"
        return f"Wait {wait} and start the connection again; the provider's status page may say more."


@dataclass(frozen=True, slots=True)
class ProviderAnswerUnreadable(Problem):
    """The answer of the identity provider's token endpoint has not the form that the standard gives it."""

    url: str
    status_code: int
    got: str
    expected: str
    is_refused_json: bool = False
    """Whether it is meant as JSON, and `expected` is what makes it JSON that is taken."""
    passes: str = ""
    """The id of the limit that it passes, if that is why."""

    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 6749 §5.1; RFC 8259 §4, §8.1"

    @property
    def diagnosis_id(self) -> str:
        """Return the limit that it passes, or that its shape is wrong."""
        return self.passes or "TOK-08"

    def explain(self) -> str:
        """Say both."""
        return f"{self.url} answered {self.status_code} with {self.got}; expected {self.expected}."

    def advise(self) -> str:
        """Say what it has to answer with, or where to look."""
        if self.is_refused_json:
            return f"Let the provider's token endpoint answer with {self.expected}."
        return "Check that the token URL belongs to this provider, and what stands between it and this machine."
