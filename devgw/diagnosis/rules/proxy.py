"""Transport: what upstreams answer, sessions, revisions, streams, a fallback that hides the first error."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from devgw.diagnosis.exchange import answer_type, error_code, request_json, response_header, rpc_error
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.rules.common import known_quirks, mcp_requests, worked_since
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.foreign.text import clean
from devgw.oauth.resource import origin_of
from devgw.problems.upstream_answer import UpstreamAnsweredInArray

_ARRAY, _ARRAY_EVENT = re.compile(rb"\A[\xef\xbb\xbf\s]*\["), re.compile(rb"^data:\s*\[\s*\{", re.MULTILINE)
HEADER_MISMATCH, VERSION_UNSUPPORTED, METHOD_UNKNOWN = -32020, -32022, -32601


def dead_session(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """PROXY-04: the upstream does not know the session, twice or more, and the client does not begin a new one."""
    refused = [
        trace
        for trace in mcp_requests(view)
        if trace.header(b"mcp-session-id") and trace.status in (400, 404) and trace.upstream_status is not None
    ]
    if len(refused) >= 2 and not worked_since(view, refused[-1]):
        status = refused[-1].status
        hint = "" if status == 404 else " The upstream answers 400, but only 404 tells a client to begin a new session."
        yield diagnosis(
            "PROXY-04",
            f"The upstream does not know the client's session any more ({status}, {len(refused)} times).{hint}",
            "Restart the client's connection, so that it initializes again.",
            view=view,
            trace=refused[-1],
        )


def fallback_hides_error(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """PROXY-05: a refused POST, then a GET for an event stream."""
    calls = list(mcp_requests(view))
    for first, second in pairwise(calls):
        wants_stream = second.method == "GET" and "text/event-stream" in second.header(b"accept")
        is_refused = first.method == "POST" and 400 <= first.status < 500 and first.status != 401
        if wants_stream and second.status == 405 and is_refused and not worked_since(view, first):
            yield diagnosis(
                "PROXY-05",
                f"The GET (405) is only the client's fallback; its POST before was answered {first.status}.",
                "Look at the POST: it has the real reason.",
                view=view,
                trace=first,
                evidence=known_quirks(view, "PROXY-05"),
            )
            return


def headers_disagree(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """PROXY-06: the mirrored headers do not say what the body says, and it was refused for that."""
    for trace in mcp_requests(view):
        if error_code(trace) != HEADER_MISMATCH or worked_since(view, trace):
            continue
        body = request_json(trace)
        got = trace.header(b"mcp-method") or "(absent)"
        yield diagnosis(
            "PROXY-06",
            f"Mcp-Method is {got}, the body says {body.get('method')}; something dropped or changed the header.",
            "Send Mcp-Method and Mcp-Name as the body has them.",
            view=view,
            trace=trace,
            got=got,
            expected=str(body.get("method", "")),
        )
        return


def revisions_apart(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """PROXY-07: client and upstream have no revision in common."""
    for trace in mcp_requests(view):
        code, method = error_code(trace), str(request_json(trace).get("method", ""))
        is_probe = method == "server/discover" and view.last_good_call is not None  # they have a revision in common
        unknown = code == METHOD_UNKNOWN and method in ("initialize", "server/discover") and not is_probe
        if (code == VERSION_UNSUPPORTED or unknown) and not worked_since(view, trace):
            asked = trace.header(b"mcp-protocol-version") or trace.protocol_version or "(none named)"
            knows = _versions(trace)
            told = f"knows {knows}" if knows else f"refused {method} ({code})"
            yield diagnosis(
                "PROXY-07",
                f"The client speaks {asked}; the upstream {told}.",
                "Update the older side, or pin a revision that both know.",
                view=view,
                trace=trace,
                got=asked,
                expected=knows,
            )
            return


def _versions(trace: Trace) -> str:
    detail = rpc_error(trace).get("data")
    supported = detail.get("supported") if isinstance(detail, dict) else None
    return ", ".join(map(str, supported)) if isinstance(supported, list) else ""


def stream_held_back(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """PROXY-02: the newest event stream arrived compressed."""
    streams = [trace for trace in mcp_requests(view) if answer_type(trace) == "text/event-stream"]
    encoding = response_header(streams[-1], b"content-encoding") if streams else ""
    if encoding not in ("", "identity"):
        yield diagnosis(
            "PROXY-02",
            f"The upstream compresses its event stream ({encoding}), so events wait until a block is full.",
            "Switch compression and buffering off for text/event-stream at the upstream.",
            view=view,
            trace=streams[-1],
            got=encoding,
            certain=False,
            gone_when="an event stream comes without compression",
        )


def answered_in_array(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """PROXY-25: the newest response to one request stood in an array, which was passed on."""
    answered = [
        trace for trace in mcp_requests(view) if trace.status == 200 and request_json(trace).get("id") is not None
    ]
    is_events = bool(answered) and answer_type(answered[-1]) == "text/event-stream"
    if not answered or not (_ARRAY_EVENT if is_events else _ARRAY).search(answered[-1].response_body.content):
        return
    method, url = str(request_json(answered[-1]).get("method")), answered[-1].upstream_url or ""
    owner = f"the MCP server at {origin_of(url)}" if answered[-1].asked else ""
    problem = UpstreamAnsweredInArray(url, clean(method, 80), is_events, owner)
    yield diagnosis(
        "PROXY-25",
        problem.explain(),
        problem.advise(),
        view=view,
        trace=answered[-1],
        got="[{…}]",
        expected="{…}",
    )


def placeholder_sent(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """CONF-01: a header still holds a placeholder."""
    for trace in view.traces:
        for name, value in trace.request_headers:
            text = value.decode("latin-1")
            is_placeholder = any(sign in text for sign in ("${", "$env(", "{env:")) and len(text) < 300
            if is_placeholder and name in (b"authorization", b"x-api-key", b"mcp-session-id"):
                sign = next(
                    part
                    for part in json.dumps(text).strip('"').split()
                    if any(s in part for s in ("${", "$env(", "{env:"))
                )
                yield diagnosis(
                    "CONF-01",
                    f"The header {name.decode()} still holds {sign}: the variable was never put in.",
                    "Set the variable for the process of the client, in the syntax of that client.",
                    view=view,
                    trace=trace,
                    got=sign,
                )
                return


IN_ARRAY = Rule(("PROXY-25",), "an array that answers one request", answered_in_array)
"""Also of a server that is watched."""
RULES = (
    Rule(("PROXY-02",), "the content encoding of an event stream", stream_held_back),
    Rule(("PROXY-04",), "two refusals of a session by the upstream", dead_session),
    Rule(("PROXY-05",), "a refused POST and a GET right after it", fallback_hides_error),
    Rule(("PROXY-06",), "error -32020", headers_disagree),
    Rule(("PROXY-07",), "error -32022, or -32601 for initialize or server/discover", revisions_apart),
    IN_ARRAY,
    Rule(("CONF-01",), "a placeholder in a header", placeholder_sent),
)
