"""A recorded request that is asked again, of what runs now: what is sent, and what its answer says otherwise.

Of this run the very bytes are in memory, with their secrets. Of an earlier run secrets are masked: what stands in their
place is sent, and said to be so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from urllib.parse import quote

from devgw.events.trace import Headers, Trace
from devgw.events.unseen import UNSEEN
from devgw.foreign.text import clean
from devgw.limits import Limits
from devgw.monitor.comparison import compare_answers
from devgw.monitor.comparison_view import ReplayView
from devgw.monitor.comparison_words import difference_lines
from devgw.monitor.details import HeaderView, TraceDetail
from devgw.monitor.masking import MASKED

_TRANSPORTS = frozenset(
    {"host", "content-length", "connection", "keep-alive", "transfer-encoding", "accept-encoding", "expect", "upgrade"}
)
"""Headers that belong to a connection, and are made anew."""
_ITS_OWN = "(its id)"
_CONTEXT, _MOST_LINES = 1, 40
_Change = tuple[str, int, int, int, int]
"""What differs, and which lines of then and of now that is, as `difflib` tells it."""


@dataclass(frozen=True, slots=True)
class RepeatedRequest:
    """A request as it is sent again."""

    method: str
    target: str
    """Path and query."""
    headers: Headers
    body: bytes
    masked: int = 0
    """How many secrets were not kept, so that something else stands in their place."""


def repeat_trace(trace: Trace) -> RepeatedRequest | None:
    """Return a request of this run, byte for byte; None where its body was too long to be kept."""
    if trace.request_body.truncated:
        return None
    query = trace.query.decode("latin-1")
    target = f"{trace.path}?{query}" if query else trace.path
    headers = [(name, value) for name, value in trace.request_headers if name.decode("latin-1") not in _TRANSPORTS]
    return RepeatedRequest(trace.method, target, headers, trace.request_body.content)


def repeat_kept(detail: TraceDetail) -> RepeatedRequest | None:
    """Return a request of an earlier run, as far as it is kept; None where its body is not."""
    body = detail.request_body
    if body.truncated or body.binary:
        return None
    told = [(each.name.lower(), each.value) for each in detail.request_headers]
    headers = [(name, value) for name, value in told if name not in _TRANSPORTS]
    target = quote(detail.row.path, safe="/?&=%:@!$'()*+,;~-._")
    masked = sum(text.count(MASKED) for text in (detail.row.path, body.text, *(value for _, value in headers)))
    return RepeatedRequest(detail.row.method, target, _plain(headers), body.text.encode(), masked)


def _plain(headers: Iterable[tuple[str, str]]) -> Headers:
    return [(name.encode(), value.encode("ascii", "replace")) for name, value in headers]


def replayed(then: TraceDetail, now: TraceDetail, masked: int) -> ReplayView:
    """Return what the answer says now that it did not say then."""
    one, other = _without_id(then, then.row.id), _without_id(now, UNSEEN)
    view = ReplayView(then.row, now, compare_answers(other, one), masked)
    body = _body(one.response_body.text, other.response_body.text)
    view.report = "\n".join(clean(each) for each in _lines(view, body)) + "\n"
    return view


def _without_id(detail: TraceDetail, id_: str) -> TraceDetail:
    """Return an exchange whose answer names itself no more: each is another one."""
    headers = [HeaderView(each.name, each.value.replace(id_, _ITS_OWN)) for each in detail.response_headers]
    body = replace(detail.response_body, text=detail.response_body.text.replace(id_, _ITS_OWN))
    return replace(detail, response_headers=headers, response_body=body)


def _body(then: str, now: str) -> list[str]:
    """Return what differs between two bodies, line by line, beginning a line before they first do."""
    one, other = then.splitlines(), now.splitlines()
    alike = (number for number, (old, new) in enumerate(zip(one, other, strict=False)) if old != new)
    start = max(0, next(alike, min(len(one), len(other))) - _CONTEXT)
    one, other, most = one[start:], other[start:], Limits.COMPARED_LINES
    groups = [*SequenceMatcher(None, one[:most], other[:most]).get_grouped_opcodes(_CONTEXT)]
    if min(len(one), len(other)) > most and groups[-1][-1][0] in {"insert", "delete"}:
        groups[-1].pop()  # its like may stand behind what is compared
    told = (group for group in groups if any(each[0] != "equal" for each in group))
    found = [line for group in told for line in _differing(group, one, other, start + 1)]
    head = ["--- then", "+++ now"] if found else []
    more = [f"… and {len(found) - _MOST_LINES} lines more"] if len(found) > _MOST_LINES else []
    if max(len(one), len(other)) > most:
        more.append(f"… and what comes after line {start + most} was not compared")
    return head + found[:_MOST_LINES] + more


def _differing(group: list[_Change], one: list[str], other: list[str], first: int) -> Iterator[str]:
    """Yield lines that differ, with those around them; the bodies' first line here is their line `first`."""
    yield f"@@ -{first + group[0][1]} +{first + group[0][3]} @@"
    for tag, start, end, now_start, now_end in group:
        if tag == "equal":
            yield from (f" {each}" for each in one[start:end])
            continue
        yield from (f"-{each}" for each in one[start:end])
        yield from (f"+{each}" for each in other[now_start:now_end])


def _lines(view: ReplayView, body: list[str]) -> list[str]:
    row = view.then
    told = [f"{row.method} {row.path.partition('?')[0]}  then {row.status}, now {view.now.row.status}"]
    if view.masked:
        many = "secret of it was" if view.masked == 1 else "secrets of it were"
        told += [
            f"{view.masked} {many} not kept: it was asked without, so an answer that refuses it may mean that alone."
        ]
    for number, each in enumerate(view.differences, 1):
        told += ["", *difference_lines(number, each)]
    told += ["", *body] if body else []
    return told if view.differences or body else [*told, "", "The answer is the same."]
