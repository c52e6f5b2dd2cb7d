"""How a failure is made to happen in the sample project: a fault at an emulator, and what is done with it.

Each entry was seen to lead to its id, and a test sees it again (`devgw explain ID --try`, `devgw fault`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Try:
    """One way to a failure: somebody of the emulator signs in at a route and calls a tool, while a fault is set."""

    fault: str
    """As `devgw fault` calls it."""
    route: str = "sample"
    is_connected: bool = False
    """Whether the upstream account is connected before the fault is set."""
    minutes: int = 0
    """By which the clock travels before: so that something has to be renewed."""


_CONNECTING = {
    "AUD-01": "prm-wrong-resource",
    "DISC-01": "wrong-issuer",
    "DISC-02": "metadata-nowhere",
    "DISC-05": "metadata-html",
    "DISC-07": "iss-missing",
    "DISC-08": "iss-wrong",
    "NET-05": "token-answer-lost",
    "PKCE-01": "no-s256",
    "REG-01": "no-registration",
    "UPST-13": "token-html",
    "UPST-14": "registration-refused",
}
_CALLING = {
    "PROXY-01": "mcp-redirect-slash",
    "PROXY-19": "mcp-html",
    "SCOPE-02": "mcp-forbidden",
    "UPST-03": "mcp-unauthorized",
}
_SIGNING_IN = {
    "IDT-01": "key-unknown",
    "IDT-02": "issuer-other",
    "IDT-05": "keys-missing",
    "IDT-07": "clock-ahead",
    "IDT-11": "signature-wrong",
    "IDT-16": "audience-other",
    "IDT-25": "exchange-fails",
    "IDT-32": "code-missing",
    "IDT-34": "exchange-limited",
    "SESS-01": "state-foreign",
    "TOK-07": "secret-wrong",
    "TOK-08": "token-missing",
    "WORK-03": "state-missing",
    "WORK-06": "code-expired",
}
TRIES: dict[str, Try] = {
    **{name: Try(fault) for name, fault in _SIGNING_IN.items()},
    **{name: Try(fault, "notes") for name, fault in _CONNECTING.items()},
    **{name: Try(fault, "notes", is_connected=True) for name, fault in _CALLING.items()},
    "UPST-08": Try("refresh-revoked", "notes", is_connected=True, minutes=10),
}
"""By the id of the failure."""
