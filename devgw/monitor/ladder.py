"""The arrows of a flow: what each exchange said, in a few masked words."""

from bisect import insort
from datetime import datetime, timedelta

from devgw.diagnosis.urls import LOOPBACK_NAMES, UrlParts, split_url
from devgw.events.flow import Flow, FlowMessage, Lane, Step
from devgw.events.taxonomy import McpAuthProviderAnswered
from devgw.events.trace import Trace
from devgw.ids import TraceId
from devgw.monitor.asked import Purpose, lane_of, step_of
from devgw.monitor.bodies import find
from devgw.monitor.masking import mask_sentence

MOST_MESSAGES = 200
_TICK = timedelta(microseconds=1)


def tell_exchange(flow: Flow, trace: Trace, asked: Purpose, *, guessed: bool) -> None:
    """Put the arrows of one exchange: the question, what went up and came down, the answer."""
    lane, start = lane_of(asked), trace.started_at
    end = start + timedelta(milliseconds=trace.duration_ms)
    if asked is Purpose.AUTHORIZE:
        say(flow, FlowMessage(0, start - _TICK, Lane.CLIENT, Lane.BROWSER, "opens the browser", step_of(asked)))
    if asked is Purpose.CALLBACK:
        label = "302 back with an error" if b"error=" in trace.query else "302 back with a code"
        say(flow, FlowMessage(0, start - _TICK, Lane.IDP, Lane.BROWSER, label, step_of(asked)))
    question = FlowMessage(0, start, lane, Lane.GATEWAY, question_of(trace, asked), step_of(asked), trace.id)
    answer = FlowMessage(
        0, max(end, start + _TICK), Lane.GATEWAY, lane, answer_of(trace, asked), step_of(asked), trace.id
    )
    question.guessed = answer.guessed = guessed
    question.status = answer.status = trace.status
    say(flow, question)
    _tell_upstream(flow, trace, end)
    say(flow, answer)
    if asked in {Purpose.REGISTER, Purpose.AUTHORIZE}:
        _put_registration_first(flow)
    if lane is Lane.BROWSER and 300 <= trace.status < 400:
        _tell_redirect(flow, trace, asked, answer.at + _TICK)


def _put_registration_first(flow: Flow) -> None:
    """Put the answer to a registration before the browser that is opened with the client id in it.

    We know when we were done with the answer; its client has it a little sooner, and may have gone on by then.
    """
    began: dict[TraceId | None, datetime] = {}
    opened = [each.at for each in flow.messages if each.step is Step.AUTHORIZE and each.sender is Lane.CLIENT]
    for each in flow.messages:
        if each.step is not Step.REGISTER:
            continue
        asked_at = began.setdefault(each.trace_id, each.at)
        each.at = min([each.at, *(at - _TICK for at in opened if at > asked_at)])
    _put(flow, sorted(flow.messages, key=lambda each: each.at))


def _tell_redirect(flow: Flow, trace: Trace, asked: Purpose, at: datetime) -> None:
    """Put the browser's way on, where it leaves us: to the identity provider, or back to the client."""
    location = find(trace.response_headers, b"location")
    target = split_url(location)
    if flow.redirect_uri and location.startswith(flow.redirect_uri.partition("?")[0]):
        what = "error" if "error=" in target.query.text else "code"
        label = f"{what} to {_authority(target) or target.scheme.text}"
        say(flow, FlowMessage(0, at, Lane.BROWSER, Lane.CLIENT, label, Step.CODE, trace.id, failed=what == "error"))
    elif target.host.text and not _is_here(trace, target):
        lane = Lane.UPSTREAM if asked is Purpose.CONNECT else Lane.IDP
        say(
            flow, FlowMessage(0, at, Lane.BROWSER, lane, f"GET {mask_sentence(target.path.text)}", Step.LOGIN, trace.id)
        )


def _is_here(trace: Trace, target: UrlParts) -> bool:
    """Tell whether a URL is ours, under whichever loopback name."""
    own = split_url(f"//{trace.host}")
    names = {own.host_name, target.host_name}
    return own.port.text == target.port.text and (len(names) == 1 or names <= set(LOOPBACK_NAMES))


