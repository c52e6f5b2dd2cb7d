"""A server from which no answer came: the client's connection is broken as it would be without us, and the step told.

An answer of ours in its place would be one that the server never gave: a client that gets a 502 does something else
than one whose connection ends.
"""

from devgw.events.taxonomy import Outcome
from devgw.gateway.watched.legs import Leg
from devgw.monitor.flow_moves import FlowMove
from devgw.problems import Problem
from devgw.problems.proxy import UpstreamAnswerTimedOut, UpstreamClosedEarly, UpstreamNotReached
from devgw.problems.server import ServerSpeaksHttp2
from devgw.problems.upstream_answer import UpstreamAnswerMalformed, UpstreamFramingUnsafe, UpstreamSwitchedProtocols
from devgw.web.client_connection import DROP
from devgw.web.recorder import Scope
from devgw.web.watched.sending import give_cut
from devgw.web.watched.telling import tell_refusal
from devgw.web.watched.watched import WatchedCall

_NO_ANSWER = (
    UpstreamNotReached,
    UpstreamClosedEarly,
    UpstreamAnswerTimedOut,
    UpstreamAnswerMalformed,
    UpstreamFramingUnsafe,
    UpstreamSwitchedProtocols,
    ServerSpeaksHttp2,
)
_STEPS = {
    Leg.MCP: FlowMove.CALL_FAILED,
    Leg.REGISTER: FlowMove.REGISTRATION_REFUSED,
    Leg.AUTHORIZE: FlowMove.AUTHORIZATION_REFUSED,
    Leg.PUSHED: FlowMove.AUTHORIZATION_REFUSED,
    Leg.TOKEN: FlowMove.TOKEN_REFUSED,
}


def is_no_answer(problem: Problem) -> bool:
    """Tell whether the server gave none, or none that can be passed on."""
    return isinstance(problem, _NO_ANSWER)


async def break_off(call: WatchedCall, scope: Scope, problem: Problem) -> None:
    """End the client's connection where the server ended its own, and tell what came of it."""
    if (seen := _STEPS.get(call.leg)) is not None:
        tell_refusal(call, seen, problem)
    call.trace.refuse(problem, Outcome.FAILURE)
    await give_cut(call)
    call.recording.is_over = True
    if not call.recording.has_begun:  # else the server ends it, since the answer has no end
        scope["state"][DROP]()
