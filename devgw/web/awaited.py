"""For what an exchange may wait, and the one change where it waits too long."""

from dataclasses import dataclass

from devgw.limits import Limits


@dataclass(frozen=True, slots=True)
class Awaited:
    """What has to come before an exchange can go on."""

    what: str
    """As the end of a sentence that begins "It waits for"."""
    change: str = ""
    """What mends it where it does not come; empty where waiting is nothing unusual."""


REQUEST = Awaited(
    "the rest of the request",
    f"Let the client send the whole body that its head announces: after {Limits.SILENCE_SECONDS:.0f} s without a byte "
    "the request is refused.",
)
ANSWER = Awaited("devgw's own answer", "Ask for it again; where it lasts once more, report it: a defect of devgw.")
CREDENTIAL = Awaited(
    "a credential for the upstream",
    "Look into the log of the upstream's authorization server: its token endpoint was asked to renew one.",
)
BEGINNING = Awaited(
    "the upstream to begin its answer",
    "Look into the upstream's own log for what it does with this request, and let a slow tool stream its progress. "
    "response_timeout under [proxy] in devgw.toml says how long is waited at most.",
)
BODY = Awaited(
    "the body of the upstream's answer",
    "Let the upstream end the answer that it began: send as much as Content-Length says, or the last chunk.",
)
EVENT = Awaited("the next event of the stream")
PROVIDER = Awaited(
    "the identity provider's tokens or keys",
    "Look whether the provider's token endpoint and key set answer at all: `devgw doctor` asks both. The limit is "
    "browserLoginOverrides.remoteTimeoutMs in policies.json (browserLogin.remoteTimeoutMs in mcp-oauth-inbound).",
)
STATE = Awaited("the state database", "End what holds it (a sqlite3 shell, a backup): it goes on by itself then.")
CLIENT_DOCUMENT = Awaited(
    "the client's metadata document, or the state database",
    "Look whether the URL that is the client's id answers; `devgw why` says it where another program holds the state.",
)
CLIENT_KEYS = Awaited(
    "the key set of the client or of an issuer, or the state database",
    "Look whether the jwks_uri answers; `devgw why` says it where another program holds the state.",
)
UPSTREAM = Awaited(
    "the upstream or its authorization server, to connect it",
    "Look whether their metadata, registration and token endpoints answer: `devgw doctor` asks the upstream.",
)
SERVER = Awaited("the watched server to answer", "Look into the server's own log for what it does with this request.")


def kept(status: int) -> Awaited:
    """Return the rest of an answer that the client will not see."""
    return Awaited(f"the rest of an answer with {status}, to keep it", BODY.change)
