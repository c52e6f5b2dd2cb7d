"""The resource server's question on every request of an MCP route: may this token call this route?"""

from typing import Protocol

from devgw.config.project import Route
from devgw.gateway.upstream import Admitted
from devgw.problems import Problem


class Admission(Protocol):
    """Looks a bearer token up and says who stands behind it."""

    def admit(self, route: Route, authorization: str | None, query: bytes, origin: str) -> Admitted:
        """Return who may call `route`; called on the hot path, so one digest and one dictionary look-up.

        Args:
            route: where the request arrived.
            authorization: the Authorization header's value, None where there is none.
            query: the raw query string, in which a token is refused.
            origin: the origin under which the client asked, such as `http://127.0.0.1:9000`.

        Raises:
            Refused: with a problem of `problems.token` (missing, malformed, unknown, expired, revoked, wrong route).
        """

    def find_refusal(self, route: Route, authorization: str | None, query: bytes, origin: str) -> Problem | None:
        """Return why `admit` would refuse; None where it would not. It counts as no use of the token."""

    def challenge(self, route: Route, problem: Problem, origin: str) -> str:
        """Return the value of WWW-Authenticate for `problem` (RFC 6750 §3, RFC 9728 §5.1)."""
