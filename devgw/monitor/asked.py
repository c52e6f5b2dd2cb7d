"""What a request was for, told by its path: the monitor needs no more to place it in a flow."""

from enum import StrEnum

from devgw.events.flow import Lane, Step
from devgw.events.trace import Trace
from devgw.problems.wrong_path import Meant, PathUnknown


class Purpose(StrEnum):
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


BROWSER = frozenset({Purpose.AUTHORIZE, Purpose.LOGIN, Purpose.CALLBACK, Purpose.CONSENT, Purpose.CONNECT})
"""What a browser asks; the client asks the rest."""

METADATA = frozenset({Purpose.RESOURCE_METADATA, Purpose.SERVER_METADATA})
"""What a client reads to find its way."""

OF_A_FLOW = frozenset(Purpose) - {Purpose.OTHER, Purpose.REVOKE}
"""What belongs to a client's way to its first tool call."""

_VALUES = frozenset(map(str, Purpose))
_STEPS = {
    Purpose.MCP: Step.MCP,
    Purpose.RESOURCE_METADATA: Step.DISCOVER,
    Purpose.SERVER_METADATA: Step.DISCOVER,
    Purpose.REGISTER: Step.REGISTER,
    Purpose.AUTHORIZE: Step.AUTHORIZE,
    Purpose.LOGIN: Step.LOGIN,
    Purpose.CALLBACK: Step.CALLBACK,
    Purpose.CONSENT: Step.CONSENT,
    Purpose.TOKEN: Step.TOKEN,
    Purpose.CONNECT: Step.CONSENT,
}
_MEANT = {
    Meant.MCP: Purpose.MCP,
    Meant.METADATA: Purpose.RESOURCE_METADATA,
    Meant.NAME: Purpose.SERVER_METADATA,
    Meant.TOKEN: Purpose.TOKEN,
    Meant.REGISTER: Purpose.REGISTER,
    Meant.AUTHORIZE: Purpose.AUTHORIZE,
    Meant.CALLBACK: Purpose.CALLBACK,
}
_ENDINGS = {
    "register": Purpose.REGISTER,
    "callback": Purpose.CALLBACK,
    "setup": Purpose.CONSENT,
    "token": Purpose.TOKEN,
    "revoke": Purpose.REVOKE,
    "authorize": Purpose.AUTHORIZE,
    "dev-login": Purpose.LOGIN,
}


def what_was_asked(trace: Trace) -> Purpose:
    """Return what `trace` was for."""
    if trace.asked:
        return Purpose(trace.asked) if trace.asked in _VALUES else Purpose.OTHER
    if trace.kind == "mcp":
        return Purpose.MCP
    if isinstance(trace.problem, PathUnknown):
        return _MEANT.get(trace.problem.meant, Purpose.OTHER)
    return purpose_at(trace.path)


def purpose_at(path: str) -> Purpose:
    """Return what a request at this path is for, which is no MCP route's."""
    path = path.rstrip("/")  # Quart takes both
    if "/.well-known/" in path:
        return _metadata(path)
    if "/auth/connections/" in path:
        return Purpose.CONNECT
    before, oauth, rest = path.partition("/oauth/")
    word = rest.partition("/")[0] if oauth else before.rpartition("/")[2]
    return _ENDINGS.get(word, Purpose.OTHER)


def _metadata(path: str) -> Purpose:
    if "oauth-protected-resource" in path:
        return Purpose.RESOURCE_METADATA
    if "oauth-authorization-server" in path or "openid-configuration" in path:
        return Purpose.SERVER_METADATA
    return Purpose.OTHER


def step_of(asked: Purpose) -> Step | None:
    """Return the step to which a request belongs."""
    return _STEPS.get(asked)


def lane_of(asked: Purpose) -> Lane:
    """Return who asks this."""
    return Lane.BROWSER if asked in BROWSER else Lane.CLIENT
