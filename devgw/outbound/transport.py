"""What went wrong on the wire, in a few words that a person can act on; and who asks the identity provider."""

from datetime import timedelta
from typing import TYPE_CHECKING

from devgw.oauth.redirect_uri import is_loopback

if TYPE_CHECKING:
    import httpx2


def provider_client(url: str, timeout: timedelta) -> "httpx2.AsyncClient":
    """Return a client for one request to the identity provider; a provider on this machine is asked past any proxy.

    The timeout is for each step alone: whoever sends limits the whole.
    """
    import httpx2  # noqa: PLC0415  140 ms that only a login needs

    return httpx2.AsyncClient(timeout=timeout.total_seconds(), trust_env=not is_loopback(url))


def describe_failure(error: BaseException) -> str:
    """Return what failed, such as that the connection was refused, or that a name is not known."""
    text = " ".join(str(each) for each in _chain(error)).lower()
    for mark, words in (
        ("certificate", "the TLS certificate is not trusted"),
        ("name or service not known", "the host name is not known (DNS)"),
        ("nodename nor servname", "the host name is not known (DNS)"),
        ("temporary failure in name resolution", "DNS cannot be reached"),
        ("no address associated", "the host name has no address (DNS)"),
        ("connection refused", "the connection was refused: nothing listens there"),
        ("all connection attempts failed", "the connection was refused: nothing listens there"),
        ("network is unreachable", "the network is unreachable"),
        ("reset by peer", "the connection was reset"),
    ):
        if mark in text:
            return words
    if "timeout" in type(error).__name__.lower():
        return "it did not answer in time"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
