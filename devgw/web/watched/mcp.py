"""The MCP endpoint, and whatever else a watched origin answers: as it comes, with the bearer where it was meant for."""

from dataclasses import replace

from devgw.gateway.forwarding import header_of
from devgw.gateway.transport import StreamedAnswer
from devgw.gateway.watched.headers import metadata_hint
from devgw.gateway.watched.legs import Leg
from devgw.gateway.watched.tokens import token_id
from devgw.limits import Limits
from devgw.mcp.answer import is_jsonrpc
from devgw.mcp.message import NO_MESSAGES, read_messages
from devgw.mcp.session_id import why_unsendable
from devgw.problems.proxy import NAMING_DOCUMENT, UpstreamNameUnknown
from devgw.web.watched.judging import is_refusal, judge, judge_success
from devgw.web.watched.sending import give_as_it_comes, send
from devgw.web.watched.watched import WatchedCall

_REFUSALS = 400
_TOKENS = frozenset({"bearer", "dpop"})
"""Schemes by which an access token is shown (RFC 6750 §2.1, RFC 9449 §7.1)."""


async def answer_plain(call: WatchedCall) -> None:
    """Send a request on and give its answer as it comes.

    Raises:
        Refused: where nothing came, or the answer breaks off.
    """
    is_call = call.leg is Leg.MCP
    if is_call:
        _read_call(call)
    answer = await send(call, call.body)
    if _is_astray(call, answer):
        is_call, call.trace.kind, call.trace.asked = True, "mcp", str(Leg.MCP)
        _read_call(call)
    try:
        if is_call:
            await _meet_hint(call, answer)
            await _give_judged(call, answer)
        else:
            await give_as_it_comes(call, answer)
    finally:
        answer.abort()


def _is_astray(call: WatchedCall, answer: StreamedAnswer) -> bool:
    """Tell whether a message of MCP was sent to another path than the one that is watched, and refused there."""
    is_post = call.leg is Leg.OTHER and call.trace.method == "POST" and answer.status >= _REFUSALS
    if not is_post or not is_jsonrpc(call.body):
        return False
    _read_messages(call)
    return call.messages.method is not None


async def _give_judged(call: WatchedCall, answer: StreamedAnswer) -> None:
    """Give an answer, and tell what it means: a refusal once its own words are there."""
    if not is_refusal(call, answer):
        if call.trace.token_id is not None:
            call.watched.tokens.note_taken(call.trace.header(b"authorization").partition(" ")[2])
        if unsendable := why_unsendable(header_of(answer.headers, b"mcp-session-id").decode("latin-1")):
            call.trace.notes.append(unsendable)
        await give_as_it_comes(call, answer)
        judge_success(call, answer)
        return
    try:
        await give_as_it_comes(call, answer)
    finally:
        judge(call, answer)


def _read_call(call: WatchedCall) -> None:
    """Write down whose call it is and what it asks."""
    trace = call.trace
    _read_messages(call)
    trace.protocol_version = trace.header(b"mcp-protocol-version")[: Limits.NAME_CHARACTERS] or None
    scheme, _, token = trace.header(b"authorization").partition(" ")
    if scheme.lower() not in _TOKENS:
        return
    trace.token_id = token_id("at", token)
    if (holder := call.watched.tokens.find(token)) is not None:
        trace.grant_id, trace.client_id, trace.client_name = holder.grant_id, holder.client_id, holder.client_name


def _read_messages(call: WatchedCall) -> None:
    """Write down what is asked, read once however often it is asked for; of what is too long or too much, nothing."""
    if call.messages is not NO_MESSAGES or not 0 < len(call.body) <= Limits.ANSWER_BYTES:
        return
    trace, messages = call.trace, read_messages(call.body, most_values=Limits.ANSWER_VALUES)
    trace.mcp_method = (messages.method or "")[: Limits.NAME_CHARACTERS] or None
    trace.capability = (messages.capability or "")[: Limits.NAME_CHARACTERS] or None
    call.messages = messages.without_params()


async def _meet_hint(call: WatchedCall, answer: StreamedAnswer) -> None:
    """Open the origin to which a challenge leads, and remember that the resource's metadata is there."""
    if hint := metadata_hint(answer.headers):
        for refused in await call.watched.origins.meet([hint]):
            call.trace.notes.append(f"Left as it is: {refused.explain()}")
            if isinstance(refused, UpstreamNameUnknown):
                call.trace.problem = replace(refused, written_in=NAMING_DOCUMENT)
        call.watched.legs.learn(hint, Leg.RESOURCE_METADATA)
        call.watched.keep()
