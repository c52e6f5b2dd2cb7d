"""A recorded request asked again, over HTTP, of the gateway as it runs now; no book has the question."""

import asyncio

from devgw.control.actions import NotPossible
from devgw.diagnosis.urls import LOOPBACK_NAMES, split_url
from devgw.diagnosis.verdicts import Answer
from devgw.events.trace import Body, Trace
from devgw.ids import TraceId
from devgw.limits import Limits
from devgw.monitor import trace_view
from devgw.monitor.comparison_view import ReplayView
from devgw.monitor.details import TraceDetail
from devgw.monitor.replay import RepeatedRequest, repeat_kept, repeat_trace, replayed
from devgw.outbound.probes.calling import caller
from devgw.wiring.runtime import Runtime

AGAIN = TraceId("again")
"""What the exchange is called that only its asker sees."""


async def replay(runtime: Runtime, trace_id: str) -> ReplayView | None:
    """Ask a request again, and return what its answer says otherwise; None where there is no such request.

    Raises:
        NotPossible: where it was not kept whole, or nothing answers.
    """
    trace = runtime.monitor.trace(trace_id)
    kept = await runtime.archive.find_exchange(trace_id) if trace is None and runtime.archive else None
    if trace is None and kept is None:
        return None
    then = trace_view.detail_of(trace) if trace is not None else kept
    request = repeat_trace(trace) if trace is not None else repeat_kept(kept) if kept is not None else None
    if request is None or then is None:
        raise NotPossible("Its body was not kept whole: it cannot be asked again.")
    return await asyncio.to_thread(replayed, then, await _ask(runtime, request, then), request.masked)


async def _ask(runtime: Runtime, request: RepeatedRequest, then: TraceDetail) -> TraceDetail:
    """Return the exchange as it goes now."""
    origin = _origin(runtime, then)
    began, at = runtime.clock.ticks(), runtime.clock.now()
    with runtime.front.unseen.word() as word:
        asking = caller(runtime.clock, Limits.WHOLE_SECONDS, None, word, frozenset({origin}))
        try:
            answer = await asking.send(request.method, f"{origin}{request.target}", request.headers, request.body)
        finally:
            asking.close()
    if answer.failure:
        raise NotPossible(f"It was not answered: {answer.failure}.")
    path, _, query = request.target.partition("?")
    trace = Trace(AGAIN, at, request.method, path, query.encode("latin-1", "replace"), host=origin.partition("://")[2])
    trace.request_headers, trace.kind = request.headers, then.row.kind
    trace.duration_ms = (runtime.clock.ticks() - began) / 1e6
    return _answered(trace, answer, runtime.settings.traces.body_limit)


def _origin(runtime: Runtime, then: TraceDetail) -> str:
    """Return where it is asked: under the name of this machine that it used, at the port of now."""
    name = split_url(then.url).host_name
    if name not in LOOPBACK_NAMES:
        return runtime.settings.canonical_origin
    return f"http://{f'[{name}]' if ':' in name else name}:{runtime.settings.port}"


def _answered(trace: Trace, answer: Answer, limit: int) -> TraceDetail:
    trace.status = answer.status
    trace.response_headers = [
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in answer.headers.items()
        if name != "content-encoding"  # it was undone
    ]
    body = Body()
    body.add(answer.body, limit)
    trace.response_body = body
    return trace_view.detail_of(trace)
