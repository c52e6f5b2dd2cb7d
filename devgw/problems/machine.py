"""What stands in the way on this machine itself, before anybody is asked."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem


@dataclass(frozen=True, slots=True)
class CaFileUnusable(Problem):
    """A variable of the environment names certificates of authorities that cannot be read."""

    variable: str
    path: str
    failure: str

    diagnosis: ClassVar = "NET-14"
    fault: ClassVar = Fault.MACHINE
    status: ClassVar = 502
    code: ClassVar[int] = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 9110 §4.3.4"

    def explain(self) -> str:
        """Say which variable, and what is wrong with the file."""
        return f"{self.variable} names {self.path}, which cannot be used: {self.failure}."

    def advise(self) -> str:
        """Say what to set."""
        if self.variable == "SSL_CERT_DIR":
            return "Point SSL_CERT_DIR at folders of certificates, or unset it, and start devgw again."
        return f"Point {self.variable} at a readable PEM file of certificates, or unset it, and start devgw again."


@dataclass(frozen=True, slots=True)
class ProxyUnusable(Problem):
    """The environment names a proxy that cannot be spoken to."""

    proxy: str
    """Without its user name and password."""
    failure: str

    diagnosis: ClassVar = "NET-07"
    fault: ClassVar = Fault.MACHINE
    status: ClassVar = 502
    code: ClassVar[int] = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    hint: ClassVar = "Set HTTP_PROXY and HTTPS_PROXY to an http:// proxy, or NO_PROXY to the hosts asked without one."
    source: ClassVar = "RFC 9110 §3.7"

    def explain(self) -> str:
        """Say which proxy, and why not."""
        return f"The proxy {self.proxy} of the environment cannot be used: {self.failure}."
