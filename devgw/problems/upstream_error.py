"""What an `error` of OAuth, or a status without one, says at an upstream's authorization server."""

import re

from devgw.problems.endpoint_status import NOT_YET

OF_PKCE = re.compile(r"pkce|code.?(?:verifier|challenge)", re.IGNORECASE)
"""Words of a refusal that are about PKCE, for which no code stands (RFC 7636 §4.6 has invalid_grant)."""
TOO_MANY, BROKEN = 429, 500
_PASSING = frozenset({"server_error", "temporarily_unavailable", "slow_down"})
CLIENT_REFUSED = frozenset({"invalid_client", "unauthorized_client", "incorrect_client_credentials"})
"""RFC 6749 §5.2; the last is GitHub's."""


OF_STANDARDS = frozenset(
    {
        *("invalid_request", "unsupported_response_type", "unsupported_grant_type", "access_denied"),
        *("login_required", "interaction_required", "consent_required", "account_selection_required"),
    }
)
"""RFC 6749 §4.1.2.1, §5.2; OpenID Connect Core §3.1.2.6.

They name no cause, and no documentation of the upstream's says more of them."""


def refused_for(error: str) -> str:
    """Return what to do about an error that has no change of its own."""
    if error in OF_STANDARDS:
        return "Do what its words say, or look into that server's own log: the error is a standard's, and says no more."
    return "Look that error up in the upstream's documentation: it is its own, and says what to change."


def is_passing(status: int, error: str) -> bool:
    """Tell whether it cannot answer now, whatever is asked (RFC 6749 §4.1.2.1; RFC 6585 §4; RFC 9110 §15.6)."""
    return status == TOO_MANY or status in NOT_YET or status >= BROKEN or error in _PASSING