def _authority(url: UrlParts) -> str:
    """Return host and port as written, without the user that may stand before them."""
    return f"{url.host.text}:{url.port.text}" if url.port.text else url.host.text


def _tell_upstream(flow: Flow, trace: Trace, end: datetime) -> None:
    if trace.upstream_status is None:
        return
    up = end - timedelta(milliseconds=trace.upstream_ms)
    what = trace.mcp_method or trace.method
    say(flow, FlowMessage(0, max(up, trace.started_at + _TICK), Lane.GATEWAY, Lane.UPSTREAM, what, None, trace.id))
    down = FlowMessage(0, max(end - _TICK, trace.started_at + _TICK), Lane.UPSTREAM, Lane.GATEWAY, "", None, trace.id)
    down.label, down.status = str(trace.upstream_status), trace.upstream_status
    down.failed = trace.upstream_status >= 500
    say(flow, down)


def tell_provider(flow: Flow, event: McpAuthProviderAnswered, at: datetime) -> None:
    """Put the gateway's own question to the identity provider."""
    asked = at - timedelta(milliseconds=event.duration_ms)
    trace_id, failed = event.trace_id, event.error is not None or (event.status or 500) >= 400
    path = split_url(event.url).path.text
    say(
        flow, FlowMessage(0, asked, Lane.GATEWAY, Lane.IDP, f"POST {path}", None, trace_id, event.status, failed=failed)
    )
    label = f"{event.status or 'no answer'} {event.error or ''}".strip()
    say(flow, FlowMessage(0, at, Lane.IDP, Lane.GATEWAY, label, None, trace_id, event.status))


def question_of(trace: Trace, asked: Purpose) -> str:
    """Return what was asked, in a few words."""
    if asked is Purpose.MCP:
        asked_of_path = [trace.method, mask_sentence(trace.path), trace.mcp_method]
        return " ".join(filter(None, [trace.mcp_method, trace.capability] if trace.capability else asked_of_path))
    return " ".join(filter(None, [trace.method, mask_sentence(trace.path), _remark(trace, asked)]))


def _remark(trace: Trace, asked: Purpose) -> str:
    if asked is Purpose.AUTHORIZE and b"code_challenge_method=S256" in trace.query:
        return "S256"
    if asked is Purpose.TOKEN and b"refresh_token" in trace.request_body.content:
        return "refresh"
    return ""


def answer_of(trace: Trace, asked: Purpose) -> str:
    """Return what was answered, in a few words."""
    if trace.status == 0:
        return "no answer"
    return f"{trace.status} {_gist(trace, asked)}".strip()


def _gist(trace: Trace, asked: Purpose) -> str:
    if trace.reason_code:
        return trace.reason_code.replace("_", " ")
    if 300 <= trace.status < 400:
        return f"→ {_redirect_target(trace)}"
    if trace.status < 300:
        return "new tokens" if _remark(trace, asked) == "refresh" else _GISTS.get(asked, "")
    return ""


_GISTS = {
    Purpose.RESOURCE_METADATA: "resource metadata",
    Purpose.SERVER_METADATA: "metadata",
    Purpose.REGISTER: "client_id",
    Purpose.TOKEN: "tokens",
    Purpose.CONSENT: "consent page",
}


def _redirect_target(trace: Trace) -> str:
    target = split_url(find(trace.response_headers, b"location"))
    if not target.host.text:
        return mask_sentence(target.path.text or target.scheme.text)
    return mask_sentence(f"{_authority(target)}{target.path.text}")


def say(flow: Flow, message: FlowMessage) -> None:
    """Put an arrow where it belongs in time, and number the arrows anew."""
    if len(flow.messages) >= MOST_MESSAGES:
        return
    messages = flow.messages.copy()
    insort(messages, message, key=lambda each: each.at)
    _put(flow, messages)


def _put(flow: Flow, messages: list[FlowMessage]) -> None:
    """Number the arrows and give them to the flow in one step: another thread may be reading those it has."""
    for number, each in enumerate(messages, 1):
        each.number = number
    flow.messages = messages


def fail_arrow(flow: Flow, trace_id: TraceId | None) -> None:
    """Mark the request with which the flow stopped."""
    for each in reversed(flow.messages):
        if trace_id and each.trace_id == trace_id and each.receiver is Lane.GATEWAY:
            each.failed = True
            return
