"""What an `error` of OAuth, or a status without one, says at an upstream's authorization server."""

TOO_MANY, BROKEN = 429, 500
_PASSING = frozenset({"server_error", "temporarily_unavailable", "slow_down"})
CLIENT_REFUSED = frozenset({"invalid_client", "unauthorized_client", "incorrect_client_credentials"})
"""RFC 6749 §5.2; the last is GitHub's."""


def is_passing(status: int, error: str) -> bool:
    """Tell whether it cannot answer now, whatever is asked (RFC 6749 §4.1.2.1; RFC 6585 §4; RFC 9110 §15.6)."""
    return status == TOO_MANY or status >= BROKEN or error in _PASSING
