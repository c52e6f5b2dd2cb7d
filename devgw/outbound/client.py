"""The one maker of HTTP clients for everything outgoing but the MCP proxy, whose streams have a transport of their own.

Whatever is asked, by whomever: bounded in time and bytes, packed and unpacked; no redirect; no connection kept; the
environment's proxies and authorities; and, where a foreign document chose the URL, the address checked on the connected
peer before the first byte is sent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devgw.limits import Limits
from devgw.problems.base import Fault

if TYPE_CHECKING:
    import httpx2

USER_AGENT = "devgw"
CheckAddress = Callable[[str], None]
"""Is told each address of a host, and that of the connected peer; raises `Refused` where it is out of bounds."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long one answer is waited for, and how much of it is read."""

    seconds: float = Limits.ANSWER_SECONDS
    """From connecting to the last byte."""
    most_bytes: int = Limits.ANSWER_BYTES
    silence: float = Limits.ANSWER_SILENCE_SECONDS
    """Between two pieces of the body."""
    blamed: Fault = Fault.UPSTREAM
    """Whose fault it is where they are passed."""


USUAL = Bounds()


def http_client(
    bounds: Bounds = USUAL,
    check_address: CheckAddress | None = None,
    *,
    make: Callable[..., Any] | None = None,
    user_agent: str = USER_AGENT,
    keeps_cookies: bool = False,
    **options: Any,
) -> "httpx2.AsyncClient":
    """Return a client within `bounds`; what passes them is raised as `Refused` with a problem of `problems.limit`.

    Args:
        bounds: of each request for itself.
        check_address: judges addresses; None for URLs that the developer wrote, which may lie anywhere.
        make: another class than httpx2's own, built on it (Authlib's).
        user_agent: how we call ourselves.
        keeps_cookies: as a browser does; another client has no use for them.
        options: whatever else the class takes.
    """
    import httpx2  # noqa: PLC0415  140 ms that a gateway at rest does without

    from devgw.outbound.bounded import BoundedTransport  # noqa: PLC0415  comes with it

    client: httpx2.AsyncClient = (make or httpx2.AsyncClient)(
        transport=BoundedTransport(bounds, check_address, keeps_cookies=keeps_cookies),
        headers={"user-agent": user_agent, "accept-encoding": "identity"},
        follow_redirects=False,
        trust_env=False,  # the transport reads the environment, the same for all
        timeout=None,
        **options,
    )
    return client
