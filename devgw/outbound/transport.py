"""What went wrong on the wire, in a few words that a person can act on, and the one change that mends it.

What the operating system and the TLS library say is read by type, errno and code where they give one.
"""

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from devgw.foreign.text import clean
from devgw.problems.proxy import TlsFault

_OTHER_NAME = frozenset({62, 63, 64, -67_602, 0x800B_010F})
_EXPIRED = frozenset({9, 10, -67_818, -67_819, 0x800B_0101})
_OPENED = frozenset({19})
_UNTRUSTED = frozenset({2, 18, 27, -67_843, 0x800B_0109})
_UNCHAINED = frozenset({20, 21, 0x800B_010A})
"""Codes of OpenSSL (X509_V_ERR_*), of macOS (errSec*) and of Windows (CERT_E_*): hostname, email and address; not yet
and no more valid; a whole chain up to an authority that nobody here knows; signed by itself or by nobody who is
believed; an issuer that is neither known nor sent along."""
_BY_CODE = (
    (_EXPIRED, TlsFault.EXPIRED),
    (_OTHER_NAME, TlsFault.OTHER_NAME),
    (_OPENED, TlsFault.OPENED),
    (_UNTRUSTED, TlsFault.UNTRUSTED),
    (_UNCHAINED, TlsFault.UNCHAINED),
)
_PLAIN = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})
"""What OpenSSL calls an answer that is no TLS record."""
_STATUS_LINE = re.compile(r"illegal status line: bytearray\((b.*)\)", re.DOTALL)
_OF_PARSER = {
    "illegal request line": "it begins with a byte with which no answer begins",
    "illegal header line": "a header has no colon, or characters in it that none may have",
    "illegal chunk header": "the length of a chunk is none",
}
"""h11's sentences that speak of something else than is meant, or repeat what may be a secret; a test holds them."""
_CUT = "peer closed connection"
"""How h11 begins its sentence about a body that has no end; a test holds it."""
_OR_HERE = ", or `ca_file` in devgw.toml, and "
_WHO_OPENS = (
    "Set SSL_CERT_FILE to that authority's PEM file (of a proxy or virus scanner that opens TLS on the way, or the "
    f"server's own){_OR_HERE}start devgw again."
)
_TLS = {
    TlsFault.UNTRUSTED: (
        "the TLS certificate is not trusted",
        f"Set SSL_CERT_FILE to the PEM file of the authority that signed its certificate{_OR_HERE}start devgw again.",
    ),
    TlsFault.OPENED: (
        "the TLS certificate leads to an authority that this machine does not know",
        _WHO_OPENS,
    ),
    TlsFault.UNCHAINED: (
        "the TLS certificate's issuer is neither known here nor sent along",
        "Let the server send its intermediate certificates too; or set SSL_CERT_FILE to the PEM file of its authority.",
    ),
    TlsFault.EXPIRED: (
        "the TLS certificate is not valid now",
        "Renew the certificate there; or set this machine's clock, if that is what is wrong.",
    ),
    TlsFault.OTHER_NAME: (
        "the TLS certificate is for another host name",
        "Write a host name that the certificate is for into {where}.",
    ),
    TlsFault.PLAIN: ("what answered there is no TLS", "Correct the scheme or the port in {where}."),
    TlsFault.OTHER: (
        "the TLS handshake failed",
        "Look into the log of what listens there: it broke the handshake off.",
    ),
}
_CORRECT_NAME = "Correct the host name in {where}, or mend DNS and VPN of this machine."
_WORDS = (
    ("name or service not known", "the host name is not known (DNS)", _CORRECT_NAME),
    ("nodename nor servname", "the host name is not known (DNS)", _CORRECT_NAME),
    ("temporary failure in name resolution", "DNS cannot be reached", _CORRECT_NAME),
    ("no address associated", "the host name has no address (DNS)", _CORRECT_NAME),
    (
        "connection refused",
        "the connection was refused: nothing listens there",
        "Start what is to listen there, or correct host and port in {where}.",
    ),
    ("network is unreachable", "the network is unreachable", "Connect this machine to its network, or to the VPN."),
    ("no route to host", "there is no route to that host", "Connect this machine to its network, or to the VPN."),
    ("reset by peer", "the connection was reset", ""),
    ("server disconnected without", "the connection was closed before an answer came", ""),
    (_CUT, "the connection was closed in the middle of the answer", ""),
    (
        "all connection attempts failed",
        "the connection was refused: nothing listens there",
        "Start what is to listen there, or correct host and port in {where}.",
    ),
)
"""The last is said of several addresses together, beside what was the matter with each."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """Why nothing came, and the one change; empty where none follows from it."""

    failure: str
    change: str = ""


def unreached(error: BaseException, where: str = "that URL") -> Unreached:
    """Return what failed, such as that a certificate has expired, or that a name is not known.

    Args:
        error: what was raised, with its causes.
        where: the place in which the URL stands, in words to show.
    """
    found = _unreached(error)
    return Unreached(found.failure, found.change.format(where=where))


def _unreached(error: BaseException) -> Unreached:
    causes = list(causes_of(error))
    tls = tls_error(error)
    if tls is not None:
        words, change = _TLS[tls_fault(tls)]
        said = getattr(tls, "verify_message", "") or tls.reason or ""
        return Unreached(f"{words} ({clean(said, 200).rstrip('.')})" if said else words, change)
    text = " ".join(str(each) for each in causes).lower()
    for mark, words, change in _WORDS:
        if mark in text:
            return Unreached(words, change)
    if any(isinstance(each, socket.gaierror) for each in causes):
        return Unreached("the host name is not known (DNS)", _CORRECT_NAME)
    return Unreached(_in_its_own_words(error))


def describe_failure(error: BaseException) -> str:
    """Return what failed, such as that the connection was refused, or that a name is not known."""
    return unreached(error).failure


def _in_its_own_words(error: BaseException) -> str:
    if "timeout" in type(error).__name__.lower():
        return "it did not answer in time"
    if is_no_http(error):
        return f"what came is no HTTP ({why_no_http(error)})"
    return clean(f"{type(error).__name__}: {error}", 200).rstrip(".") if str(error) else type(error).__name__


def tls_error(error: BaseException) -> ssl.SSLError | None:
    """Return what TLS failed by; None where it did not fail, and only waited for bytes when something else did."""
    waits = ssl.SSLWantReadError | ssl.SSLWantWriteError
    return next(
        (each for each in causes_of(error) if isinstance(each, ssl.SSLError) and not isinstance(each, waits)), None
    )


def tls_fault(error: ssl.SSLError) -> TlsFault:
    """Return why a handshake failed, by the code of the certificate's check or OpenSSL's own word."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return next((kind for codes, kind in _BY_CODE if error.verify_code in codes), TlsFault.OTHER)
    return TlsFault.PLAIN if error.reason in _PLAIN else TlsFault.OTHER


def is_no_http(error: BaseException) -> bool:
    """Tell whether the bytes that came are no HTTP; h11 has one class for those and for a body that was cut short."""
    of_h11 = [each for each in chain_of(error) if type(each).__module__.startswith("h11")]
    return bool(of_h11) and not any(_CUT in str(each) for each in of_h11)


def why_no_http(error: BaseException) -> str:
    """Return what of an answer is no HTTP, as the parser found: in words about an answer, and without a header's."""
    said = str(error)
    if (line := _STATUS_LINE.fullmatch(said)) is not None:
        return f"its first line is {clean(line[1], 100)}"
    words = next((words for sign, words in _OF_PARSER.items() if said.startswith(sign)), said)
    return clean(words, 200).rstrip(".")


def chain_of(error: BaseException | None) -> list[BaseException]:
    """Return an error and those behind it, the outermost first."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, those behind it, and those inside groups."""
    for each in chain_of(error):
        yield each
        if isinstance(each, BaseExceptionGroup):
            for inner in each.exceptions:
                yield from causes_of(inner)
