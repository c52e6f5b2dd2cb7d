"""What can be made to go wrong, each the way a real upstream does it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class SampleFault(StrEnum):
    """A fault by name; `meaning` says what is seen from outside."""

    meaning: str

    def __new__(cls, name: str, meaning: str) -> Self:
        """Make a member that is its name and knows its meaning."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.meaning = meaning
        return member

    CHALLENGE_MISSING = "challenge_missing", "401 without WWW-Authenticate"
    CHALLENGE_READ_ONLY = "challenge_read_only", "the challenge asks for notes:read alone; writing then answers 403"
    PRM_ELSEWHERE = "prm_elsewhere", "protected resource metadata is only where the challenge says, at an odd path"
    PRM_AT_ROOT = "prm_at_root", "the challenge is silent; the metadata is at the root well-known path alone"
    PRM_NOWHERE = "prm_nowhere", "the challenge is silent and every well-known path of the resource is a 404"
    PRM_HTML = "prm_html", "the resource's metadata is an HTML page with status 200"
    PRM_WRONG_RESOURCE = "prm_wrong_resource", "the metadata names another resource"
    PRM_WITHOUT_SCOPES = "prm_without_scopes", "no scopes_supported anywhere, no scope in the challenge"
    METADATA_NOWHERE = "metadata_nowhere", "the authorization server's metadata is a 404 in every dialect"
    METADATA_HTML = "metadata_html", "the authorization server's metadata is an HTML page with status 200"
    METADATA_BROKEN = "metadata_broken", "the authorization server's metadata answers 500"
    OIDC_ONLY = "oidc_only", "only openid-configuration is served, not oauth-authorization-server"
    WRONG_ISSUER = "wrong_issuer", "the metadata's issuer is not the one it was fetched for"
    ISSUER_SLASH = "issuer_slash", "the metadata's issuer has a trailing slash too many"
    NO_S256 = "no_s256", "code_challenge_methods_supported is missing"
    PLAIN_ONLY = "plain_only", "code_challenge_methods_supported is [plain]"
    NO_CIMD = "no_cimd", "client metadata documents are neither advertised nor taken"
    NO_REGISTRATION = "no_registration", "no registration endpoint and no client metadata documents"
    REGISTRATION_REFUSED = "registration_refused", "registration answers 403 with an HTML page"
    REGISTRATION_WITH_SECRET = "registration_with_secret", "registration hands out a secret, whatever was asked for"
    ISS_MISSING = "iss_missing", "iss is advertised but missing from the callback"
    ISS_WRONG = "iss_wrong", "iss in the callback names another issuer"
    STATE_LOST = "state_lost", "the callback comes without state"
    TOKEN_FORM_ENCODED = "token_form_encoded", "the token endpoint answers form-encoded"
    TOKEN_ERROR_200 = "token_error_200", "the token endpoint refuses with status 200"
    TOKEN_HTML = "token_html", "the token endpoint answers an HTML page with status 502"
    TOKEN_UNAVAILABLE = "token_unavailable", "the token endpoint answers 503 with Retry-After"
    TOKEN_SLOW = "token_slow", "the token endpoint waits `seconds` before it answers"
    TOKEN_ANSWER_LOST = "token_answer_lost", "the token endpoint does its work and drops the connection"
    TOKEN_WITHOUT_REFRESH = "token_without_refresh", "no refresh token is issued"
    TOKEN_WITHOUT_EXPIRY = "token_without_expiry", "the token answer has no expires_in"
    TOKEN_WITHOUT_TYPE = "token_without_type", "the token answer has no token_type"
    REFRESH_REVOKED = "refresh_revoked", "every refresh is refused with invalid_grant"
    REFRESH_KEPT = "refresh_kept", "a refresh answers without a new refresh token, and the old one stays good"
    MCP_REDIRECT_SLASH = "mcp_redirect_slash", "/mcp answers 307 to /mcp/"
    MCP_GZIP = "mcp_gzip", "MCP answers are gzip-encoded, streams too"
    MCP_UNAUTHORIZED = "mcp_unauthorized", "a good token is answered 401"
    MCP_FORBIDDEN = "mcp_forbidden", "a good token is answered 403 insufficient_scope"
    MCP_HTML = "mcp_html", "MCP requests are answered with an HTML page and status 502"
    MCP_SLOW = "mcp_slow", "MCP requests wait `seconds` before they are looked at"
    MCP_SILENT = "mcp_silent", "MCP requests are taken and never answered"
    MCP_ENDLESS = "mcp_endless", "MCP requests are answered with a stream of comments that never ends"
    MCP_DEAD = "mcp_dead", "MCP requests are answered with the head of a stream, and then nothing"
    MCP_CUT = "mcp_cut", "the connection breaks in the middle of an SSE event"


@dataclass
class Armed:
    """A fault that is set."""

    times: int | None
    """How often it still strikes; None: until cleared."""
    seconds: float


def _nobody() -> None:
    """Tell nobody: no gateway shows what is set."""


class SetFaults:
    """The faults that are set."""

    def __init__(self) -> None:
        self._armed: dict[SampleFault, Armed] = {}
        self.on_change: Callable[[], None] = _nobody
        """Told whenever a fault is set, used up or cleared."""

    def set(self, fault: SampleFault, *, times: int | None = None, seconds: float = 1.0) -> None:
        """Make `fault` strike, `times` or until it is cleared; `seconds` is the pause of slow and endless ones."""
        self._armed[fault] = Armed(times, seconds)
        self.on_change()

    def clear(self, fault: SampleFault | None = None) -> None:
        """Clear one fault, or all."""
        if fault is None:
            self._armed.clear()
        else:
            self._armed.pop(fault, None)
        self.on_change()

    @property
    def is_any_set(self) -> bool:
        """Tell whether anything goes wrong on purpose."""
        return bool(self._armed)

    def is_set(self, fault: SampleFault) -> bool:
        """Tell whether `fault` is set, without using it up: for what must look the same in several documents."""
        return fault in self._armed

    def seconds(self, fault: SampleFault) -> float:
        """Return the pause of a fault, 1 where it is not set."""
        return self._armed[fault].seconds if fault in self._armed else 1.0

    def strikes(self, fault: SampleFault) -> bool:
        """Tell whether `fault` strikes now, which counts."""
        armed = self._armed.get(fault)
        if armed is None:
            return False
        if armed.times is not None:
            armed.times -= 1
            if armed.times <= 0:
                del self._armed[fault]
            self.on_change()
        return True

    def as_json(self) -> list[dict[str, object]]:
        """Return every fault with its meaning, and how it is set where it is."""
        return [
            {"name": fault.value, "meaning": fault.meaning, "set": armed is not None}
            | ({"times": armed.times, "seconds": armed.seconds} if armed else {})
            for fault in SampleFault
            for armed in (self._armed.get(fault),)
        ]
