"""What went wrong on the wire, in a few words that a person can act on."""

from devgw.foreign.text import clean


def describe_failure(error: BaseException) -> str:
    """Return what failed, such as that the connection was refused, or that a name is not known."""
    text = " ".join(str(each) for each in chain_of(error)).lower()
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
    return clean(f"{type(error).__name__}: {error}", 200) if str(error) else type(error).__name__


def chain_of(error: BaseException | None) -> list[BaseException]:
    """Return an error and those behind it, the outermost first."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
