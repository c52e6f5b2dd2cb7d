"""What a request was for, told by its path: the monitor needs no more to place it in a flow."""

from enum import StrEnum

from devgw.events.flow import Lane, Step
from devgw.events.trace import Trace
from devgw.problems.wrong_path import Meant, PathUnknown


class Asked(StrEnum):
    """What a request was for."""

    MCP = "mcp"
    RESOURCE_METADATA = "resource metadata"
    SERVER_METADATA = "server metadata"
    REGISTER = "register"
    AUTHORIZE = "authorize"
    LOGIN = "login"
    CALLBACK = "callback"
    CONSENT = "consent"
    TOKEN = "token"
    REVOKE = "revoke"
    CONNECT = "connect"
    OTHER = "other"


BROWSER = frozenset({Asked.AUTHORIZE, Asked.LOGIN, Asked.CALLBACK, Asked.CONSENT, Asked.CONNECT})
"""What a browser asks; the client asks the rest."""

METADATA = frozenset({Asked.RESOURCE_METADATA, Asked.SERVER_METADATA})
"""What a client reads to find its way."""

OF_A_FLOW = frozenset(Asked) - {Asked.OTHER, Asked.REVOKE}
"""What belongs to a client's way to its first tool call."""

_VALUES = frozenset(map(str, Asked))
_STEPS = {
    Asked.MCP: Step.MCP,
    Asked.RESOURCE_METADATA: Step.DISCOVER,
    Asked.SERVER_METADATA: Step.DISCOVER,
    Asked.REGISTER: Step.REGISTER,
    Asked.AUTHORIZE: Step.AUTHORIZE,
    Asked.LOGIN: Step.LOGIN,
    Asked.CALLBACK: Step.CALLBACK,
    Asked.CONSENT: Step.CONSENT,
    Asked.TOKEN: Step.TOKEN,
    Asked.CONNECT: Step.CONSENT,
}
_MEANT = {
    Meant.MCP: Asked.MCP,
    Meant.METADATA: Asked.RESOURCE_METADATA,
    Meant.TOKEN: Asked.TOKEN,
    Meant.REGISTER: Asked.REGISTER,
    Meant.AUTHORIZE: Asked.AUTHORIZE,
    Meant.CALLBACK: Asked.CALLBACK,
}
_ENDINGS = {
    "register": Asked.REGISTER,
    "callback": Asked.CALLBACK,
    "setup": Asked.CONSENT,
    "token": Asked.TOKEN,
    "revoke": Asked.REVOKE,
    "authorize": Asked.AUTHORIZE,
    "dev-login": Asked.LOGIN,
}


def what_was_asked(trace: Trace) -> Asked:
    """Return what `trace` was for."""
    if trace.asked:
        return Asked(trace.asked) if trace.asked in _VALUES else Asked.OTHER
    if trace.kind == "mcp":
        return Asked.MCP
    if isinstance(trace.problem, PathUnknown):
        return _MEANT.get(trace.problem.meant, Asked.OTHER)
    path = trace.path.rstrip("/")  # Quart takes both
    if "/.well-known/" in path:
        return _metadata(path)
    if "/auth/connections/" in path:
        return Asked.CONNECT
    before, oauth, rest = path.partition("/oauth/")
    word = rest.partition("/")[0] if oauth else before.rpartition("/")[2]
    return _ENDINGS.get(word, Asked.OTHER)


def _metadata(path: str) -> Asked:
    if "oauth-protected-resource" in path:
        return Asked.RESOURCE_METADATA
    if "oauth-authorization-server" in path or "openid-configuration" in path:
        return Asked.SERVER_METADATA
    return Asked.OTHER


def step_of(asked: Asked) -> Step | None:
    """Return the step to which a request belongs."""
    return _STEPS.get(asked)


def lane_of(asked: Asked) -> Lane:
    """Return who asks this."""
    return Lane.BROWSER if asked in BROWSER else Lane.CLIENT
