"""Why the forward proxy of a watched command turns somebody away, or is not believed."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.problems.base import Fault, Problem

_SHOWN = 300


@dataclass(frozen=True, slots=True)
class ProxyCredentialMissing(Problem):
    """Somebody asks the proxy who does not know its credential: another program, or a web page."""

    diagnosis: ClassVar = "HOST-10"
    status: ClassVar = 407
    hint: ClassVar = (
        "Let the command take its proxy from the environment it was started with; user name and password stand in it."
    )
    source: ClassVar = "RFC 9110 §11.7.1, §15.5.8"

    def explain(self) -> str:
        """Say whose proxy it is."""
        return "This proxy serves one command alone, and the request came without its credential."


@dataclass(frozen=True, slots=True)
class ProxyFormWanted(Problem):
    """The command asks the proxy itself for something, and not another server through it."""

    diagnosis: ClassVar = "LIMIT-25"
    hint: ClassVar = "Use it as a proxy: CONNECT for https, a whole URL for http."
    source: ClassVar = "RFC 9112 §3.2.2, §3.2.3"

    def explain(self) -> str:
        """Say what it is."""
        return "This is a forward proxy, and has no pages of its own."


_LET_TRUST = (
    "Let it trust the authority in NODE_EXTRA_CA_CERTS, which its environment names; a program that asks the system "
    "alone (Go and Swift on macOS), or pins certificates, is watched by `devgw watch URL`."
)


@dataclass(frozen=True, slots=True)
class AuthorityDistrusted(Problem):
    """The command broke the handshake off, to which devgw showed a certificate of its own."""

    host: str
    said: str

    diagnosis: ClassVar = "NET-10"
    fault: ClassVar = Fault.CLIENT
    status: ClassVar = 502
    source: ClassVar = "RFC 8446 §6.2"

    def explain(self) -> str:
        """Say where, and what TLS said."""
        return (
            f"The command did not take devgw's certificate for {clean(self.host, _SHOWN)}: {clean(self.said, _SHOWN)}."
        )

    def advise(self) -> str:
        """Say what to look at."""
        return _LET_TRUST


@dataclass(frozen=True, slots=True)
class HandshakeLeft(Problem):
    """The command was shown a certificate of devgw's own, and left without a word."""

    host: str

    diagnosis: ClassVar = "NET-10"
    fault: ClassVar = Fault.CLIENT
    status: ClassVar = 502
    source: ClassVar = "RFC 8446 §6.2"

    def explain(self) -> str:
        """Say when it left, and what that may mean."""
        return (
            f"The command ended the TLS handshake for {clean(self.host, _SHOWN)} when it was shown devgw's "
            "certificate, and gave no reason. Some programs say none where they do not take a certificate."
        )

    def advise(self) -> str:
        """Say what to look at."""
        return _LET_TRUST
